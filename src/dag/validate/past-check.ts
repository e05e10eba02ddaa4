import { pointer } from '../json-pointer.js';
import type { TaskSpec } from '../spec.js';
import { isTeardown } from '../spec.js';
import { type Checking, taskOf } from './checking.js';

/** `dependsOnPast` of `defaults` and of each task: dated runs that follow each other are what it is about (R26). */
export function checkPast(checking: Checking): void {
  const { spec, ids, issues } = checking;
  const ofDefaults = spec.defaults?.dependsOnPast;
  if (Array.isArray(ofDefaults) && !checking.inline)
    issues.error(
      'invalid_value',
      '/defaults/dependsOnPast',
      'defaults are of every task, so they name none; write true, or the list at the task',
    );
  else if (ofDefaults === true && !checking.inline) checkCatchUp(checking, '/defaults/dependsOnPast');
  for (const id of ids) {
    const task = taskOf(spec, id);
    if (task?.dependsOnPast === undefined || task.dependsOnPast === null || task.dependsOnPast === false) continue;
    checkTask(checking, id, task, pointer('tasks', id, 'dependsOnPast'));
  }
}

function checkTask(checking: Checking, id: string, task: TaskSpec, path: string): void {
  const { ids, issues, suggest, spec, faults } = checking;
  if (checking.inline) {
    issues.error(
      'not_allowed_with',
      path,
      `a SubDAG has no date of its own, so task '${id}' has no past; write it at the task of type dag`,
    );
    return;
  }
  if (isTeardown(task)) {
    issues.error(
      'not_allowed_with',
      path,
      `a teardown waits for nothing but what it cleans up after; leave 'dependsOnPast' out`,
    );
    return;
  }
  checkCatchUp(checking, path);
  if (!Array.isArray(task.dependsOnPast)) return;
  const seen = new Set<string>();
  (task.dependsOnPast as readonly string[]).forEach((other, index) => {
    const at = `${path}${pointer(index)}`;
    if (seen.has(other)) issues.error('duplicate_dependency', at, `'${other.slice(0, 60)}' stands in the list already`);
    else if (!Object.hasOwn(spec.tasks, other) && !faults.dag.has('tasks'))
      issues.error('unknown_dependency', at, `there is no task '${other.slice(0, 60)}'${suggest.for(other, ids)}`);
    seen.add(other);
  });
}

/** Without catching up, a date that was missed would let the next one go on from the one before it, as if nothing were missing. */
function checkCatchUp({ spec, issues }: Checking, path: string): void {
  if (spec.schedule === undefined || spec.schedule === null || spec.catchup === true) return;
  issues.error(
    'not_allowed_with',
    path,
    "'dependsOnPast' wants each interval to have its run, and without 'catchup: true' those that were missed have none; write 'catchup: true', or leave it out",
  );
}
