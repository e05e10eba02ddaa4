import type { TaskSpec } from './spec.js';
import { TASK_TYPES } from './task-type.js';

/**
 * Who carries out what stands in `hooks.retry` of a task that goes to `queue` (R12): its own `activity`, after a failed attempt and in
 * the same worker, or the `run`, where attempts are those of a SubDAG. Undefined: nobody, since the task has no further attempts,
 * or since the worker that repeats it is not ours.
 */
export function retryHooksBy(
  type: TaskSpec['type'],
  queue: string | undefined,
  ownQueues: readonly string[],
): 'activity' | 'run' | undefined {
  const { carriedOutBy } = TASK_TYPES[type];
  if (carriedOutBy === 'child') return 'run';
  return carriedOutBy === 'activity' && !isForeign(type, queue, ownQueues) ? 'activity' : undefined;
}

/** Whether it is an activity of another language's or another team's worker. */
export function isForeign(type: TaskSpec['type'], queue: string | undefined, ownQueues: readonly string[]): boolean {
  return type === 'activity' && queue !== undefined && !ownQueues.includes(queue);
}
