import { CancellationScope } from '@temporalio/workflow';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';

/**
 * Who may cancel what is started. Most tasks belong to the one scope of the loop, which costs nothing per task. A teardown belongs
 * to none: no cancel reaches clean-up (R11). A task that a join may find superfluous has one of its own inside the loop's (R6).
 */
export class TaskScopes {
  /** Undefined where no join of the plan cancels others: then nobody asks. */
  private readonly losers: ReadonlySet<number> | undefined;
  private readonly scopes = new Map<number, CancellationScope>();

  constructor(plan: DagPlan) {
    const losers = plan.tasks.flatMap(({ join }) => (join !== undefined && 'minSuccess' in join ? (join.losers ?? []) : []));
    this.losers = losers.length === 0 ? undefined : new Set(losers);
  }

  /** Starts something for a task where nobody, everybody or a join can cancel it. */
  start<T>(index: number, task: TaskPlan, start: () => Promise<T>): Promise<T> {
    if (task.teardown !== undefined) return CancellationScope.nonCancellable(start);
    if (this.losers?.has(index) !== true) return start();
    let scope = this.scopes.get(index);
    // The items of a map share one.
    if (scope === undefined) this.scopes.set(index, (scope = new CancellationScope()));
    return scope.run(start);
  }

  /** The task is over. */
  ended(index: number): void {
    if (this.losers !== undefined) this.scopes.delete(index);
  }

  /** Asks what was started for that task to stop; it ends by itself. */
  cancel(index: number): void {
    this.scopes.get(index)?.cancel();
  }
}
