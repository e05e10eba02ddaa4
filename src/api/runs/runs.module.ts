import { Module } from '@nestjs/common';
import { DagsModule } from '../dags/dags.module.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsService } from './approvals.service.js';
import { RunEventsController } from './run-events.controller.js';
import { RunFeeds } from './run-feeds.js';
import { RunHooksController } from './run-hooks.controller.js';
import { RunPlans } from './run-plans.js';
import { RunStarter } from './run-starter.js';
import { RunStartsController } from './run-starts.controller.js';
import { RunTasksController } from './run-tasks.controller.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';
import { ShutdownSignal } from './shutdown-signal.js';
import { TaskItems } from './task-items.js';
import { TaskLogs } from './task-logs.js';
import { TaskOutputs } from './task-outputs.js';

/** Runs over REST: start, read, follow, cancel. */
@Module({
  imports: [DagsModule],
  controllers: [
    RunStartsController,
    RunsController,
    RunEventsController,
    RunTasksController,
    RunHooksController,
    ApprovalsController,
  ],
  providers: [RunsService, RunStarter, RunFeeds, RunPlans, TaskOutputs, TaskItems, TaskLogs, ApprovalsService, ShutdownSignal],
})
export class RunsModule {}
