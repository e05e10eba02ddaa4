import type { BranchPlan } from './plan.js';
import type { DownstreamRows } from './walk-layout.js';

/**
 * For each target of a branch, the direct downstream tasks of the branch that also come after that target: they are not skipped
 * when it is chosen (R8). Targets that spare nobody are left out. O(targets x (tasks + edges)).
 */
export function sparedTasks(
  { offsets, tasks }: DownstreamRows,
  branch: number,
  targets: Iterable<number>,
): NonNullable<BranchPlan['spares']> {
  const direct = tasks.slice(offsets[branch]!, offsets[branch + 1]!);
  if (direct.length < 2) return [];
  const spares: [number, number[]][] = [];
  for (const target of [...new Set(targets)].sort((a, b) => a - b)) {
    const after = new Set<number>();
    const stack = [target];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (let e = offsets[at]!; e < offsets[at + 1]!; e++) {
        const next = tasks[e]!;
        if (after.has(next)) continue;
        after.add(next);
        stack.push(next);
      }
    }
    const spared = [...direct].filter((task) => after.has(task));
    if (spared.length > 0) spares.push([target, spared]);
  }
  return spares;
}
