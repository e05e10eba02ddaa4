import { CancellationScope } from '@temporalio/workflow';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import { hearsOfCancel } from './dispatch.js';

/**
 * Who may cancel what is started. Most tasks belong to the one scope of the loop, which costs nothing per task. A teardown belongs
 * to none: no cancel reaches clean-up (R11). A task that a join may find superfluous (R6), a rejection send back, or a deadline
 * end, has one of its own inside the loop's.
 */
export class TaskScopes {
  /** Undefined where nothing in the plan cancels single tasks: then nobody asks. */
  private readonly alone: ReadonlySet<number> | undefined;
  private readonly scopes = new Map<number, CancellationScope>();

  constructor(
    private readonly plan: DagPlan,
    rewindable: ReadonlySet<number>,
  ) {
    const losers = plan.tasks.flatMap(({ join }) => (join !== undefined && 'minSuccess' in join ? (join.losers ?? []) : []));
    const timed = (plan.deadlines ?? []).flatMap(({ task, behavior }) =>
      task === undefined || behavior === undefined ? [] : [task],
    );
    const alone = new Set([...losers, ...rewindable, ...timed]);
    this.alone = alone.size === 0 ? undefined : alone;
  }

  /** Starts something for a task where nobody, everybody, or also a join or a rejection can cancel it. */
  start<T>(index: number, task: TaskPlan, start: () => Promise<T>): Promise<T> {
    if (task.teardown !== undefined) return CancellationScope.nonCancellable(start);
    if (this.alone?.has(index) !== true) return start();
    let scope = this.scopes.get(index);
    // The items of a map share one.
    if (scope === undefined) this.scopes.set(index, (scope = new CancellationScope()));
    return scope.run(start);
  }

  /** The task is over. */
  ended(index: number): void {
    if (this.alone !== undefined) this.scopes.delete(index);
  }

  /** Asks what was started for that task to stop; it ends by itself. */
  cancel(index: number): void {
    this.scopes.get(index)?.cancel();
  }

  /**
   * The task is sent back: what still runs of it is asked to stop, unless it would not hear of that; Temporal would call it over, and
   * it would run beside the task's next round.
   */
  letGo(index: number): void {
    const { activity } = this.plan.tasks[index]!;
    if (activity === undefined || hearsOfCancel(activity)) this.cancel(index);
    this.scopes.delete(index);
  }
}
