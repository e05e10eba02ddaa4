import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ApprovalGateway } from '../temporal/approval-gateway.js';
import { BackfillGateway } from '../temporal/backfill-gateway.js';
import { DagGateway } from '../temporal/dag-gateway.js';
import { PoolGateway } from '../temporal/pool-gateway.js';
import { QueueGateway } from '../temporal/queue-gateway.js';
import { RunGateway } from '../temporal/run-gateway.js';
import { RunInputs } from '../temporal/run-inputs.js';
import { ScheduleGateway } from '../temporal/schedule-gateway.js';
import { VersionStore } from '../temporal/version-store.js';
import { BackfillsModule } from './backfills/backfills.module.js';
import { BlobStore } from './blob-store.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { DagsModule } from './dags/dags.module.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { HealthModule } from './health/health.module.js';
import { Readiness } from './health/readiness.js';
import { DtoPipe } from './request/dto.pipe.js';
import { QueryNamesGuard } from './request/query-names.guard.js';
import { RouteTable } from './request/route-table.js';
import { RunsModule } from './runs/runs.module.js';
import { ApiSettings } from './settings.js';

/** What the REST interface is made of: it holds no state of its own. */
export interface ApiParts {
  readonly dags: DagGateway;
  readonly runs: RunGateway;
  readonly schedules: ScheduleGateway;
  readonly versions: VersionStore;
  readonly inputs: RunInputs;
  readonly queues: QueueGateway;
  readonly approvals: ApprovalGateway;
  readonly pools: PoolGateway;
  readonly backfills: BackfillGateway;
  readonly blobs: BlobStore;
  readonly settings: ApiSettings;
  readonly readiness: Readiness;
}

/** The REST interface over its parts. */
@Module({})
export class ApiModule {
  static of({
    dags,
    runs,
    schedules,
    versions,
    inputs,
    queues,
    approvals,
    pools,
    backfills,
    blobs,
    settings,
    readiness,
  }: ApiParts): DynamicModule {
    return {
      module: ApiModule,
      global: true,
      imports: [DagsModule, RunsModule, BackfillsModule, HealthModule, CatalogueModule],
      providers: [
        { provide: DagGateway, useValue: dags },
        { provide: RunGateway, useValue: runs },
        { provide: ScheduleGateway, useValue: schedules },
        { provide: RunInputs, useValue: inputs },
        { provide: QueueGateway, useValue: queues },
        { provide: ApprovalGateway, useValue: approvals },
        { provide: PoolGateway, useValue: pools },
        { provide: BackfillGateway, useValue: backfills },
        { provide: BlobStore, useValue: blobs },
        { provide: VersionStore, useValue: versions },
        { provide: ApiSettings, useValue: settings },
        { provide: Readiness, useValue: readiness },
        RouteTable,
        ProblemFilter,
        { provide: APP_FILTER, useExisting: ProblemFilter },
        // Who may do what is decided here, in one guard for all routes, deny by default, before any other guard.
        { provide: APP_GUARD, useClass: QueryNamesGuard },
        { provide: APP_PIPE, useClass: DtoPipe },
      ],
      exports: [
        DagGateway,
        RunGateway,
        ScheduleGateway,
        RunInputs,
        QueueGateway,
        ApprovalGateway,
        PoolGateway,
        BackfillGateway,
        BlobStore,
        VersionStore,
        ApiSettings,
        Readiness,
      ],
    };
  }
}
