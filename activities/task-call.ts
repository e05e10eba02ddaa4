import type { Json } from '../src/dag/json.js';
import type { CallItem } from '../src/dag/map/item-source.js';
import type { Resources } from '../src/dag/resources.js';
import type { RunScope } from '../src/dag/scope.js';
import type { Attempt, CachedFrom, HookRecord, OutputValue, TaskState } from '../src/dag/state.js';
import type { PollPace } from '../src/dag/wait-plan.js';

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
  /** Results of earlier runs are not taken over in this run; new ones are kept all the same. */
  readonly ignoreCache?: true;
  /** For hooks of a task that the run carries out: that task, as expressions name it (`task`). */
  readonly hookOf?: Json;
  /** For hooks of deadlines: the deadline, as expressions name it (`deadline`). */
  readonly deadlineOf?: Json;
  /** Attempts of earlier rounds, before a rejection sent the task back: their numbers go on. Default 0. */
  readonly before?: number;
  /** How often a rejection has sent the task back: each time it is other work, with a key of its own. Default 0. */
  readonly rewinds?: number;
  /** What it is given of the machine. Default: nothing is said. */
  readonly resources?: Resources;
  /** For hooks between attempts of a SubDAG: number of the attempt that has failed, which is then `attempt`. */
  readonly failedAttempt?: number;
}

/** The argument of the activity `wait`, whose attempts are the polls of a wait. */
export interface PollCall extends TaskCall {
  /** When the wait times out, epoch ms. */
  readonly deadline: number;
  readonly pace: PollPace;
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
  /** A rule of `retry.rules` answered the last attempt's failure with `skip`: the task is skipped, and there is no output. */
  readonly skipped?: true;
  /** The output was not computed now: which run did (`cache`). */
  readonly cached?: CachedFrom;
  /** What became of the hooks between attempts, the newest. Absent = none ran. */
  readonly hooks?: readonly HookRecord[];
}

/**
 * How such an activity fails: an ApplicationFailure whose `type` is {@link TASK_FAILED} and whose first detail is this.
 * A failure that ends the task is non-retryable; one to be retried carries `nextRetryDelay`.
 */
export interface TaskFailedDetails {
  readonly failure: import('../src/dag/state.js').Failure;
  readonly attempts: readonly Attempt[];
  /** As in {@link TaskReturn}. */
  readonly hooks?: readonly HookRecord[];
}
export const TASK_FAILED = 'TaskFailed';
