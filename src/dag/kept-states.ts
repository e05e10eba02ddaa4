import type { DagPlan } from './plan.js';
import type { TaskState } from './state.js';
import { edgeUpstream } from './walk-layout.js';
import type { WalkStates } from './walk-states.js';

/**
 * What a further attempt keeps of the one before, for the walk to be seeded with: tasks that succeeded, and those that were
 * skipped, as long as nothing upstream of them runs again. Where failFast stopped the run, skipped ones are asked anew, since
 * it was not their rule that skipped them. What a setup made is gone once its teardown ran: where anything runs again that the
 * teardown comes after, both do (R11). A teardown that failed is done again by itself: nobody works with what it takes away.
 * O(tasks + edges), for each setup that is found to run again once more.
 */
export function keptStates(plan: DagPlan, stateOf: (taskId: string) => TaskState | undefined): WalkStates {
  const states = plan.tasks.map(({ id }) => stateOf(id));
  const stoppedEarly = plan.failFast && states.includes('failed');
  const again = new Set<number>();
  for (;;) {
    const kept: ('s' | 'k' | '.')[] = [];
    const before = again.size;
    plan.tasks.forEach(({ upstream = [], teardown = [] }, i) => {
      const settled = upstream.every((edge) => kept[edgeUpstream(edge)] !== '.');
      const state = again.has(i) ? undefined : states[i];
      kept.push(settled && state === 'success' ? 's' : settled && state === 'skipped' && !stoppedEarly ? 'k' : '.');
      if (!settled) for (const setup of teardown) again.add(setup);
    });
    if (again.size === before) return kept.join('');
  }
}

/**
 * Tasks that are done again although nothing changed before them: what led to them is kept, and no teardown takes away what they
 * made. Of maps among them the items that succeeded can be kept as well. O(tasks + edges).
 */
export function resumedTasks(plan: DagPlan, kept: WalkStates): readonly number[] {
  const takenAway = new Set(plan.tasks.flatMap(({ teardown = [] }, i) => (kept[i] === '.' ? teardown : [])));
  return plan.tasks.flatMap(({ upstream = [] }, i) => {
    const isResumed = kept[i] === '.' && !takenAway.has(i) && upstream.every((edge) => kept[edgeUpstream(edge)] !== '.');
    return isResumed ? [i] : [];
  });
}
