import { Module } from '@nestjs/common';
import { DagsModule } from '../dags/dags.module.js';
import { BackfillsController } from './backfills.controller.js';
import { BackfillsService } from './backfills.service.js';

/** Backfills over REST: plan, start, watch, pause, cancel. */
@Module({
  imports: [DagsModule],
  controllers: [BackfillsController],
  providers: [BackfillsService],
})
export class BackfillsModule {}
