import { Module } from '@nestjs/common';
import { ActiveRunsService } from './active-runs.service.js';
import { DagRemoval } from './dag-removal.js';
import { DagScheduleController } from './dag-schedule.controller.js';
import { DagScheduleService } from './dag-schedule.service.js';
import { DagTree } from './dag-tree.js';
import { DagsController } from './dags.controller.js';
import { DagsService } from './dags.service.js';
import { PlacesController } from './places.controller.js';
import { SpecChecker } from './spec-checker.js';
import { VersionsController } from './versions.controller.js';

/** DAGs over REST: validate, store, read, pause, delete. */
@Module({
  controllers: [DagsController, VersionsController, DagScheduleController, PlacesController],
  providers: [DagsService, DagScheduleService, ActiveRunsService, DagRemoval, DagTree, SpecChecker],
  exports: [DagsService],
})
export class DagsModule {}
