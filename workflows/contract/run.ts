import type { DeadlineRecord } from '../../src/dag/deadline-plan.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { FinalRunState } from '../../src/dag/state.js';
import type { Watch } from './awaiting.js';
import type { ChildRecord, ParentLink } from './children.js';
import type { KeptItems, MapSnapshot, ShardInput } from './items.js';
import type { RunFacts } from './run-facts.js';
import type { StoredRecords, TaskCounts } from './tasks.js';

/** Argument of `dagRun`. */
export interface DagRunInput {
  readonly run: RunFacts;
  /** Object key of the plan blob; the spec of a run is pinned by it. */
  readonly planKey: string;
  /** The plan itself when it is small: saves the first activity. */
  readonly plan?: DagPlan;
  /** Object key prefix of this execution, ending with `/` (`runPrefix` of src/objects/keys.ts). */
  readonly prefix: string;
  /** Of the run that was started from outside: all children keep their objects below it. Absent = this is that run. */
  readonly rootPrefix?: string;
  /** Versions of the DAGs that SubDAGs of the whole tree name, fixed when the root was started (R9). */
  readonly dags?: PinnedDags;
  /** Set for children. */
  readonly parent?: ParentLink;
  /** A further attempt of a SubDAG: what the run with this prefix succeeded with is kept (R9). */
  readonly keepFrom?: string;
  /** Limit of the task that this run carries out, in ms; the DAG's own may be shorter. */
  readonly timeoutMs?: number;
  /** Other budgets than the measured ones, for tests; children inherit them. */
  readonly budgets?: Partial<RunBudgets>;
  /**
   * Its place among the active runs of its DAG: `held` by whoever started it, or by an earlier execution; `parked` by an earlier execution,
   * while it waits for the run before it. Default: it asks.
   */
  readonly place?: 'held' | 'parked';
  /** How often an earlier execution has parked it. Default 0. */
  readonly placeTurn?: number;
  /** Somebody waits for a run of its DAG to begin: it tells the DAG's entity that it has. Default: nobody. */
  readonly awaited?: true;
  /** It runs a piece of a map. */
  readonly shard?: ShardInput;
  /** Set by continue-as-new, and for shards, which go on from what their parent knows. */
  readonly carried?: RunSnapshot;
}

/** What a reference resolves to. */
export interface PinnedDag {
  readonly version: number;
  readonly planKey: string;
}

/** By reference: `<dagId>` (latest) or `<dagId>@<version>`; as the key of a blob when they are many. */
export type PinnedDags = { readonly pinned: { readonly [reference: string]: PinnedDag } } | { readonly key: string };

/** Limits of one execution (design §5), and how often runs look after one another. */
export interface RunBudgets {
  /** From this length of the history on it continues as new at the first moment when nothing is in flight. */
  readonly continueFromEvents: number;
  /** From here on nothing more is started. */
  readonly drainFromEvents: number;
  readonly drainFromBytes: number;
  /** Children of one execution at the same time. */
  readonly children: number;
  /** First look after children that were not heard of; each pause is twice the one before, up to `longestWatchMs`. */
  readonly childWatchMs: number;
  /** First look of a child whether its parent is still there; pauses grow likewise. */
  readonly parentWatchMs: number;
  readonly longestWatchMs: number;
}

/** What a run carries over continue-as-new. */
export interface RunSnapshot {
  readonly format: 1;
  /** One character per task, see `walk.ts`. */
  readonly states: string;
  readonly tasks: StoredRecords;
  readonly startedAt: number;
  readonly revision: number;
  readonly failFastTripped: boolean;
  /** Maps under way. Default: none. */
  readonly maps?: StoredRecords<MapSnapshot>;
  /** Why the run only cleans up; absent = it does not. */
  readonly stopped?: 'cancelled' | 'timeout' | 'deadline';
  /** Executions of this run so far, this one included: names the pages. */
  readonly hop: number;
  /** Children that run on. Default: none. */
  readonly children?: readonly ChildRecord[];
  /** Of maps that have not begun again. Default: nothing. */
  readonly kept?: KeptItems;
  /** Who waits for this run, or for tasks of it. Default: nobody. */
  readonly watches?: readonly Watch[];
  /** Where its deadlines are. Default: it has none. */
  readonly deadlines?: readonly DeadlineRecord[];
}

/** Result of a run that succeeded. */
export interface RunSummary {
  readonly state: FinalRunState;
  readonly counts: TaskCounts;
}

/** Type of the ApplicationFailure that a failed run closes with (R23). */
export const DAG_RUN_FAILED = 'DagRunFailed';
