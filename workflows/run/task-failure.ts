import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure, TimeoutType } from '@temporalio/common';
import type { TaskFailedDetails } from '../../activities/task-call.js';
import { type Attempt, type Failure, type HookRecord, interruptedHook } from '../../src/dag/state.js';
import { failed, type TaskEnding } from './task-ending.js';

/** Same literal as TASK_FAILED of the activities, whose code must not be loaded here. */
const TASK_FAILED = 'TaskFailed' satisfies typeof import('../../activities/task-call.js').TASK_FAILED;

/** Longest message of a failure that a run keeps, in characters: reports and snapshots stay small. */
const MAX_MESSAGE = 2000;

/** Translates what Temporal says of an activity that did not complete into the ending of its task. Never throws. */
export function endingOfFailure(
  error: unknown,
  task: { readonly id: string; readonly name: string; readonly queue: string },
): TaskEnding {
  const ending = endingOf(error, task);
  // It was to stop, and would else have been tried again: that it failed in that moment says nothing.
  if (ending.state !== 'failed' || !(error instanceof ActivityFailure) || error.retryState !== 'CANCEL_REQUESTED')
    return ending;
  const { failure: _, ...rest } = ending;
  return { ...rest, state: 'cancelled' };
}

function endingOf(error: unknown, task: { readonly id: string; readonly name: string; readonly queue: string }): TaskEnding {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  if (cause instanceof CancelledFailure) {
    const attempts = attemptsIn(cause.details?.[0]);
    return { state: 'cancelled', attempts, hooks: hooksIn(cause.details?.[0]), ...times(attempts) };
  }
  if (cause instanceof TimeoutFailure) return endingOfTimeout(cause, task);
  if (cause instanceof ApplicationFailure) return endingOfApplicationFailure(cause, task);
  return failed('error', messageOf(error));
}

function endingOfApplicationFailure(
  cause: ApplicationFailure,
  task: { readonly name: string; readonly queue: string },
): TaskEnding {
  if (cause.type === TASK_FAILED && isTaskFailedDetails(cause.details?.[0])) {
    const { failure, attempts, hooks } = cause.details[0];
    return { state: failure.kind === 'cancelled' ? 'cancelled' : 'failed', failure, attempts, hooks, ...times(attempts) };
  }
  if (cause.type === 'NotFoundError' && cause.message.includes('is not registered on this')) {
    const message = `no activity named ${task.name} on the workers of queue ${task.queue}: register it there, or mend the name. The worker says: ${cause.message}`;
    return { state: 'failed', failure: { kind: 'unknown_activity', type: cause.type, message: clip(message) } };
  }
  // An SDK may put what really happened behind words of its own.
  const { message: behind } = (cause.cause ?? {}) as { readonly message?: string };
  const message = behind && !cause.message.includes(behind) ? `${cause.message}: ${behind}` : cause.message;
  return { state: 'failed', failure: { kind: 'error', type: cause.type || undefined, message: clip(message) } };
}

function endingOfTimeout(cause: TimeoutFailure, task: { readonly id: string; readonly queue: string }): TaskEnding {
  const attempts = attemptsIn(cause.lastHeartbeatDetails);
  const failure = timeoutFailure(cause, task);
  // The last attempt could not tell its own end.
  const last = attempts.at(-1);
  const told = last !== undefined && last.endedAt === undefined ? [...attempts.slice(0, -1), { ...last, failure }] : attempts;
  const hooks = hooksIn(cause.lastHeartbeatDetails);
  return { state: 'failed', failure, attempts: told, hooks, startedAt: told[0]?.startedAt };
}

function timeoutFailure(cause: TimeoutFailure, task: { readonly id: string; readonly queue: string }): Failure {
  switch (cause.timeoutType) {
    case TimeoutType.SCHEDULE_TO_START:
      return {
        kind: 'queue_timeout',
        message: `no worker took task ${task.id} from queue ${task.queue} within its queueTimeout`,
      };
    case TimeoutType.HEARTBEAT:
      return {
        kind: 'worker_lost',
        message: `the worker of task ${task.id} stopped sending heartbeats, and no attempt is left: it was killed, or cut off`,
      };
    default:
      return { kind: 'timeout', message: `task ${task.id} took longer than its timeout` };
  }
}

function attemptsIn(details: unknown): readonly Attempt[] {
  const attempts = (details as { attempts?: unknown } | null | undefined)?.attempts;
  // Workers of others may heartbeat anything.
  const isAttempt = (each: unknown): each is Attempt => Number.isInteger((each as Partial<Attempt> | null)?.attempt);
  return Array.isArray(attempts) && attempts.every(isAttempt) ? attempts : [];
}

/** Those between attempts; undefined for a task without such. */
function hooksIn(details: unknown): readonly HookRecord[] | undefined {
  const hooks = (details as { hooks?: unknown } | null | undefined)?.hooks;
  return Array.isArray(hooks) ? (hooks as HookRecord[]).map(interruptedHook) : undefined;
}

function isTaskFailedDetails(details: unknown): details is TaskFailedDetails {
  return typeof details === 'object' && details !== null && 'failure' in details && 'attempts' in details;
}

function times(attempts: readonly Attempt[]): { startedAt?: number; endedAt?: number } {
  return { startedAt: attempts[0]?.startedAt, endedAt: attempts.at(-1)?.endedAt };
}

/** What an error says, cut. */
export function messageOf(error: unknown): string {
  return clip(error instanceof Error ? error.message : String(error));
}

/** A text short enough to be kept in the record of a task. */
export function clip(message: string): string {
  const whole = message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)} … (${message.length} characters)`;
  return whole.toWellFormed();
}
