import { setTimeout as delay } from 'node:timers/promises';
import type { BatonConfig } from '../config/config.js';
import type { ObjectStore } from '../objects/object-store.js';
import { ApprovalGateway } from './approval-gateway.js';
import { BackfillGateway } from './backfill-gateway.js';
import { BackfillRuns } from './backfill-runs.js';
import { DagGateway } from './dag-gateway.js';
import { EmbeddedServer } from './embedded-server.js';
import type { Log } from './log.js';
import { PoolGateway } from './pool-gateway.js';
import { QueueGateway } from './queue-gateway.js';
import { RunGateway } from './run-gateway.js';
import { RunInputs } from './run-inputs.js';
import { ScheduleGateway } from './schedule-gateway.js';
import { identityOf, type TemporalAddress, TemporalConnection } from './temporal-connection.js';
import { temporalPort } from './temporal-port.js';
import { setUpTemporal } from './temporal-setup.js';
import { VersionStore } from './version-store.js';
import type { WorkerHost, WorkerState } from './worker-host.js';

/** What readiness says about Temporal. */
export interface TemporalHealth {
  /** The server answers. */
  readonly reachable: boolean;
  /** Search attributes and retention are in place. */
  readonly prepared: boolean;
  /** `none` in the role `api`. */
  readonly workers: WorkerState | 'none';
  /** Why it is not as it should be. */
  readonly problem?: string;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** All that a Baton process has to do with Temporal, from boot to shutdown. */
export class TemporalService {
  readonly connection: TemporalConnection;
  readonly dags: DagGateway;
  readonly runs: RunGateway;
  readonly schedules: ScheduleGateway;
  readonly versions: VersionStore;
  readonly inputs: RunInputs;
  readonly queues: QueueGateway;
  readonly approvals: ApprovalGateway;
  readonly pools: PoolGateway;
  readonly backfills: BackfillGateway;
  private readonly stopping = new AbortController();
  private prepared = false;
  private problem?: string;
  private preparing?: Promise<void>;
  private workers?: WorkerHost;

  private constructor(
    private readonly config: BatonConfig,
    readonly store: ObjectStore,
    private readonly log: Log,
    private readonly embedded: EmbeddedServer | undefined,
    target: TemporalAddress,
  ) {
    this.connection = new TemporalConnection(target);
    this.versions = new VersionStore(store);
    this.dags = new DagGateway(this.connection, store);
    this.schedules = new ScheduleGateway(this.connection, this.versions, config.taskQueue);
    this.inputs = new RunInputs(this.dags, this.versions, store);
    this.queues = new QueueGateway(this.connection);
    this.approvals = new ApprovalGateway(this.connection);
    this.pools = new PoolGateway(this.connection);
    this.backfills = new BackfillGateway(this.connection, store);
    this.runs = new RunGateway(this.connection, store, config.taskQueue, this);
  }

  /**
   * Starts the embedded server where there is no TEMPORAL_ADDRESS; a foreign server need not be there yet.
   * @throws EmbeddedServerError, TemporalBinaryError
   */
  static async open(config: BatonConfig, store: ObjectStore, log: Log): Promise<TemporalService> {
    const { address, namespace, tls, apiKey, metadata, embedded: wanted } = config.temporal;
    const identity = identityOf(config.role);
    if (address !== undefined)
      return new TemporalService(config, store, log, undefined, { address, namespace, tls, apiKey, metadata, identity });
    const embedded = await EmbeddedServer.start({ home: config.home, namespace, log, ...wanted });
    return new TemporalService(config, store, log, embedded, { address: embedded.address, namespace, identity });
  }

  /** Base address of the Temporal Web UI, where it is known. */
  get uiUrl(): string | undefined {
    return this.config.temporal.uiUrl ?? this.embedded?.uiUrl;
  }

  /** Prepares the namespace and starts the workers, trying until it works. Resolves when prepared or stopped; never rejects for Temporal's sake. @throws ActivityModuleError */
  async start(): Promise<void> {
    if (this.config.role !== 'api') {
      // The SDK's worker, DuckDB and more: a process that only answers does without.
      const [{ WorkerHost }, { workerActivities }] = await Promise.all([
        import('./worker-host.js'),
        import('./worker-activities.js'),
      ]);
      const { identity } = this.connection.target;
      const port = temporalPort(this.connection, this);
      const activities = await workerActivities(
        this.config,
        this.store,
        { temporal: port, places: this.pools, backfills: new BackfillRuns(this) },
        identity,
      );
      this.workers = new WorkerHost(
        { target: this.connection.target, config: this.config.worker, taskQueue: this.config.taskQueue, activities },
        this.log,
      );
    }
    this.preparing ??= this.prepare();
    await this.preparing;
  }

  async health(): Promise<TemporalHealth> {
    const reachable = await this.connection.ready();
    const problem = this.problem ?? this.workers?.lastError?.message;
    return {
      reachable,
      prepared: this.prepared,
      workers: this.workers?.state ?? 'none',
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Workers first, so that they can still report; the server that is ours last. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.workers?.stop();
    await this.preparing;
    await this.connection.close();
    await this.embedded?.stop();
  }

  private async prepare(): Promise<void> {
    const options = { retentionMs: this.config.retentionMs, ownNamespace: this.embedded !== undefined, log: this.log };
    for (let wait = FIRST_RETRY_MS; !this.stopping.signal.aborted; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      try {
        await setUpTemporal(this.connection, options);
        this.prepared = true;
        this.problem = undefined;
        // Not before: a run that sets an unknown search attribute would be stuck.
        if (!this.stopping.signal.aborted) this.workers?.start();
        return;
      } catch (error) {
        this.problem = (error as Error).message;
        this.log.warn({ err: error }, `Temporal is not ready to be used: ${this.problem} Trying again.`);
      }
      await delay(wait, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
