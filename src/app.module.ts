import { type DynamicModule, Module } from '@nestjs/common';
import { ApiModule, type ApiParts } from './api/api.module.js';

/** The whole application as Nest sees it: the REST interface over the parts that the process was started with. */
@Module({})
export class AppModule {
  static of(parts: ApiParts): DynamicModule {
    return { module: AppModule, imports: [ApiModule.of(parts)] };
  }
}
