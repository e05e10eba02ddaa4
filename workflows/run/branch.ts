import type { BranchPlan } from '../../src/dag/plan.js';
import { type ConditionAnswer, conditionAnswer } from './condition-answer.js';
import type { Evaluated } from './run-values.js';

/** What a branch has chosen, in the order of its cases; or why it could not choose. */
export type Choice = { readonly chosen: readonly number[] } | { readonly error: string };

/**
 * Asks the cases of a branch one after the other (R8): with `match: first` none after the first that is true, so that a later
 * condition may rely on the earlier ones being false. `ask` evaluates one, at once or later.
 */
export function chooseTargets(
  { match, cases, otherwise }: BranchPlan,
  name: string,
  ask: (source: string, name: string, then: (answer: Evaluated) => void) => void,
  done: (choice: Choice) => void,
): void {
  const chosen: number[] = [];
  let matched = false;
  const from = (at: number): void => {
    const each = cases[at];
    if (each === undefined) return done({ chosen: matched ? chosen : (otherwise ?? []) });
    const where = `cases[${at}].when of task ${name}`;
    if (typeof each.when === 'boolean') return go(at, { value: each.when });
    ask(each.when, where, (answer) => go(at, conditionAnswer(answer, where)));
  };
  const go = (at: number, answer: ConditionAnswer): void => {
    if ('error' in answer) return done(answer);
    if (answer.value) {
      matched = true;
      for (const target of cases[at]!.targets) if (!chosen.includes(target)) chosen.push(target);
      if (match === 'first') return done({ chosen });
    }
    from(at + 1);
  };
  from(0);
}
