import type { BranchPlan, DagPlan } from '../plan.js';
import type { ScriptedTask } from './script.js';

/** What a branch chooses, as indexes, in the order of its cases; or that one of its conditions cannot be evaluated (R8). */
export function choiceOf(
  { tasks }: DagPlan,
  { match, cases, otherwise = [] }: BranchPlan,
  { cases: answers = [], chosen }: ScriptedTask,
): readonly number[] | 'failed' {
  if (chosen !== undefined) return indexesOf(tasks, chosen);
  const found = new Set<number>();
  let matched = false;
  for (const [i, { when, targets }] of cases.entries()) {
    const answer = typeof when === 'boolean' ? when : (answers[i] ?? true);
    if (answer === 'error') return 'failed';
    if (!answer) continue;
    matched = true;
    for (const target of targets) found.add(target);
    if (match === 'first') break;
  }
  return matched ? [...found] : otherwise;
}

/** In the order of the plan. */
export function indexesOf(tasks: DagPlan['tasks'], ids: readonly string[]): readonly number[] {
  return tasks.flatMap(({ id }, i) => (ids.includes(id) ? [i] : []));
}
