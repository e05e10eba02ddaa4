import { Module } from '@nestjs/common';
import { CatalogueController } from './catalogue.controller.js';

/** What the language offers: task types, and its JSON Schema. */
@Module({ controllers: [CatalogueController] })
export class CatalogueModule {}
