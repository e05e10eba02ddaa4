import type { Json } from '../src/dag/json.js';
import type { CallItem } from '../src/dag/map/item-source.js';
import type { RunScope } from '../src/dag/scope.js';
import type { Attempt, OutputValue, TaskState } from '../src/dag/state.js';

/**
 * The one argument of every activity that Baton's own worker runs for a task. Small on purpose: the body is read by
 * reference, and only what its expressions name comes along.
 */
export interface TaskCall {
  /** Task id. */
  readonly task: string;
  /** Object key of the bodies blob that holds this task. */
  readonly body: string;
  /** Object key prefix of this execution of the run: outputs and logs go below it. */
  readonly prefix: string;
  readonly params?: { readonly [name: string]: Json };
  readonly run?: RunScope;
  readonly tasks?: CallTasks;
  /** Which item of a map this is. */
  readonly item?: CallItem;
  /** Largest output in bytes that may come back inline (R15); 0 once the execution's budget is used up. Default 4096. */
  readonly inlineLimit?: number;
}

/** Upstream tasks as they travel: `items` only of maps, and where they are named. */
export interface CallTasks {
  readonly [id: string]: { readonly state: TaskState; readonly output: OutputValue; readonly items?: OutputValue };
}

/** What such an activity returns. */
export interface TaskReturn {
  readonly output: OutputValue;
  /** All attempts, this one included. */
  readonly attempts: readonly Attempt[];
}

/**
 * How such an activity fails: an ApplicationFailure whose `type` is {@link TASK_FAILED} and whose first detail is this.
 * A failure that ends the task is non-retryable; one to be retried carries `nextRetryDelay`.
 */
export interface TaskFailedDetails {
  readonly failure: import('../src/dag/state.js').Failure;
  readonly attempts: readonly Attempt[];
}
export const TASK_FAILED = 'TaskFailed';
