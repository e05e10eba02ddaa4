import 'reflect-metadata';
import { Body, Controller, Injectable, Module, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { plainToInstance, Type } from 'class-transformer';
import { IsString, ValidateNested, validateSync } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { Engine, Wheel } from './engine.js';

class Car {
  @IsString()
  name!: string;

  @ValidateNested({ each: true })
  @Type(() => Wheel)
  wheels!: Wheel[];

  @ValidateNested()
  @Type()
  spare!: Wheel;
}

@Injectable()
class Driver {
  constructor(private readonly engine: Engine) {}
  drive(): string {
    return this.engine.start();
  }
}

@Controller('cars')
class CarController {
  constructor(readonly driver: Driver) {}
  @Post()
  create(@Body() car: Car): string {
    return `${car.name} ${this.driver.drive()}`;
  }
}

@Module({ controllers: [CarController], providers: [Engine, Driver] })
class CarModule {}

// Tests run from TypeScript without a build: this holds that the transformer emits decorator metadata as tsc does.
describe('decorators under the test runner', () => {
  it('Nest injects by the types of constructor parameters', async () => {
    const module = await Test.createTestingModule({ imports: [CarModule] }).compile();
    expect(module.get(CarController).driver.drive()).toBe('started');
    await module.close();
  });

  it('the types of handler parameters reach the validation pipe', () => {
    expect(Reflect.getMetadata('design:paramtypes', CarController.prototype, 'create')).toEqual([Car]);
  });

  it('class-transformer builds nested objects, by function and by the emitted type', () => {
    const car = plainToInstance(Car, { name: 'a', wheels: [{ size: 'x' }], spare: { size: 1 } });
    expect(car.wheels[0]).toBeInstanceOf(Wheel);
    expect(car.spare).toBeInstanceOf(Wheel);
    expect(validateSync(car)).toMatchObject([{ property: 'wheels', children: [{ children: [{ property: 'size' }] }] }]);
  });
});
