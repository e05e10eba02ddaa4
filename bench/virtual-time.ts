import type { DagPlan } from '../src/dag/plan.js';
import { Walk } from '../src/dag/walk.js';

/**
 * The makespan of the same walk without any overhead: tasks take exactly their time, everything between them takes none.
 * Time has no unit. Cost: O(tasks x active).
 */
export function makespanWithoutOverhead(plan: DagPlan, duration: (taskId: string) => number): number {
  const walk = new Walk(plan);
  const running = new Map<number, number>();
  let now = 0;
  while (!walk.isDone) {
    for (let step = walk.next(); step !== undefined; step = walk.next()) {
      walk.start(step.task);
      running.set(step.task, now + duration(plan.tasks[step.task]!.id));
    }
    if (running.size === 0) throw new Error('the walk stands still with nothing running');
    now = Math.min(...running.values());
    for (const [task, end] of [...running]) {
      if (end > now) continue;
      running.delete(task);
      walk.finish(task, 'success');
    }
  }
  return now;
}
