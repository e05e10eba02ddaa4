import { pointer } from '../json-pointer.js';
import type { BranchInput, TaskSpec } from '../spec.js';
import { type Checking, taskOf } from './checking.js';

/** Conditions of one branch: each is evaluated inside the walk. */
const MAX_CASES = 100;

/** Number of cases and targets of each branch (R8); its conditions are checked with all other expressions. O(tasks + targets). */
export function checkBranches(checking: Checking): void {
  const { spec, ids, issues, faults } = checking;
  for (const id of ids) {
    const input = branchInput(taskOf(spec, id));
    if (input === undefined || faults.opaque.has(id)) continue;
    const path = `${pointer('tasks', id)}/with`;
    for (const name of ['expand', 'zip'] as const) {
      if (taskOf(spec, id)?.[name] !== undefined)
        issues.error('not_allowed_with', pointer('tasks', id, name), 'a branch chooses once, so it cannot be a map');
    }
    if (input.cases.length === 0 || input.cases.length > MAX_CASES)
      issues.error('invalid_value', `${path}/cases`, `must be a list of 1 to ${MAX_CASES} cases, not ${input.cases.length}`);
    for (const [index, { then }] of input.cases.entries()) checkTargets(checking, id, then, `${path}/cases/${index}/then`);
    checkTargets(checking, id, input.default ?? [], `${path}/default`);
  }
}

/** `with` of a task whose type is branch and whose shape was right. */
export function branchInput(task: TaskSpec | undefined): BranchInput | undefined {
  return task?.type === 'branch' && task.with !== undefined ? (task.with as unknown as BranchInput) : undefined;
}

function checkTargets(checking: Checking, branch: string, targets: readonly string[], path: string): void {
  const { spec, ids, issues, faults, suggest } = checking;
  targets.forEach((target, index) => {
    const task = taskOf(spec, target);
    const shown = target.slice(0, 60);
    if (task === undefined) {
      if (!faults.dag.has('tasks'))
        issues.error('unknown_dependency', path + pointer(index), `there is no task '${shown}'${suggest.for(target, ids)}`);
    } else if (
      !faults.loose.has(target) &&
      !(task.dependsOn ?? []).some((entry) => (typeof entry === 'string' ? entry : entry.task) === branch)
    ) {
      issues.error(
        'branch_target_not_downstream',
        path + pointer(index),
        `'${shown}' does not wait for this branch, so it cannot be chosen; write dependsOn: [${branch}] there`,
      );
    }
  });
}
