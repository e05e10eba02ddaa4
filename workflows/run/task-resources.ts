import type { Json } from '../../src/dag/json.js';
import { type Resources, type ResourcesPlan, resolveResources, resourceTemplates } from '../../src/dag/resources.js';
import type { Evaluated } from './run-values.js';

/** What a task is given, or why that cannot be said. */
export type GivenResources = { readonly amounts: Resources } | { readonly error: string };

/** Finds out what a task is given; asks `evaluate` only where an expression says it. A promise where that gives one. */
export function givenResources(
  taskId: string,
  plan: ResourcesPlan,
  evaluate: (template: Json, name: string) => Evaluated | Promise<Evaluated>,
): GivenResources | Promise<GivenResources> {
  const templates = resourceTemplates(plan);
  const answer: Evaluated | Promise<Evaluated> =
    templates === undefined ? { output: { value: {} } } : evaluate(templates, `${taskId}.resources`);
  const resolved = (evaluated: Evaluated): GivenResources => {
    if ('error' in evaluated) return { error: `resources of task ${taskId}: ${evaluated.error}` };
    const { output } = evaluated;
    // What is stored since it is large is no amount either.
    const given = resolveResources(plan, 'value' in output ? (output.value as { [name: string]: Json }) : {});
    return 'error' in given ? { error: `resources of task ${taskId}: ${given.error}` } : given;
  };
  return answer instanceof Promise ? answer.then(resolved) : resolved(answer);
}
