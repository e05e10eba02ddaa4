import type { DagSpec, TaskDefaults } from '../../dag/spec.js';

/** The task by which each interval waits for the one before it (`dependsOnPast`), so that they go oldest first; undefined = there is none. */
export function goesOldestFirst({ tasks, defaults }: Pick<DagSpec, 'tasks' | 'defaults'>): string | undefined {
  const past = ({ dependsOnPast }: Pick<TaskDefaults, 'dependsOnPast'> = {}): boolean =>
    dependsOnPast !== undefined && dependsOnPast !== null && dependsOnPast !== false;
  return Object.keys(tasks).find((id) => (tasks[id]!.dependsOnPast === undefined ? past(defaults) : past(tasks[id])));
}
