/**
 * What the world outside may know of the workflows: names, ids, inputs, queries, updates, reports. Types and constants
 * only, so that clients import it without loading workflow code.
 */
import type { ChildEnd } from '../src/dag/child-end.js';
import type { ChildKey } from '../src/dag/child-id.js';
import type { JsonObject } from '../src/dag/json.js';
import type { ItemKey } from '../src/dag/map/item-key.js';
import type { ItemRecord } from '../src/dag/map/item-result.js';
import type { ItemSource } from '../src/dag/map/item-source.js';
import type { ItemRange } from '../src/dag/map/shards.js';
import type { DagPlan } from '../src/dag/plan.js';
import type {
  PlaceAnswer,
  PlaceHolder,
  PlaceRequest,
  PlacesSnapshot,
  PlaceWord,
  PoolLimit,
  PoolView,
} from '../src/dag/pool/place.js';
import type { Resources } from '../src/dag/resources.js';
import type { RunScope } from '../src/dag/scope.js';
import type {
  Attempt,
  CachedFrom,
  Failure,
  FinalRunState,
  HookRecord,
  OutputValue,
  RunState,
  TaskState,
} from '../src/dag/state.js';

/** Task queue of entities and system work: a backlog of runs never delays them (R29). */
export const SYSTEM_QUEUE = 'baton-system';

/** Workflow types as the Web UI shows them. */
export const DAG_RUN = 'dagRun';
export const DAG_ENTITY = 'dagEntity';
export const POOL = 'pool';
export const RETENTION = 'retention';

/** Id of a DAG's entity workflow (R2): `:` is outside the id alphabet, so nothing can collide with it. */
export const dagEntityId = (dagId: string): string => `dag:${dagId}`;
/** Id of a pool's entity workflow (R2). */
export const poolId = (name: string): string => `pool:${name}`;
/** Name of the pool of a DAG's active runs: `/` is outside the id alphabet, so that no pool of the user can be meant. */
export const activeRunsPool = (dagId: string): string => `dag/${dagId}`;
/** Id of the Temporal Schedule of a DAG. It appends the nominal time to {@link DagRunInput}'s workflow id, so that ids are those of R2. */
export const dagScheduleId = (dagId: string): string => `dag:${dagId}`;
/** Id of the Temporal Schedule that starts `retention` daily. */
export const RETENTION_ID = 'system:retention';

/** Custom search attributes, registered at boot (design §5). */
export const SEARCH_ATTRIBUTES = {
  DagId: 'KEYWORD',
  DagRunState: 'KEYWORD',
  DagTrigger: 'KEYWORD',
  DagLogicalDate: 'DATETIME',
  DagStartedAt: 'DATETIME',
  DagTags: 'KEYWORD_LIST',
  DagFailedTasks: 'KEYWORD_LIST',
} as const;

/**
 * `DagRunState` of a run that is running and asks somebody to decide: for everything else such a run is `running`. A value and no
 * attribute of its own, since SQL stores have few of those.
 */
export const WAITING_FOR_APPROVAL = 'waiting_for_approval';

// ---------------------------------------------------------------- dagRun

/** The facts of a run that never change, fixed when it is created (zones and clocks stay outside the workflow: R5). */
export interface RunFacts {
  /** REST run id = workflow id. */
  readonly runId: string;
  readonly dagId: string;
  readonly version: number;
  /** n-th execution of this run id, from 1 (R4). */
  readonly execution: number;
  readonly scope: RunScope;
  /** false: not tied to a date; logicalDate is then the moment of acceptance. */
  readonly dated: boolean;
  readonly params: JsonObject;
  readonly note?: string;
  /** Who asked for it, as far as known. */
  readonly identity?: string;
  /** sha256 of the request body, to tell a repeated Idempotency-Key from a reused one. */
  readonly requestHash?: string;
  /** Epoch ms. */
  readonly acceptedAt: number;
  readonly tags?: readonly string[];
  /** Tasks do their work though an earlier result is kept (`cache`). */
  readonly ignoreCache?: true;
}

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
  /** Its place among the active runs of its DAG is held: by whoever started it, or by an earlier execution. Default: it asks. */
  readonly place?: 'held';
  /** It runs a piece of a map. */
  readonly shard?: ShardInput;
  /** Set by continue-as-new, and for shards, which go on from what their parent knows. */
  readonly carried?: RunSnapshot;
}

/**
 * Argument of `dagRun` when a Temporal Schedule starts it: a reference, since a Schedule keeps its arguments for good. Version, dates and
 * params are looked up by the run's first act.
 */
export interface ScheduledRunInput {
  readonly scheduled: { readonly dagId: string };
}

/** Search attributes that Temporal sets on what a Schedule starts: the nominal time, and the Schedule's id. */
export const SCHEDULED_TIME_ATTRIBUTE = 'TemporalScheduledStartTime';
export const SCHEDULED_BY_ATTRIBUTE = 'TemporalScheduledById';

/** What a run that a Schedule has started asks. Times are epoch ms. */
export interface ScheduledStart {
  readonly dagId: string;
  readonly runId: string;
  readonly nominal: number;
  /** When its workflow was started; the version is the one that was the newest then. */
  readonly firedAt: number;
}

/**
 * Why a start by a Schedule comes to nothing: the run of that date `exists` already, the DAG is `deleted` or was `paused` at that time, or it
 * is `unscheduled`: its schedule has no such time (R3).
 */
export interface SkippedStart {
  readonly skipped: 'exists' | 'deleted' | 'paused' | 'unscheduled';
  readonly message: string;
}

/** What a run that a Schedule has started is. */
export interface ResolvedStart {
  readonly input: DagRunInput;
  readonly memo: RunMemo;
  /** Why it cannot begin: it closes with that. */
  readonly failure?: Failure;
}

/** What a reference resolves to. */
export interface PinnedDag {
  readonly version: number;
  readonly planKey: string;
}
/** By reference: `<dagId>` (latest) or `<dagId>@<version>`; as the key of a blob when they are many. */
export type PinnedDags = { readonly pinned: { readonly [reference: string]: PinnedDag } } | { readonly key: string };

/** How a child finds its parent, and what it says who it is. */
export interface ParentLink extends ChildKey {
  /** Workflow id, without a Temporal run id: the parent may continue as new. */
  readonly workflowId: string;
  /** Execution of the parent (R4): a child of an earlier one means nothing to a later one. */
  readonly execution: number;
  /** Largest output in bytes that is told inline; above it the reference to a blob (R15). */
  readonly inlineLimit: number;
}

/** Signal {@link ChildEnded}: the last act of a child, after its report. */
export const CHILD_ENDED_SIGNAL = 'childEnded';
export interface ChildEnded extends ChildEnd, ChildKey {
  readonly execution: number;
}

/** A child that has not ended, as its parent remembers it. Times are epoch ms. */
export interface ChildRecord extends ChildKey {
  readonly startedAt: number;
  /** Set while no child runs and the next attempt is waited for: when it is due. */
  readonly retryAt?: number;
  /** Attempts before this one, all failed; those before a rewind are left out. */
  readonly earlier?: readonly Attempt[];
  /**
   * {@link TaskRecord.rewinds} of its task when it began. Where the task has been sent back since, its end counts for nothing but
   * that the task may start anew. Default 0.
   */
  readonly rewinds?: number;
  /** It was asked to stop. Default: false. */
  readonly cancelled?: true;
}

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

/** What is known of one task. Times are epoch ms. */
export interface TaskRecord {
  readonly taskId: string;
  readonly state: TaskState;
  /** When it became ready to run. */
  readonly queuedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly attempts?: readonly Attempt[];
  readonly output?: OutputValue;
  /** Of a map that has ended: all its items as `ItemResult`s, in order of index. */
  readonly items?: OutputValue;
  /** Of a map whose items are known. */
  readonly map?: MapProgress;
  readonly failure?: Failure;
  /** The output is that of an earlier run (`cache`). */
  readonly cached?: CachedFrom;
  /** How often a rejection has sent it back to be done again: each time is other work, and numbers of attempts go on. Default 0. */
  readonly rewinds?: number;
  /** Hooks of the task that have ended; a failed one changes nothing. Between attempts of a map's items: see the items. */
  readonly hooks?: readonly HookRecord[];
  /** What it, or each item of it, is given; known once it starts. */
  readonly resources?: Resources;
  /** Something to know while it is not over: `no worker on queue gpu since 2026-01-01T00:00:00Z`. */
  readonly notice?: string;
  /** While it waits by the clock: when its timeout passes and, for a timer, when it has what it waits for. Epoch ms. */
  readonly waiting?: { readonly deadline: number; readonly at?: number };
  /** Number of the change that wrote this record; grows over the whole run. */
  readonly revision: number;
}

/** How far a map is. */
export interface MapProgress {
  readonly total: number;
  readonly counts: TaskCounts;
}

export type TaskCounts = { readonly [state in TaskState]?: number };

/** The run as its own query tells it. */
export interface RunHead {
  readonly run: RunFacts;
  readonly state: RunState;
  /** When it began to work; of one that is queued, when it was taken in. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly counts: TaskCounts;
  readonly failure?: Failure;
  /** Something to know while it is not over: what it waits for. */
  readonly notice?: string;
  /** `approval`: a task of it, or more, asks somebody to decide. */
  readonly waitingFor?: 'approval';
  /** At most 100, in the order of the plan. */
  readonly failedTasks?: readonly string[];
  readonly outputs?: JsonObject;
  /** Those that have begun, in order; a failed one changes nothing of the run (R12). */
  readonly hooks?: readonly HookRecord[];
  /** Grows with every change of the run or a task. */
  readonly revision: number;
}

/** Query `run` -> {@link RunHead}. */
export const RUN_QUERY = 'run';

/** Query `tasks`: records in order of task id, those changed after `sinceRevision` only; at most `limit`. */
export const TASKS_QUERY = 'tasks';
export interface TasksQueryInput {
  readonly sinceRevision?: number;
  /** Task id to start after. */
  readonly after?: string;
  readonly limit: number;
  readonly state?: TaskState;
  /** Only this task. */
  readonly taskId?: string;
}
export interface TasksQueryResult {
  readonly head: RunHead;
  readonly tasks: readonly TaskRecord[];
  readonly more: boolean;
}

/** Query `items`: what is known of the items of a map that is under way, in order of index, those that have not begun left out. */
export const ITEMS_QUERY = 'items';
export interface ItemsQueryInput {
  readonly taskId: string;
  /** Index to start after. */
  readonly after?: number;
  readonly limit: number;
  readonly state?: TaskState;
}
export interface ItemsQueryResult {
  readonly items: readonly ItemRecord[];
  readonly more: boolean;
  /** Instead of items, where the map runs in shards: those that have begun, in order. */
  readonly parts?: readonly ItemsPart[];
}

/** A piece of a large map, run as a child. Its run facts are those of a child; its items see what they would see in the map itself. */
export interface ShardInput {
  /** Object key prefix of the run whose map it is: outputs and logs of items go there. */
  readonly prefix: string;
  readonly scope: RunScope;
}

/** Items of a map that a shard has run, as it tells its parent in `outputs`. */
export interface ShardResult {
  /** Keys of JSON blobs that hold lists of {@link ItemRecord}s, in order of index. */
  readonly pages: readonly string[];
  readonly counts: TaskCounts;
  /** The first failures, for people. */
  readonly reasons: readonly string[];
}

/** A shard of a map, as the items query tells of it: what it left, or which run to ask. */
export interface ItemsPart extends ItemRange {
  readonly pages?: readonly string[];
  readonly runId?: string;
}

/** Task records, inline or, when they are many, as keys of JSON blobs that hold lists of them, in order of the plan. */
export type StoredRecords<T = TaskRecord> = { readonly records: readonly T[] } | { readonly pages: readonly string[] };

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
  readonly stopped?: 'cancelled' | 'timeout';
  /** Executions of this run so far, this one included: names the pages. */
  readonly hop: number;
  /** Children that run on. Default: none. */
  readonly children?: readonly ChildRecord[];
  /** Of maps that have not begun again. Default: nothing. */
  readonly kept?: KeptItems;
}

/** What an attempt before succeeded with inside maps that failed (R9). */
export interface KeptItems {
  /** Records of tasks up to this revision are of that attempt. */
  readonly revision: number;
  /** By task id all items of the map, as its record has them. */
  readonly items: { readonly [taskId: string]: OutputValue };
}

/** What a run carries of a map whose items are known and not all over. */
export interface MapSnapshot {
  readonly taskId: string;
  readonly source: ItemSource;
  readonly total: number;
  readonly maxConcurrency: number;
  /** See `map-walk.ts`. */
  readonly states: string;
  /** Names of the items, where they were computed ahead. */
  readonly keys?: readonly ItemKey[];
  /** Of the items that have begun. */
  readonly records: StoredRecords<ItemRecord>;
  /** A shard: where it begins, and how many failures the whole map tolerates. */
  readonly shard?: { readonly offset: number; readonly tolerated: number };
  /** Records of items that need not run, since they succeeded in an attempt before: for each shard of the map; of a shard its own. */
  readonly kept?: readonly KeptRecords[];
  /** Nothing more of it starts: it was cancelled. Default: false. */
  readonly stopped?: true;
  /** The map runs in shards: `states` are of these. */
  readonly shards?: readonly ShardState[];
}

/** Records of items that succeeded in an attempt before, and how many they are. */
export type KeptRecords = StoredRecords<ItemRecord> & { readonly count: number };

/** What a parent remembers of a shard that has begun. */
export interface ShardState {
  readonly shard: number;
  /** Its place in the window, while it runs. */
  readonly slot?: number;
  readonly result?: ShardResult;
  /** Why nothing is known of its items. */
  readonly lost?: { readonly state: TaskState; readonly failure?: Failure };
}

/** Update `approve`: a decision about a task that waits for approval. Never blocks. */
export const APPROVE_UPDATE = 'approve';
export interface ApproveInput {
  readonly taskId: string;
  readonly decision: 'approve' | 'reject';
  /** Who decides, as far as known. */
  readonly by?: string;
  readonly comment?: string;
  readonly inputs?: JsonObject;
}
export interface ApproveResult {
  readonly taskId: string;
  readonly decision: 'approve' | 'reject';
  /** Epoch ms. */
  readonly at: number;
}
/**
 * Types of the ApplicationFailures by which a run refuses a decision; the details of `inputs` are a list of
 * `{pointer, message}`. `later` = the run is about to go on in a new execution, or to end: ask again.
 */
export const APPROVE_REFUSALS = {
  notWaiting: 'NotWaiting',
  notApprover: 'NotApprover',
  inputs: 'InputsInvalid',
  later: 'TryAgain',
} as const;

/** Result of a run that succeeded. */
export interface RunSummary {
  readonly state: FinalRunState;
  readonly counts: TaskCounts;
}

/** Type of the ApplicationFailure that a failed run closes with (R23). */
export const DAG_RUN_FAILED = 'DagRunFailed';

/** Name of the report below the run's prefix. */
export const REPORT_NAME = 'report.json';

/** The report blob: the last act of a run, `report.json` below its prefix (R3, R28). */
export interface RunReport {
  readonly format: 1;
  readonly head: RunHead;
  readonly tasks: StoredRecords;
  readonly planKey: string;
  /** Of a child: what it told its parent. */
  readonly end?: ChildEnd;
  /** Set when it was not the run itself that wrote it: its workflow was ended from outside. */
  readonly writtenBy?: 'reader';
}

/** Memo key under which a run carries its {@link RunMemo}, so that lists and reads need no worker (R28). */
export const RUN_MEMO = 'run';
/** The facts of a run but its params; the note is cut so that the memo stays below 2 KiB. */
export type RunMemo = Omit<RunFacts, 'params'>;

// ---------------------------------------------------------------- dagEntity

/** Argument of `dagEntity`: what it goes on from, at continue-as-new or when a lost entity is revived from its blobs. */
export interface DagEntityInput {
  readonly dagId: string;
  readonly head?: DagHead;
  /** Newest first, at most {@link MAX_VERSION_HEADERS}. */
  readonly versions?: readonly VersionHeader[];
  /** The order, in one line, that its Temporal Schedule follows; absent = nothing is known of it. */
  readonly schedule?: string;
  /** Pause between two looks at the Temporal Schedule, in ms. Default 10 minutes. */
  readonly scheduleCheckMs?: number;
}

/** What a DAG's Temporal Schedule is to be, as the entity orders it. */
export interface ScheduleOrder {
  readonly dagId: string;
  /** Absent = there is to be none. */
  readonly wanted?: {
    /** Of the spec that says when; the Schedule is not touched while {@link timing} stays the same. */
    readonly specKey: string;
    /** Hash of the fields that say when. */
    readonly timing: string;
    /** Since when it is paused, epoch ms; absent = it is not. */
    readonly pausedAt?: number;
    readonly pausedBy?: string;
  };
}

/** Where the list of a DAG's versions is written with each version: `versionsKey` of src/objects/keys.ts, which workflows cannot import. */
export const versionsBlobKey = (dagId: string, version: number): string =>
  `dags/${dagId}/versions/${String(version).padStart(8, '0')}.json`;
/** An entity keeps that many headers (R30). */
export const MAX_VERSION_HEADERS = 200;

/** Header of a stored version. Keys are object keys. */
export interface VersionHeader {
  readonly version: number;
  /** sha256 of the canonical JSON of the parsed spec, before defaults (R30); also the ETag. */
  readonly hash: string;
  readonly specKey: string;
  readonly planKey: string;
  /** Bytes of the plan as JSON: small ones travel inline. */
  readonly planBytes: number;
  readonly createdAt: number;
  readonly createdBy?: string;
}

/** What a DAG's memo holds (<= 2 KiB): all that a read or a start needs, without any worker (R28). */
export interface DagHead {
  readonly dagId: string;
  readonly latest: VersionHeader;
  readonly paused: boolean;
  readonly deleted?: boolean;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  /** When it runs by itself; absent = never. */
  readonly schedule?: ScheduleHead;
  readonly updatedAt: number;
}

/** What a DAG's head says of its schedule. Times are epoch ms. */
export interface ScheduleHead {
  /** `pending`: the Temporal Schedule is not yet as it is to be. */
  readonly state: 'active' | 'paused' | 'pending';
  /** Hash of the fields of the spec that say when. */
  readonly timing: string;
  /** Since when these fields are as they are. */
  readonly since: number;
  /** The last pause: `to` is absent while it lasts. */
  readonly pause?: { readonly from: number; readonly to?: number; readonly by?: string };
}

/** Memo key of {@link DagHead}. */
export const DAG_HEAD_MEMO = 'dag';

/** Update `put`. */
export const PUT_UPDATE = 'put';
export interface PutInput {
  readonly hash: string;
  readonly specKey: string;
  readonly planKey: string;
  readonly planBytes: number;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  /** Hash of the fields that say when it runs by itself; absent = never. */
  readonly timing?: string;
  /** Expected ETag (hash of the latest version), or `*` = must exist, or `none` = must not exist. */
  readonly expected?: string;
  readonly by?: string;
}
export interface PutResult {
  readonly outcome: 'created' | 'updated' | 'unchanged';
  readonly head: DagHead;
}
/** Update `pause` -> DagHead. */
export const PAUSE_UPDATE = 'pause';
export interface PauseInput {
  readonly paused: boolean;
  readonly by?: string;
}
/** Update `remove` -> DagHead: a tombstone; the entity and its version counter stay (R30). */
export const REMOVE_UPDATE = 'remove';
export interface RemoveInput {
  readonly by?: string;
}
/** Signal `checkSchedule`: somebody has seen that the Temporal Schedule is not as it is to be. */
export const CHECK_SCHEDULE_SIGNAL = 'checkSchedule';
/** Query `versions` -> the newest 200 {@link VersionHeader}s, newest first (also written to a blob on each put). */
export const VERSIONS_QUERY = 'versions';

/** Types of the ApplicationFailures by which the entity refuses an update. */
export const ENTITY_REFUSALS = { precondition: 'PreconditionFailed', notFound: 'DagNotFound' } as const;

// ---------------------------------------------------------------- pool

/** Argument of `pool`. Its capacity comes with those who ask. */
export interface PoolInput {
  readonly name: string;
  /** How often all holders are looked after, in ms. Default 15 s: who was ended from outside gives its place back within 30 s. */
  readonly watchMs?: number;
  /** It ends when nobody needed it for so long, in ms; who asks next starts it anew. Default 10 minutes. */
  readonly idleMs?: number;
  /** It goes on in a new execution from that length of its history on. Default 4,096. */
  readonly continueFromEvents?: number;
  /** What it goes on from, at continue-as-new. */
  readonly state?: PlacesSnapshot;
}

/**
 * Signal and update `ask`: one message may carry many requests. The update answers at once, one {@link PlaceAnswer} for each
 * request; who signals hears {@link PLACE_SIGNAL}.
 */
export const ASK_PLACES = 'ask';
export interface AskPlaces {
  readonly requests: readonly PlaceRequest[];
  /** Taken over unless a newer one is known. */
  readonly limit?: PoolLimit;
}
export type AskPlacesResult = readonly PlaceAnswer[];

/** Signal `leave`: these need no place any more. A place that is held goes on when its holder is closed. */
export const LEAVE_PLACES = 'leave';
export interface LeavePlaces {
  readonly holders: readonly PlaceHolder[];
}

/** Signal `resize` with a {@link PoolLimit}. */
export const RESIZE_POOL = 'resize';

/** Query `view` -> {@link PoolView}; `of`: somebody who may be waiting. */
export const POOL_QUERY = 'view';
export interface PoolQueryInput {
  readonly of?: PlaceHolder;
}
export type PoolQueryResult = PoolView;

/** Signal `place`, to a run or to the workflow that asked for it: what became of requests. Said twice it means the same. */
export const PLACE_SIGNAL = 'place';
export interface PlaceSignal {
  readonly words: readonly PlaceWord[];
}

// ---------------------------------------------------------------- retention

/** Argument of `retention`. */
export interface RetentionInput {
  readonly retentionMs: number;
}
