import type { Resources } from '../../src/dag/resources.js';
import type { AwaitedRun } from '../../src/dag/run-wait.js';
import type { Attempt, CachedFrom, Failure, HookRecord, OutputValue, TaskState } from '../../src/dag/state.js';

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
  /** Why it was skipped, where that is no word of its own: `not_selected` = this run carries out others only. */
  readonly skipReason?: SkipReason;
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
  /** While it waits: until when, and for what. */
  readonly waiting?: TaskWaiting;
  /** Number of the change that wrote this record; grows over the whole run. */
  readonly revision: number;
}

/** Times are epoch ms. */
export interface TaskWaiting {
  /** When its timeout passes; absent = it has none. */
  readonly deadline?: number;
  /** Of a timer: when it has what it waits for. */
  readonly at?: number;
  /** Of a wait for a run. */
  readonly run?: AwaitedRun;
  /** Of such a wait: the run that was found. */
  readonly found?: string;
  /** The task has started that run itself. */
  readonly own?: true;
  /** Of such a wait: the execution of a run whose failure it has told already. */
  readonly alerted?: string;
}
/** See {@link TaskRecord.skipReason}. */
export type SkipReason = 'not_selected';

/** How far a map is. */
export interface MapProgress {
  readonly total: number;
  readonly counts: TaskCounts;
}

export type TaskCounts = { readonly [state in TaskState]?: number };

/** Task records, inline or, when they are many, as keys of JSON blobs that hold lists of them, in order of the plan. */
export type StoredRecords<T = TaskRecord> = { readonly records: readonly T[] } | { readonly pages: readonly string[] };
