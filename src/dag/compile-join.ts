import { joinNeedsFailure, renameTasks } from './join.js';
import { losingTasks } from './losing-tasks.js';
import type { JoinPlan, TaskPlan } from './plan.js';
import { quorumSize } from './quorum-size.js';
import type { ValidDag } from './spec.js';
import type { Analysis } from './validate/analysis.js';
import type { DownstreamRows } from './walk-layout.js';

/** Adds its join to a compiled task (R6). */
export function compileJoin(
  task: TaskPlan,
  dag: ValidDag,
  index: ReadonlyMap<string, number>,
  { joins }: Analysis,
  tasks: readonly TaskPlan[],
  down: DownstreamRows,
): TaskPlan {
  const join = dag.tasks[task.id]!.join;
  if (join === undefined) return task;
  return { ...task, join: typeof join === 'string' ? expression() : quorum(join) };

  function expression(): JoinPlan {
    const tree = renameTasks(joins.get(task.id)!, (id) => index.get(id) as number);
    return { expression: tree, ...(joinNeedsFailure(tree) ? { notifier: true as const } : {}) };
  }

  function quorum({ minSuccess, eager, cancelOthers }: Exclude<typeof join, string | undefined>): JoinPlan {
    return {
      minSuccess: quorumSize(minSuccess, task.upstream?.length ?? 0)!,
      ...(eager === false ? { eager } : {}),
      ...(cancelOthers === true ? { losers: losingTasks(tasks, down, index.get(task.id)!) } : {}),
    };
  }
}
