import { Injectable } from '@nestjs/common';
import { IsInt } from 'class-validator';

/** A provider in a file of its own: what its consumer's metadata must still name. */
@Injectable()
export class Engine {
  start(): string {
    return 'started';
  }
}

/** A nested DTO in a file of its own. */
export class Wheel {
  @IsInt()
  size!: number;
}
