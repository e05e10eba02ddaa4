import { Module } from '@nestjs/common';
import { DagsModule } from '../dags/dags.module.js';
import { BackfillsController } from './backfills.controller.js';
import { BackfillsService } from './backfills.service.js';
import { Downstream } from './downstream.js';

/** Backfills over REST: plan, start, watch, pause, cancel. */
@Module({
  imports: [DagsModule],
  controllers: [BackfillsController],
  providers: [BackfillsService, Downstream],
})
export class BackfillsModule {}
