import type { DagPlan } from './plan.js';
import type { TaskState } from './state.js';
import { edgeUpstream } from './walk-layout.js';
import type { WalkStates } from './walk-states.js';

/**
 * What a further attempt keeps of the one before, for the walk to be seeded with: tasks that succeeded, and those that were
 * skipped, as long as nothing upstream of them runs again. Where failFast stopped the run, skipped ones are asked anew, since
 * it was not their rule that skipped them. O(tasks + edges).
 */
export function keptStates(plan: DagPlan, stateOf: (taskId: string) => TaskState | undefined): WalkStates {
  const states = plan.tasks.map(({ id }) => stateOf(id));
  const stoppedEarly = plan.failFast && states.includes('failed');
  const kept: ('s' | 'k' | '.')[] = [];
  plan.tasks.forEach(({ upstream = [] }, i) => {
    const settled = upstream.every((edge) => kept[edgeUpstream(edge)] !== '.');
    const state = states[i];
    kept.push(settled && state === 'success' ? 's' : settled && state === 'skipped' && !stoppedEarly ? 'k' : '.');
  });
  return kept.join('');
}
