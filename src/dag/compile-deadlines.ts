import { compileHook, type HookCompiler } from './compile-hooks.js';
import type { DeadlinePlan } from './deadline-plan.js';
import { parseDuration } from './duration.js';
import { deadlineName } from './hooks.js';
import type { DeadlineSpec } from './spec.js';

/** The deadlines of the DAG, then those of its tasks in the order of the plan. */
export function compileDeadlines(compiler: HookCompiler, order: readonly string[]): DeadlinePlan[] {
  const { dag } = compiler;
  return [
    ...(dag.deadlines ?? []).map((deadline, n) => compileDeadline(compiler, deadline, n)),
    ...order.flatMap((id, task) =>
      (dag.tasks[id]!.deadlines ?? []).map((deadline, n) => ({ task, ...compileDeadline(compiler, deadline, n, id) })),
    ),
  ];
}

function compileDeadline(
  compiler: HookCompiler,
  { reference, interval, at, behavior, hook }: DeadlineSpec,
  n: number,
  task?: string,
): DeadlinePlan {
  return {
    reference,
    intervalMs: interval === undefined ? 0 : parseDuration(interval),
    ...(at === undefined ? {} : { at }),
    ...(behavior === undefined || behavior === 'alert' ? {} : { behavior }),
    ...(hook === undefined ? {} : { hook: compileHook(compiler, deadlineName(n, task), hook, compiler.dag.defaults) }),
  };
}
