import type { WorkflowExecutionDescription } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TaskRecord } from '../../workflows/contract.js';
import { activityIdOf } from '../dag/map/item-source.js';

type PendingActivity = proto.temporal.api.workflow.v1.IPendingActivityInfo;
const SCHEDULED = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED;

/** A task that was sent so recently that nobody has to be told it waits, ms. */
const NOT_WORTH_TELLING_MS = 5_000;
const MAX_MESSAGE = 300;
/** Activity type of waits, whose attempts are polls. */
const WAIT = 'wait';

/**
 * What only Temporal knows of tasks under way, said in their `notice`: the run itself hears of a task when it is over, so
 * which attempt it is at, why the last one failed and that it waits for a worker stand in the description alone. `now` in epoch ms.
 */
export function withPendingTasks(
  tasks: readonly TaskRecord[],
  description: WorkflowExecutionDescription,
  now: number,
): readonly TaskRecord[] {
  const pending = new Map((description.raw.pendingActivities ?? []).map((activity) => [activity.activityId, activity]));
  return tasks.map((task) => {
    const activity =
      task.state === 'running' && task.notice === undefined ? pending.get(activityIdOf(task.taskId, task.rewinds)) : undefined;
    const notice =
      activity &&
      (activity.activityType?.name === WAIT
        ? waitNotice(activity, now)
        : noticeOf(activity, now, task.attempts?.at(-1)?.attempt));
    return notice === undefined ? task : { ...task, notice };
  });
}

/** `waiting, 37 polls; next at 2026-01-01T00:00:00Z; the last one: no file data/*.csv`. */
function waitNotice(activity: PendingActivity, now: number): string | undefined {
  const polls = (activity.attempt ?? 1) - 1;
  if (polls < 1) return noticeOf(activity, now);
  const next = millis(activity.nextAttemptScheduleTime) ?? millis(activity.scheduledTime);
  const when =
    activity.state !== SCHEDULED
      ? 'one is under way'
      : next !== undefined && next > now
        ? `next at ${instant(next)}`
        : 'the next waits for a worker';
  return `waiting, ${polls} ${polls === 1 ? 'poll' : 'polls'}; ${when}${last(activity, '; the last one: ')}`;
}

function last({ lastFailure }: PendingActivity, words: string): string {
  const why = lastFailure?.message;
  if (!why) return '';
  return `${words}${why.length > MAX_MESSAGE ? `${why.slice(0, MAX_MESSAGE)}…` : why}`;
}

/** `before`: number of the last attempt before a rejection sent the task back. */
function noticeOf(activity: PendingActivity, now: number, before = 0): string | undefined {
  const attempt = activity.attempt ?? 1;
  const waits = activity.state === SCHEDULED;
  if (attempt > 1) {
    const next = millis(activity.nextAttemptScheduleTime) ?? millis(activity.scheduledTime);
    const when = waits
      ? next !== undefined && next > now
        ? `begins at ${instant(next)}`
        : 'waits for a worker'
      : 'is under way';
    return `attempt ${before + attempt} ${when}${last(activity, '; the last one failed: ')}`;
  }
  const since = millis(activity.scheduledTime);
  if (!waits || since === undefined || now - since < NOT_WORTH_TELLING_MS) return undefined;
  return `waits for a worker since ${instant(since)}`;
}

function millis(time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined): number | undefined {
  return time == null ? undefined : Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}

const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
