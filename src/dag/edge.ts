import { ON_COMPLETION, ON_FAILURE, ON_SKIPPED, ON_SUCCESS, type TaskPlan } from './plan.js';
import type { FinalTaskState } from './state.js';

/** What an edge makes of its upstream's final state; trigger rules count these (R6). The value is the index of the counter. */
export const AS_SUCCESS = 0;
export const AS_FAILED = 1;
export const AS_UPSTREAM_FAILED = 2;
export const AS_SKIPPED = 3;
export type TranslatedState = typeof AS_SUCCESS | typeof AS_FAILED | typeof AS_UPSTREAM_FAILED | typeof AS_SKIPPED;

/**
 * Translates a final state through an edge with the given ON_* bits. Any condition that matches makes it a success; when
 * none does, a failure wins over skipped.
 */
export function translate(state: FinalTaskState, on: number): TranslatedState {
  switch (state) {
    case 'success':
      return (on & (ON_SUCCESS | ON_COMPLETION)) !== 0 ? AS_SUCCESS : AS_SKIPPED;
    case 'failed':
    case 'upstream_failed':
      if ((on & (ON_FAILURE | ON_COMPLETION)) !== 0) return AS_SUCCESS;
      if ((on & ON_SUCCESS) !== 0) return state === 'failed' ? AS_FAILED : AS_UPSTREAM_FAILED;
      return AS_UPSTREAM_FAILED;
    case 'skipped':
    case 'cancelled':
      return (on & (ON_COMPLETION | ON_SKIPPED)) !== 0 ? AS_SUCCESS : AS_SKIPPED;
    default:
      throw new TypeError(`not a final state: ${String(state satisfies never)}`);
  }
}

/** As {@link translate}, for a failure that is allowed: it is as good as a success, and meets an edge that waits for a failure (R22). */
export function translateAllowed(on: number): TranslatedState {
  return (on & (ON_SUCCESS | ON_COMPLETION | ON_FAILURE)) !== 0 ? AS_SUCCESS : AS_SKIPPED;
}

/** An edge that only exists to tell of a failure: it takes no responsibility for its upstream (R7). */
export function isNotifierEdge(on: number, { rule, join }: Pick<TaskPlan, 'rule' | 'join'>): boolean {
  if (on === ON_FAILURE || rule === 'one_failed' || rule === 'all_failed') return true;
  return join !== undefined && 'expression' in join && join.notifier === true;
}

/** Whether an edge into this task stops its upstream from being a leaf: neither teardowns nor notifiers do (R7, R11). */
export function decidesForUpstream(on: number, task: TaskPlan): boolean {
  return task.teardown === undefined && !isNotifierEdge(on, task);
}
