import type { TaskPlan } from './plan.js';
import { sparedTasks } from './spared-tasks.js';
import type { ValidDag } from './spec.js';
import { branchInput } from './validate/branches.js';
import { conditionSource } from './validate/condition-source.js';
import type { DownstreamRows } from './walk-layout.js';

/** Adds its cases to a compiled task that is a branch (R8). */
export function compileBranch(
  task: TaskPlan,
  dag: ValidDag,
  index: ReadonlyMap<string, number>,
  down: DownstreamRows,
  at: number,
): TaskPlan {
  const input = branchInput(dag.tasks[task.id]);
  if (input === undefined) return task;
  const indexes = (ids: readonly string[]): number[] => [...new Set(ids)].map((id) => index.get(id) as number);
  const cases = input.cases.map(({ when, then }) => ({ when: conditionSource(when), targets: indexes(then) }));
  const otherwise = indexes(input.default ?? []);
  const spares = sparedTasks(down, at, [...cases.flatMap(({ targets }) => targets), ...otherwise]);
  return {
    ...task,
    branch: {
      match: input.match ?? 'first',
      cases,
      ...(otherwise.length === 0 ? {} : { otherwise }),
      ...(spares.length === 0 ? {} : { spares }),
    },
  };
}
