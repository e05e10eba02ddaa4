import type { IssueList } from '../dag/issue-list.js';
import { pointer } from '../dag/json-pointer.js';
import { RESOURCE_NAME } from '../dag/resources.js';
import type { ResourcesSpec } from '../dag/spec.js';
import { describe, isMap } from './shape-reader.js';

const MAX_RESOURCES = 20;

/** The shape of `resources`: names with numbers, texts or null. What is wrong is reported and left out. */
export function readResources(issues: IssueList, resources: unknown, path: string): ResourcesSpec | null | undefined {
  if (resources === undefined || resources === null) return resources;
  if (!isMap(resources)) {
    issues.error(
      'wrong_type',
      path,
      `must be a map of names to amounts, such as {cpu: 2, memory: 2GiB}, not ${describe(resources)}`,
    );
    return undefined;
  }
  const names = Object.keys(resources).sort();
  if (names.length > MAX_RESOURCES) {
    issues.error('invalid_value', path, `${names.length} resources; at most ${MAX_RESOURCES} are allowed`);
    return undefined;
  }
  const read: { [name: string]: number | string | null } = {};
  for (const name of names) {
    const amount = resources[name];
    const at = path + pointer(name);
    if (!RESOURCE_NAME.test(name))
      issues.error(
        'invalid_value',
        at,
        `'${name.slice(0, 60)}' cannot name a resource: use letters, digits and _, the first a letter, at most 63`,
      );
    else if (amount !== null && typeof amount !== 'number' && typeof amount !== 'string')
      issues.error('wrong_type', at, `must be a number, a size such as 512MiB, or an expression, not ${describe(amount)}`);
    else read[name] = amount;
  }
  return read;
}
