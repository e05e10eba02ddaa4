import type { DagPlan } from '../../src/dag/plan.js';

/** Whether a cancel is meant for that task: one of `only`, or one of the whole run, which spares clean-up (R11). */
export function reaches(plan: DagPlan, task: number, only?: number): boolean {
  return only === undefined ? plan.tasks[task]!.teardown === undefined : task === only;
}
