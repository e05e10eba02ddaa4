import { holdsExpression, type References } from '../expression/index.js';
import { pointer } from '../json-pointer.js';
import { amountOf, SIZES } from '../resources.js';
import type { ResourcesSpec, TaskSpec } from '../spec.js';
import type { Checking } from './checking.js';
import { checkTemplate, type IsUpstream, NeedsCollector, type Place } from './expressions.js';

/** The constants among resources: each is an amount of its kind, sizes with their unit. */
export function checkResources({ issues }: Checking, resources: ResourcesSpec | null | undefined, path: string): void {
  for (const [name, value] of Object.entries(resources ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === null || (typeof value === 'string' && holdsExpression(value))) continue;
    const amount = amountOf(name, value);
    const at = path + pointer(name);
    if (typeof amount !== 'number')
      issues.error(typeof value === 'string' && name !== 'cpu' ? 'bad_size' : 'invalid_value', at, amount.error);
    // What an expression computes are bytes; what somebody writes by hand most likely is not.
    else if (SIZES.includes(name) && typeof value === 'number')
      issues.error('bad_size', at, `${value} has no unit; write "${value}MiB" or "${value}B"`);
  }
}

/** The expressions among the resources of a task; they are evaluated in the walk, so nothing that they need is sent with it. */
export function checkResourceExpressions(checking: Checking, isUpstream: IsUpstream, id: string, task: TaskSpec): void {
  checkTexts(checking, isUpstream, task.resources, pointer('tasks', id, 'resources'), { task: id });
}

/** Those of `defaults`, which are of every task and so can name none. */
export function checkDefaultResources(checking: Checking): void {
  const path = '/defaults/resources';
  const references = checkTexts(checking, undefined, checking.spec.defaults?.resources, path, {});
  if (references.some(({ tasks }) => tasks.length > 0))
    checking.issues.error(
      'reference_not_upstream',
      path,
      'defaults are of every task, so their expressions can name none of them',
    );
}

function checkTexts(
  checking: Checking,
  isUpstream: IsUpstream,
  resources: ResourcesSpec | null | undefined,
  path: string,
  where: Partial<Place>,
): References[] {
  const unused = new NeedsCollector(checking);
  const place: Place = { name: 'resources', secrets: 'walk', ...where };
  return Object.entries(resources ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .flatMap(([name, text]) => checkTemplate(checking, isUpstream, text, path + pointer(name), place, unused).expressions)
    .map(({ expression }) => expression.references);
}
