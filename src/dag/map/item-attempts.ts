import type { TaskPlan } from '../plan.js';

/**
 * How many attempts of earlier rounds the items of a map are taken to have had, where a rejection has sent it back `rewinds` times: as
 * many as they can have had, since how many each really had is not kept. Numbers go on from there, as with any task.
 */
export function itemAttemptsBefore({ activity, sub }: TaskPlan, rewinds = 0): number {
  const most =
    activity === undefined ? (sub?.retry?.maxAttempts ?? 1) : activity.retry.maxAttempts + activity.retry.infraAttempts;
  return rewinds * most;
}
