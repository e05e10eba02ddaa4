import type { DagPlan } from './plan.js';
import { edgeUpstream } from './walk-layout.js';

/**
 * The tasks of a run that is asked for some of them only, as indexes: those, all that comes before them, and the teardowns of every
 * setup among these, since what is set up is taken away again (R11). What else such a teardown waits for does not come with it. Ids
 * that the plan does not have are passed over. O(tasks + edges).
 */
export function selectedTasks({ tasks }: Pick<DagPlan, 'tasks'>, ids: readonly string[]): ReadonlySet<number> {
  const asked = new Set(ids);
  const selected = new Set(tasks.flatMap(({ id }, i) => (asked.has(id) ? [i] : [])));
  // A set is walked to its end, what is added on the way included.
  for (const task of selected) for (const edge of tasks[task]!.upstream ?? []) selected.add(edgeUpstream(edge));
  const teardowns = tasks.flatMap(({ teardown = [] }, i) => (teardown.some((setup) => selected.has(setup)) ? [i] : []));
  return new Set([...selected, ...teardowns].sort((a, b) => a - b));
}

/** The rest: what is left out of such a run. */
export function leftOutTasks(plan: Pick<DagPlan, 'tasks'>, ids: readonly string[]): ReadonlySet<number> {
  const selected = selectedTasks(plan, ids);
  return new Set(plan.tasks.flatMap((_, i) => (selected.has(i) ? [] : [i])));
}
