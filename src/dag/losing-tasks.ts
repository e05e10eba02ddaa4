import type { TaskPlan } from './plan.js';
import { type DownstreamRows, edgeUpstream } from './walk-layout.js';

/**
 * Whom a join with `cancelOthers` may cancel once it starts (R6): its upstream tasks, and what leads to nothing but those. Setups
 * are spared unless the join names them: what they have half made, no teardown would take away; teardowns always. Ascending. Tasks
 * stand in topological order. O(tasks + edges).
 */
export function losingTasks(tasks: readonly TaskPlan[], { offsets, tasks: down }: DownstreamRows, join: number): number[] {
  const losing = new Set((tasks[join]!.upstream ?? []).map(edgeUpstream).filter((i) => tasks[i]!.teardown === undefined));
  for (let i = join - 1; i >= 0; i--) {
    if (losing.has(i) || tasks[i]!.setup === true || tasks[i]!.teardown !== undefined) continue;
    let wanted = true;
    for (let e = offsets[i]!; e < offsets[i + 1]!; e++) {
      const consumer = down[e]!;
      if (tasks[consumer]!.teardown !== undefined) continue;
      wanted = !losing.has(consumer);
      if (wanted) break;
    }
    if (!wanted) losing.add(i);
  }
  return [...losing].sort((a, b) => a - b);
}
