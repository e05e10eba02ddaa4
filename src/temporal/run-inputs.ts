import type { DagHead, DagRunInput, TriggeredBy, VersionHeader } from '../../workflows/contract.js';
import type { Json, JsonObject } from '../dag/json.js';
import type { RunScope } from '../dag/scope.js';
import type { DagSpec } from '../dag/spec.js';
import { writeJson } from '../objects/json-blob.js';
import { dagsKey, runPrefix } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import type { RunDates } from '../time/dates-of-run.js';
import type { DagGateway } from './dag-gateway.js';
import { pinSubDags } from './sub-dag-search.js';
import { INLINE_PLAN_BYTES, type VersionStore } from './version-store.js';

/** Characters of JSON up to which the versions of SubDAGs travel with the start. */
const INLINE_DAGS = 32 * 1024;

/** All that is known of a run when it is started, whatever starts it. */
export interface RunOrder {
  readonly dagId: string;
  readonly tags: DagHead['tags'];
  /** Of the DAG's head: somebody waits for a run of it to begin. */
  readonly awaited: DagHead['awaited'];
  /** The version that it goes by. */
  readonly header: VersionHeader;
  readonly spec: DagSpec;
  readonly runId: string;
  readonly runKey: string;
  readonly dates: RunDates;
  /** Complete: defaults are filled in. */
  readonly params: JsonObject;
  readonly trigger: RunScope['trigger'];
  /** Epoch ms. */
  readonly acceptedAt: number;
  readonly note?: string;
  /** See `RunFacts`. */
  readonly requestHash?: string;
  /** Default: false. */
  readonly ignoreCache?: boolean;
  /** Default: the first. */
  readonly execution?: number;
  /** See `RunFacts`. */
  readonly backfillId?: string;
  /** See `RunFacts`. */
  readonly triggeredBy?: TriggeredBy;
  readonly onlyTasks?: readonly string[];
}

/** The facts of an execution of a run (R4). */
export function runFacts(order: Omit<RunOrder, 'spec' | 'awaited'>): DagRunInput['run'] {
  const { dagId, runId, runKey, header, trigger, params, note, requestHash, acceptedAt, tags } = order;
  const { dated, ...dates } = order.dates;
  const root = { id: runId, key: runKey, dagId };
  return {
    runId,
    dagId,
    version: header.version,
    execution: order.execution ?? 1,
    scope: { ...root, ...dates, trigger, parent: null, root },
    dated,
    params,
    note,
    requestHash,
    acceptedAt,
    tags,
    ...(order.backfillId === undefined ? {} : { backfillId: order.backfillId }),
    ...(order.triggeredBy === undefined ? {} : { triggeredBy: order.triggeredBy }),
    ...(order.onlyTasks === undefined ? {} : { onlyTasks: order.onlyTasks }),
    ...(order.ignoreCache === true ? { ignoreCache: true as const } : {}),
  };
}

/** Makes what a run's workflow is started with: the one way, for starts over REST and by a Schedule. */
export class RunInputs {
  constructor(
    private readonly dags: DagGateway,
    private readonly versions: VersionStore,
    private readonly store: ObjectStore,
  ) {}

  /** @throws SubDagUnavailableError, BlobGoneError */
  async of(order: RunOrder): Promise<DagRunInput> {
    const { header } = order;
    const prefix = runPrefix(order.dagId, order.runKey, order.execution ?? 1);
    return {
      run: runFacts(order),
      planKey: header.planKey,
      ...(header.planBytes <= INLINE_PLAN_BYTES ? { plan: await this.versions.plan(header) } : {}),
      prefix,
      ...(order.awaited === true ? { awaited: true as const } : {}),
      ...(await this.subDags(order.spec, prefix)),
    };
  }

  /** Versions of all SubDAGs of the tree, fixed now; a long list is stored, since it travels with every child (R9). */
  private async subDags(spec: DagSpec, prefix: string): Promise<Pick<DagRunInput, 'dags'>> {
    const pinned = await pinSubDags(spec, this.dags, this.versions);
    if (pinned === undefined) return {};
    if (JSON.stringify(pinned).length <= INLINE_DAGS) return { dags: { pinned } };
    const { ref } = await writeJson(this.store, dagsKey(prefix), pinned as unknown as Json);
    return { dags: { key: ref } };
  }
}
