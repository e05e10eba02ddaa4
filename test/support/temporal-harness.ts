import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackfillActivities } from '../../activities/backfill-activities.js';
import { createPlaceActivities } from '../../activities/place-activities.js';
import type { PlacePort } from '../../activities/place-calls.js';
import { createSystemActivities } from '../../activities/system-activities.js';
import type { TemporalPort } from '../../activities/system-calls.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { BackfillGateway } from '../../src/temporal/backfill-gateway.js';
import { BackfillRuns } from '../../src/temporal/backfill-runs.js';
import { DagGateway } from '../../src/temporal/dag-gateway.js';
import { EmbeddedServer } from '../../src/temporal/embedded-server.js';
import { QUIET } from '../../src/temporal/log.js';
import { PoolGateway } from '../../src/temporal/pool-gateway.js';
import { QueueGateway } from '../../src/temporal/queue-gateway.js';
import { RunGateway } from '../../src/temporal/run-gateway.js';
import { RunInputs } from '../../src/temporal/run-inputs.js';
import { ScheduleGateway } from '../../src/temporal/schedule-gateway.js';
import { identityOf, TemporalConnection } from '../../src/temporal/temporal-connection.js';
import { temporalPort } from '../../src/temporal/temporal-port.js';
import { setUpTemporal } from '../../src/temporal/temporal-setup.js';
import { VersionStore } from '../../src/temporal/version-store.js';
import { WorkerHost } from '../../src/temporal/worker-host.js';
import { SYSTEM_QUEUE } from '../../workflows/contract.js';
import { temporalBinary } from './temporal-binary.js';

const DAY_MS = 86_400_000;
/** Entities of tests look after their Temporal Schedules that often. */
const SCHEDULE_CHECK_MS = 1_000;
/** Not `default`, which exists too and knows nothing: see {@link TemporalHarness.forgetful}. */
const NAMESPACE = 'baton-test';

/** How a worker of a test differs from others. */
interface WorkOptions {
  /** 0 replays every workflow at every step: a detector of anything not deterministic. Default 100. */
  readonly cache?: number;
  /** Called by tasks as those of another worker are. Default: none. */
  readonly activities?: { readonly [name: string]: () => Promise<unknown> };
  /** What stands between the activities and Temporal, for tests of what fails. Default: nothing. */
  readonly port?: (real: TemporalPort) => TemporalPort;
  /** The same between pools and Temporal. Default: nothing. */
  readonly places?: (real: PlacePort) => Partial<PlacePort>;
}

/** A prepared Temporal server of its own, an object store in a folder, the gateways, and workers on demand. */
export class TemporalHarness {
  readonly connection: TemporalConnection;
  readonly dags: DagGateway;
  readonly runs: RunGateway;
  readonly pools: PoolGateway;
  readonly schedules: ScheduleGateway;
  readonly versions: VersionStore;
  private readonly hosts: WorkerHost[] = [];
  private other?: TemporalConnection;

  private constructor(
    readonly server: EmbeddedServer,
    readonly folder: string,
    readonly store: FolderStore,
  ) {
    this.connection = new TemporalConnection({ address: server.address, namespace: NAMESPACE, identity: identityOf('test') });
    this.versions = new VersionStore(store);
    this.dags = new DagGateway(this.connection, store, SCHEDULE_CHECK_MS);
    this.schedules = new ScheduleGateway(this.connection, this.versions, 'baton');
    this.runs = new RunGateway(this.connection, store, 'baton', this);
    this.pools = new PoolGateway(this.connection);
  }

  static async start(): Promise<TemporalHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'baton-temporal-'));
    const { env } = process;
    const server = await EmbeddedServer.start({
      home: folder,
      port: 0,
      uiPort: 0,
      namespace: NAMESPACE,
      binary: await temporalBinary(),
      cacheDir: folder,
      env,
      log: QUIET,
    });
    const harness = new TemporalHarness(server, folder, new FolderStore(join(folder, 'objects')));
    await setUpTemporal(harness.connection, { retentionMs: 30 * DAY_MS, ownNamespace: true, log: QUIET });
    return harness;
  }

  /** Starts a worker of the given queues. */
  async work(
    queues: readonly string[] = ['baton', SYSTEM_QUEUE],
    { cache = 100, activities = {}, port = (real) => real, places = () => ({}) }: WorkOptions = {},
  ): Promise<WorkerHost> {
    // Without a cache a run would be evicted in the middle of a local activity whenever another one is worked on.
    const [workflows, pollers] = cache === 0 ? [1, 1] : [20, 4];
    const host = new WorkerHost(
      {
        target: this.connection.target,
        taskQueue: 'baton',
        config: { queues, activities: 20, workflows, pollers, cache, shutdownGraceMs: 1_000 },
        activities: {
          ...activities,
          ...createSystemActivities({
            objects: this.store,
            temporal: port(
              temporalPort(this.connection, {
                ...this,
                queues: new QueueGateway(this.connection),
                inputs: new RunInputs(this.dags, this.versions, this.store),
              }),
            ),
          }),
          ...createPlaceActivities({
            objects: this.store,
            places: Object.assign(Object.create(this.pools), places(this.pools)),
          }),
          ...createBackfillActivities(
            new BackfillRuns({
              ...this,
              inputs: new RunInputs(this.dags, this.versions, this.store),
              backfills: new BackfillGateway(this.connection, this.store),
            }),
          ),
        },
      },
      QUIET,
    );
    this.hosts.push(host);
    host.start();
    while (host.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 20));
    return host;
  }

  /** Runs on the same objects with a Temporal that has forgotten everything. */
  forgetful(): RunGateway {
    this.other ??= new TemporalConnection({ ...this.connection.target, namespace: 'default' });
    const dags = new DagGateway(this.other, this.store);
    return new RunGateway(this.other, this.store, 'baton', { dags, versions: this.versions });
  }

  async stop(): Promise<void> {
    await this.other?.close();
    await Promise.all(this.hosts.map((host) => host.stop()));
    await this.connection.close();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
