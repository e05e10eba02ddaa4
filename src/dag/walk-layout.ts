import { type DagPlan, type EdgePlan, ON_SUCCESS } from './plan.js';

/** The two ends of an edge of the plan. */
export const edgeUpstream = (edge: EdgePlan): number => (typeof edge === 'number' ? edge : edge[0]);
/** Its ON_* bits. */
export const edgeOn = (edge: EdgePlan): number => (typeof edge === 'number' ? ON_SUCCESS : edge[1]);

/**
 * Downstream edges in compressed rows: those of task i stand at `offsets[i]` … `offsets[i + 1]` in `tasks` (the
 * downstream task) and `on` (ON_* bits).
 */
export interface DownstreamRows {
  readonly offsets: Uint32Array;
  readonly tasks: Uint32Array;
  readonly on: Uint8Array;
}

/** O(tasks + edges). */
export function downstreamRows(plan: Pick<DagPlan, 'tasks'>): DownstreamRows {
  const n = plan.tasks.length;
  const offsets = new Uint32Array(n + 1);
  for (const task of plan.tasks) for (const edge of task.upstream ?? []) offsets[edgeUpstream(edge) + 1]!++;
  for (let i = 0; i < n; i++) offsets[i + 1]! += offsets[i]!;
  const tasks = new Uint32Array(offsets[n]!);
  const on = new Uint8Array(offsets[n]!);
  const at = offsets.slice(0, n);
  for (let i = 0; i < n; i++) {
    for (const edge of plan.tasks[i]!.upstream ?? []) {
      const place = at[edgeUpstream(edge)]!++;
      tasks[place] = i;
      on[place] = edgeOn(edge);
    }
  }
  return { offsets, tasks, on };
}

/** Tasks in the order in which they are preferred: priority, then the longest chain behind, then the plan's order. */
export function rankedTasks(plan: DagPlan, { offsets, tasks }: DownstreamRows): Uint32Array {
  const n = plan.tasks.length;
  const height = new Uint32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    for (let e = offsets[i]!; e < offsets[i + 1]!; e++) height[i] = Math.max(height[i]!, height[tasks[e]!]! + 1);
  }
  const order = Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => (plan.tasks[a]!.priority ?? 3) - (plan.tasks[b]!.priority ?? 3) || height[b]! - height[a]! || a - b);
  return Uint32Array.from(order);
}
