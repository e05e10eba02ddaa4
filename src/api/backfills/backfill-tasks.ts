import type { DagSpec } from '../../dag/spec.js';
import { Suggest } from '../../dag/suggest.js';
import { type FieldError, Problem } from '../errors/problem.js';

/** Throws 422 `unknown_task`, with the nearest name, for each task that the DAG does not have. */
export function checkTasks(tasks: readonly string[], { id, tasks: known }: DagSpec): void {
  const names = Object.keys(known);
  const suggest = new Suggest();
  const errors = tasks.flatMap((task, i): FieldError[] =>
    Object.hasOwn(known, task)
      ? []
      : [{ pointer: `/tasks/${i}`, detail: `the DAG ${id} has no task '${task}'${suggest.for(task, names)}` }],
  );
  if (errors.length === 0) return;
  const told = errors.slice(0, 5).map(({ detail }) => detail);
  throw new Problem('unknown_task', `${told.join('; ')}.`, { errors });
}
