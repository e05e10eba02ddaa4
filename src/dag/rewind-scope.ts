import type { DagPlan } from './plan.js';
import { type DownstreamRows, downstreamRows } from './walk-layout.js';

/**
 * What is done again when a run goes back to a task: it and everything downstream of it. Where a teardown among those has begun, what
 * its setups made is gone: these are done again too, with everything downstream of them (R11). O(those and their edges).
 */
export function rewindScope(
  { tasks }: Pick<DagPlan, 'tasks'>,
  { offsets, tasks: down }: DownstreamRows,
  to: number,
  hasBegun: (teardown: number) => boolean,
): ReadonlySet<number> {
  const scope = new Set([to]);
  // A set is walked to its end, what is added on the way included.
  for (const task of scope) {
    for (let e = offsets[task]!; e < offsets[task + 1]!; e++) scope.add(down[e]!);
    const { teardown = [] } = tasks[task]!;
    if (teardown.length > 0 && hasBegun(task)) for (const setup of teardown) scope.add(setup);
  }
  return scope;
}

/** All tasks that a rejection may ever send back; none where no approval of the plan says `rewindTo`. */
export function rewindable(plan: DagPlan): ReadonlySet<number> {
  const targets = new Set(plan.tasks.flatMap(({ approval }) => (approval?.rewindTo === undefined ? [] : [approval.rewindTo])));
  if (targets.size === 0) return targets;
  const down = downstreamRows(plan);
  return new Set([...targets].flatMap((to) => [...rewindScope(plan, down, to, () => true)]));
}
