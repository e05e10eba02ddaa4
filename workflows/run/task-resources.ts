import type { Json } from '../../src/dag/json.js';
import { type Resources, type ResourcesPlan, resolveResources, resourceTemplates } from '../../src/dag/resources.js';
import type { Evaluated } from './run-values.js';

/** What a task is given, or why that cannot be said. */
export type GivenResources = { readonly amounts: Resources } | { readonly error: string };

/** Finds out what a task is given; `evaluate` is asked only where an expression says it. */
export function givenResources(
  taskId: string,
  plan: ResourcesPlan,
  evaluate: (template: Json, name: string, then: (answer: Evaluated) => void) => void,
  then: (given: GivenResources) => void,
): void {
  const templates = resourceTemplates(plan);
  const resolved = (answer: Evaluated): void => {
    if ('error' in answer) return then({ error: `resources of task ${taskId}: ${answer.error}` });
    const { output } = answer;
    // What is stored since it is large is no amount either.
    const given = resolveResources(plan, 'value' in output ? (output.value as { [name: string]: Json }) : {});
    then('error' in given ? { error: `resources of task ${taskId}: ${given.error}` } : given);
  };
  if (templates === undefined) resolved({ output: { value: {} } });
  else evaluate(templates, `${taskId}.resources`, resolved);
}
