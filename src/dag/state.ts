import type { Json } from './json.js';
import type { DagHook, TaskHook } from './spec.js';

/** Every state of a task. The last five are final. */
export const TASK_STATES = [
  'pending',
  'queued',
  'running',
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'cancelled',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** The states that a task never leaves. */
export const FINAL_TASK_STATES = ['success', 'failed', 'skipped', 'upstream_failed', 'cancelled'] as const;
export type FinalTaskState = (typeof FINAL_TASK_STATES)[number];

/** Every state of a run. The last three are final. */
export const RUN_STATES = ['queued', 'running', 'paused', 'success', 'failed', 'cancelled'] as const;
export type RunState = (typeof RUN_STATES)[number];
export type FinalRunState = 'success' | 'failed' | 'cancelled';

/**
 * Why a task, an attempt or a run failed: a closed list, so that people and rules can tell a user's error from a lost
 * worker. `error` the task's own code or input failed · `timeout` one attempt took longer than `timeout` ·
 * `queue_timeout` no worker took it within `queueTimeout` · `worker_lost` heartbeats stopped (killed or cut off) ·
 * `expression` an expression could not be evaluated · `output_schema` the result breaks `outputSchema` ·
 * `unknown_activity` no such activity on the worker · `type_disabled` the task type is off on this worker ·
 * `blob_missing` a stored value or body is gone · `run_timeout` the run's `timeout` passed · `run_limit` as many runs of its DAG
 * were at work as may be · `cancelled` asked to stop ·
 * `rejected` somebody rejected an approval · `terminated` ended from outside, without clean-up · `output` a DAG output could not be computed ·
 * `child` the run of a SubDAG failed · `dag_missing` the DAG that a SubDAG names is gone · `invalid_params` what a SubDAG
 * was given does not fit its params · `tasks` (runs only) the tasks that decide it failed. Of maps: `not_a_list` what it is
 * over is no list · `zip_lengths` lists of different length without a fill value · `map_too_long` more items than
 * `maxMapLength` · `items_failed` more items failed than are tolerated.
 */
export const FAILURE_KINDS = [
  'error',
  'timeout',
  'queue_timeout',
  'worker_lost',
  'expression',
  'output_schema',
  'unknown_activity',
  'type_disabled',
  'blob_missing',
  'run_timeout',
  'run_limit',
  'deadline',
  'cancelled',
  'rejected',
  'terminated',
  'output',
  'child',
  'upstream_run',
  'dag_missing',
  'invalid_params',
  'tasks',
  'not_a_list',
  'zip_lengths',
  'map_too_long',
  'items_failed',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** A failure as data. `type` is the error's own class or code (`HttpStatusError`), `message` says what, where, what to do. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly type?: string;
  /** Handler-specific facts a rule may look at: HTTP status, exit code. */
  readonly details?: Json;
}

/** Where an output comes from that an earlier run computed; `storedAt` in epoch ms. */
export interface CachedFrom {
  readonly runId: string;
  readonly storedAt: number;
}

/** One attempt of a task. Times are epoch milliseconds; `endedAt` and `failure` are absent where nobody could report them. */
export interface Attempt {
  readonly attempt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly worker?: string;
  readonly failure?: Failure;
  /** Of a SubDAG: the run that this attempt was. */
  readonly runId?: string;
}

/** What is known of one hook of the DAG or of a task. Times are epoch ms. */
export interface HookRecord {
  /** Of a DAG `success`, `failure`, `cancel` or `exit`, of a task `success`, `failure` or `retry`. */
  readonly hook: DagHook | TaskHook;
  /** Where it stands in a list of several, from 0. */
  readonly index?: number;
  /** Between attempts: the number of the one that had failed. */
  readonly attempt?: number;
  readonly state: 'running' | 'success' | 'failed' | 'skipped';
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Its own; absent between attempts, where it is tried once. */
  readonly attempts?: readonly Attempt[];
  readonly failure?: Failure;
}

/** A hook that left no end: its worker did not live to tell. */
export function interruptedHook(record: HookRecord): HookRecord {
  if (record.state !== 'running') return record;
  return {
    ...record,
    state: 'failed',
    failure: { kind: 'worker_lost', message: 'its worker stopped reporting before it had ended' },
  };
}

/**
 * A task's output as it travels: the value itself when it is small, else a reference to an immutable blob
 * (`ref` = key in the object store, `size` in bytes of JSON, `sha256` in hex). See R15.
 */
export type OutputValue = { readonly value: Json } | BlobRef;
export interface BlobRef {
  readonly ref: string;
  readonly size: number;
  readonly sha256: string;
}
