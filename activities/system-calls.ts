import type { ChildEnd } from '../src/dag/child-end.js';
import type { Json, JsonObject } from '../src/dag/json.js';
import type { ItemKey } from '../src/dag/map/item-key.js';
import type { ItemRecord } from '../src/dag/map/item-result.js';
import type { CallItem, ItemSource } from '../src/dag/map/item-source.js';
import type { MapPlan } from '../src/dag/map/map-plan.js';
import type { ItemRange } from '../src/dag/map/shards.js';
import type { DagPlan } from '../src/dag/plan.js';
import type { Scope } from '../src/dag/scope.js';
import type { Attempt, BlobRef, Failure, OutputValue, TaskState } from '../src/dag/state.js';
import type {
  CatchUpInput,
  CatchUpStep,
  ResolvedStart,
  RunHead,
  RunLook,
  RunLookInput,
  ScheduledStart,
  ScheduleOrder,
  SkippedStart,
  TriggerEnd,
  TriggerEndInput,
  Triggered,
  TriggerInput,
} from '../workflows/contract.js';
import type { CallTasks } from './task-call.js';

/**
 * Activities that the workflows themselves need, run by Baton's own worker on the run's own queue (entities: on the
 * system queue). All are idempotent: writing the same blob twice is fine.
 */
export interface SystemActivities {
  /** Reads a plan blob. Fails non-retryably with type `BlobMissing` when it is gone. */
  loadPlan(input: { readonly planKey: string }): Promise<DagPlan>;
  /** Reads any JSON blob (a snapshot). Same failure. */
  loadJson(input: { readonly key: string }): Promise<Json>;
  /**
   * Writes any JSON blob; returns the reference. Used for snapshots, reports, lists of versions. Fails non-retryably with type
   * {@link OBJECT_CONFLICT} when the key holds something else, unless `replace`: what a run stores about itself may differ
   * after an operator's reset, and the last life counts.
   */
  storeJson(input: { readonly key: string; readonly value: Json; readonly replace?: boolean }): Promise<BlobRef>;
  /**
   * Evaluates a template whose scope names a stored value, with the same evaluator as the walk (R15, cap 64 MiB).
   * An expression that fails is a result, not an error; so is a value that does not fit, of kind `output_schema`. The value is stored
   * when over `inlineLimit`.
   */
  evaluate(
    input: EvaluateInput,
  ): Promise<{ readonly output: OutputValue } | { readonly error: string; readonly kind?: 'output_schema' }>;
  /** Makes the items of a map whose lists are stored, or too long for the workflow (R10). What is wrong with them is a result. */
  expandMap(input: ExpandMapInput): Promise<ExpandedLists | { readonly failure: Failure }>;
  /** Names of the items `from` to before `to` of a map whose lists are stored. */
  itemKeys(input: ItemKeysInput): Promise<readonly ItemKey[]>;
  /** Makes the outputs of a map, and all its items, one list each: stored when over `inlineLimit`, then as JSON lines too. */
  collectItems(input: CollectItemsInput): Promise<CollectedItems | { readonly error: string }>;
  /**
   * Items of a map that succeeded in an attempt before, as records for a further one, a list of stored pages for each shard of
   * them. Undefined where they are not in the object store any more, or were not so many: then the map is done again as a whole.
   */
  keptItems(input: KeptItemsInput): Promise<readonly StoredItems[] | undefined>;
  /** R3: does this run id exist already, in an execution other than this one? Used by scheduled starts. */
  runExists(input: { readonly runId: string; readonly dagId: string; readonly runKey: string }): Promise<boolean>;
  /** What became of children that were not heard of: an end, or null for one that goes on. In the order of `runIds`. */
  childEnds(input: { readonly runIds: readonly string[] }): Promise<readonly (ChildEnd | null)[]>;
  /** Whether this execution of a run is still open: a child whose parent is not has nobody to work for. */
  runIsOpen(input: { readonly runId: string; readonly execution: number }): Promise<boolean>;
  /** How many pollers a task queue has seen lately (DescribeTaskQueue); 0 = nobody works on it. */
  countPollers(input: { readonly queue: string }): Promise<number>;
  /** The last attempts of activities of an execution that have ended, in the order of their ids; null where nobody knows. Never fails. */
  lastAttempts(input: LastAttemptsInput): Promise<readonly (LastAttempt | null)[]>;
  /**
   * Makes a DAG's Temporal Schedule what the order says: creates, updates or deletes it. One that is so already is not touched.
   */
  applySchedule(order: ScheduleOrder): Promise<void>;
  /** What a run is that a Schedule has started: asked once, as its first act. */
  resolveScheduled(input: ScheduledStart): Promise<ResolvedStart | SkippedStart>;
  /** Starts runs of dates in the past that have none, oldest first, until one has to wait for its place. May be done twice. */
  catchUp(input: CatchUpInput): Promise<CatchUpStep>;
  /** Looks for a run that somebody waits for, who is told when there is more to know of it. May be done twice. */
  lookForRun(input: RunLookInput): Promise<RunLook>;
  /** Starts the run that a task asks for. Done twice it starts one run. */
  triggerRun(input: TriggerInput): Promise<Triggered>;
  /** How such a run has ended; its outputs are stored when over `inlineLimit`. */
  triggerEnd(input: TriggerEndInput): Promise<TriggerEnd>;
  /** How long each task of a DAG usually takes, in ms, by id; of those that nobody knows of nothing. Two calls may differ. */
  usualDurations(input: { readonly dagId: string; readonly runId: string }): Promise<{ readonly [taskId: string]: number }>;
  /** Asks a run to stop in good order; one that is over stays so. */
  cancelRun(input: { readonly runId: string; readonly by: string }): Promise<void>;
  /** Deletes what belongs to closed runs of days older than the retention; returns how many runs (R3). */
  sweepRuns(input: { readonly before: string }): Promise<{ readonly deleted: number }>;
}

/** Type of the ApplicationFailure by which `storeJson` says that the key holds something else. */
export const OBJECT_CONFLICT = 'ObjectConflict';

export interface EvaluateInput {
  /** A template (`${{ }}` inside) or, with `expression: true`, one bare expression. */
  readonly template: Json;
  readonly expression?: boolean;
  readonly scope: StoredScope;
  /** The item of a map that it is evaluated for. */
  readonly item?: CallItem;
  readonly prefix: string;
  readonly name: string;
  readonly inlineLimit: number;
  /** What the value must fit, where it is the output of a task. Default: everything does. */
  readonly schema?: Json;
}

export interface LastAttemptsInput {
  readonly workflowId: string;
  /** Of the execution of Temporal. */
  readonly runId: string;
  readonly activityIds: readonly string[];
}
/** What a history says of the last attempt of an activity: its number, from 1, when it began (epoch ms) and who made it. */
export type LastAttempt = Pick<Attempt, 'attempt' | 'startedAt' | 'worker'>;

/** A scope whose outputs may be references. */
export type StoredScope = Omit<Scope, 'tasks' | 'secrets'> & { readonly tasks?: CallTasks };

export interface ExpandMapInput {
  readonly task: string;
  readonly map: MapPlan;
  readonly scope: StoredScope;
  readonly prefix: string;
  readonly inlineLimit: number;
}
export interface ExpandedLists {
  readonly source: ItemSource;
  readonly total: number;
}

export interface ItemKeysInput {
  readonly source: ItemSource;
  /** Template of `mapKey`. */
  readonly template: string;
  readonly scope: Pick<Scope, 'params' | 'run'>;
  readonly from: number;
  readonly to: number;
}

export interface CollectItemsInput {
  readonly task: string;
  readonly prefix: string;
  /** In order of index: inline, or keys of blobs that hold lists of them and ranges of which nothing is stored. */
  readonly records: { readonly records: readonly ItemRecord[] } | { readonly pages: readonly (string | UniformItems)[] };
  readonly inlineLimit: number;
}
/** Items that all came to the same, and left nothing. */
export interface UniformItems extends ItemRange {
  readonly state: TaskState;
  readonly failure?: Failure;
}
export interface CollectedItems {
  /** Outputs of the items that succeeded, in order of index. */
  readonly output: OutputValue;
  /** All of them as `ItemResult`. */
  readonly items: OutputValue;
}

export interface KeptItemsInput {
  readonly task: string;
  /** All items of the attempt before, as `ItemResult`s. */
  readonly items: BlobRef;
  /** How many there are now. */
  readonly total: number;
  /** Of this attempt: records and large outputs go there. */
  readonly prefix: string;
  readonly inlineLimit: number;
}
/** Keys of JSON blobs that hold lists of `ItemRecord`s, in order of index. */
export interface StoredItems {
  readonly pages: readonly string[];
  /** How many records. */
  readonly count: number;
}

/** Gateways that activities get from outside (`createActivities(deps)`): they never import `src/temporal`. */
export interface TemporalPort {
  /** The one `exists` function (R3). */
  runExists(runId: string, dagId: string, runKey: string): Promise<boolean>;
  countPollers(queue: string): Promise<number>;
  /** How a child ended; undefined while it is open. One that nobody knows was ended from outside. */
  childEnd(runId: string): Promise<ChildEnd | undefined>;
  /** Whether that execution of a run is open (R4). */
  executionIsOpen(runId: string, execution: number): Promise<boolean>;
  /** The last attempts of activities that have ended, by id. */
  lastAttempts(input: LastAttemptsInput): Promise<ReadonlyMap<string, LastAttempt>>;
  /** As the activity of that name. */
  applySchedule(order: ScheduleOrder): Promise<void>;
  /** As the activity of that name. */
  resolveScheduled(start: ScheduledStart): Promise<ResolvedStart | SkippedStart>;
  /** As the activity of that name. */
  catchUp(input: CatchUpInput): Promise<CatchUpStep>;
  /** As the activity of that name. */
  lookForRun(input: RunLookInput): Promise<RunLook>;
  /** As the activity of that name. */
  triggerRun(input: TriggerInput): Promise<Triggered>;
  /** How a run has ended, with its outputs; undefined where nobody knows it. @throws Error while it is open: ask again. */
  runEnd(runId: string): Promise<Pick<RunHead, 'state' | 'failure' | 'outputs'> | undefined>;
  /** As the activity of that name. */
  usualDurations(input: { readonly dagId: string; readonly runId: string }): Promise<{ readonly [taskId: string]: number }>;
  /** As the activity of that name. */
  cancelRun(runId: string, by: string): Promise<void>;
  /** State of a run for the sweep: still open (or unknown to us) means: keep. */
  isOpen(runId: string): Promise<boolean>;
}

export type { JsonObject };
