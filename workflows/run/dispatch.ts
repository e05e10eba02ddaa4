import { ActivityFailure, type ActivityOptions, ApplicationFailure } from '@temporalio/common';
import { ActivityCancellationType, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PlaceActivities } from '../../activities/place-calls.js';
import type { SystemActivities } from '../../activities/system-calls.js';
import type { PollCall, TaskReturn } from '../../activities/task-call.js';
import { activityIdOf, type CallItem, itemName } from '../../src/dag/map/item-source.js';
import type { ActivityPlan, TaskPlan } from '../../src/dag/plan.js';
import type { PollPlan } from '../../src/dag/wait-plan.js';
import { shielded } from './shielded.js';
import { summaryOf } from './summary.js';

/** How long Temporal waits beyond a task's timeout before it ends the attempt itself: our own worker enforces the timeout, and says so. */
const BACKSTOP_MS = 10_000;

/** A slot or a server may be busy for long; what must not be lost is tried until it works. */
const SYSTEM_OPTIONS: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '20 s' },
};

/** All that a run does besides its tasks. */
type RunActivities = SystemActivities & PlaceActivities;

/**
 * Activities that the run itself needs. They are retried until they succeed, or fail by a non-retryable error. `summary` says in the
 * Web UI what this one is for.
 */
export function system(summary: string): RunActivities {
  return proxyActivities<RunActivities>({ ...SYSTEM_OPTIONS, summary });
}

/**
 * The same for what the worker that has the workflow task can do by itself, and at once: reading and writing objects. As a local
 * activity it costs no turn of the server, and a report does not stand in the history too. Where that fails twice it is
 * done the patient way: waiting for a full disk in a workflow task would keep the task, and fill the history.
 */
export function atHand<T>(summary: string, call: (activities: RunActivities) => Promise<T>): Promise<T> {
  return shielded(() => inWorkflowTask(summary, call));
}

async function inWorkflowTask<T>(summary: string, call: (activities: RunActivities) => Promise<T>): Promise<T> {
  try {
    return await call(
      proxyLocalActivities<RunActivities>({
        startToCloseTimeout: '10 seconds',
        retry: { maximumAttempts: 2, initialInterval: '100 ms' },
        summary,
      }),
    );
  } catch (error) {
    const lasting =
      error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
    if (lasting || isCancellation(error)) throw error;
    return call(system(summary));
  }
}

/**
 * Starts the activity of a task on its queue; the promise settles when Temporal is through with all attempts. `rewinds`: how often a
 * rejection has sent the task back.
 */
export function startActivity(
  task: TaskPlan,
  activity: ActivityPlan,
  args: readonly unknown[],
  dagId: string,
  item?: CallItem,
  rewinds?: number,
): Promise<unknown> {
  const activities = proxyActivities<{ [name: string]: (...args: readonly unknown[]) => Promise<unknown> }>(
    optionsOf(task, activity, dagId, item, rewinds),
  );
  return activities[activity.name]!(...args);
}

/** Temporal's own limit of a wait lies this far behind its timeout: the last poll is made at the timeout, and may take as long as any. */
const POLL_LIMIT_MS = 120_000 + BACKSTOP_MS;

/**
 * Starts the polls of a wait: one activity whose attempts they are. Temporal retries it until the worker says that the wait is
 * over; that costs no history.
 */
export function startPoll(task: TaskPlan, poll: PollPlan, call: PollCall, dagId: string, now: number): Promise<TaskReturn> {
  const { wait } = proxyActivities<{ wait(call: PollCall): Promise<TaskReturn> }>({
    activityId: activityIdOf(task.id, call.rewinds),
    taskQueue: poll.queue,
    summary: task.id,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    startToCloseTimeout: POLL_LIMIT_MS,
    heartbeatTimeout: '30 s',
    scheduleToCloseTimeout: Math.max(0, call.deadline - now) + 2 * POLL_LIMIT_MS,
    priority: { priorityKey: task.priority ?? 3, fairnessKey: dagId.slice(0, 64) },
    // The pauses come from the worker (nextRetryDelay); these are for lost ones.
    retry: {
      initialInterval: poll.pace.everyMs,
      backoffCoefficient: 1,
      maximumInterval: poll.pace.maxIntervalMs,
      nonRetryableErrorTypes: ['NotFoundError'],
    },
  });
  return wait(call);
}

/** Whether an activity learns that it is cancelled: a foreign one without heartbeats does not, and runs on. */
export function hearsOfCancel({ foreign, heartbeatTimeoutMs }: ActivityPlan): boolean {
  return foreign === undefined || heartbeatTimeoutMs !== undefined;
}

function optionsOf(
  task: TaskPlan,
  activity: ActivityPlan,
  dagId: string,
  item: CallItem | undefined,
  rewinds: number | undefined,
): ActivityOptions {
  const { retry, foreign } = activity;
  return {
    activityId: activityIdOf(itemName(task.id, item), rewinds),
    taskQueue: activity.queue,
    summary: item === undefined ? task.id : summaryOf(`${task.id}[${item.key}]`),
    // Waiting for what never learns that it is cancelled would hang the run.
    cancellationType: hearsOfCancel(activity)
      ? ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
      : ActivityCancellationType.TRY_CANCEL,
    scheduleToStartTimeout: activity.queueTimeoutMs,
    startToCloseTimeout:
      foreign === undefined ? activity.timeoutMs + BACKSTOP_MS + (activity.retryHooksMs ?? 0) : activity.timeoutMs,
    heartbeatTimeout: activity.heartbeatTimeoutMs,
    scheduleToCloseTimeout:
      retry.totalTimeoutMs === undefined ? undefined : retry.totalTimeoutMs + (foreign === undefined ? BACKSTOP_MS : 0),
    // Without one of its own it has that of the run, fairness key included.
    priority: task.priority === undefined ? undefined : { priorityKey: task.priority, fairnessKey: dagId.slice(0, 64) },
    retry:
      foreign === undefined
        ? // The waits between a user's attempts come from the worker (nextRetryDelay); these are for lost workers (R20).
          {
            maximumAttempts: retry.maxAttempts + retry.infraAttempts,
            initialInterval: 100,
            backoffCoefficient: 2,
            maximumInterval: 10_000,
            nonRetryableErrorTypes: ['NotFoundError'],
          }
        : {
            maximumAttempts: retry.maxAttempts,
            initialInterval: retry.intervalMs,
            backoffCoefficient: retry.multiplier,
            maximumInterval: Math.max(retry.maxIntervalMs, retry.intervalMs),
            nonRetryableErrorTypes: [...(retry.nonRetryableErrors ?? [])],
          },
  };
}
