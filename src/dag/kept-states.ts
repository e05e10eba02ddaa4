import type { DagPlan, TaskPlan } from './plan.js';
import type { TaskState } from './state.js';
import { edgeUpstream } from './walk-layout.js';
import type { WalkStates } from './walk-states.js';

/**
 * What a further attempt keeps of the one before, for the walk to be seeded with: tasks that succeeded, and those that were
 * skipped, as long as nothing upstream of them runs again. Where failFast stopped the run, skipped ones are asked anew, since
 * it was not their rule that skipped them. What a setup made is gone once its teardown ran: where anything runs again that the
 * teardown comes after, both do (R11). A teardown that failed is done again by itself: nobody works with what it takes away. Who lost
 * to a join stays cancelled as long as nothing before the join runs again: the race is over, and what the winner led to is not done
 * twice (R6). O(tasks + edges), for each task that is found to run again once more.
 */
export function keptStates(plan: DagPlan, stateOf: (taskId: string) => TaskState | undefined): WalkStates {
  const states = plan.tasks.map(({ id }) => stateOf(id));
  const stoppedEarly = plan.failFast && states.includes('failed');
  const lost = lostTasks(plan, states);
  const again = new Set<number>();
  const letterOf = (task: number): 's' | 'k' | 'c' | '.' => {
    if (again.has(task)) return '.';
    if (states[task] === 'success') return 's';
    if (states[task] === 'skipped') return stoppedEarly ? '.' : 'k';
    return lost.has(task) ? 'c' : '.';
  };
  for (;;) {
    const kept: ReturnType<typeof letterOf>[] = [];
    const before = again.size;
    plan.tasks.forEach((task, i) => {
      const { upstream = [], teardown = [] } = task;
      const settled = upstream.every((edge) => kept[edgeUpstream(edge)] !== '.');
      kept.push(settled ? letterOf(i) : '.');
      if (settled) return;
      for (const setup of teardown) if (states[setup] === 'success') again.add(setup);
      for (const loser of losersOf(task)) if (lost.has(loser)) again.add(loser);
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

/** Tasks that were cancelled for a join that has started. */
function lostTasks({ tasks }: DagPlan, states: readonly (TaskState | undefined)[]): ReadonlySet<number> {
  const started = tasks.filter((_, i) => states[i] === 'success' || states[i] === 'failed');
  return new Set(started.flatMap(losersOf).filter((loser) => states[loser] === 'cancelled'));
}

function losersOf({ join }: TaskPlan): readonly number[] {
  return (join !== undefined && 'minSuccess' in join ? join.losers : undefined) ?? [];
}
