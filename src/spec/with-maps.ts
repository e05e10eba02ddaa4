import { expressionSource } from '../dag/expression/index.js';
import type { IssueList } from '../dag/issue-list.js';
import type { TaskType } from '../dag/task-type.js';
import { describe, isMap } from './shape-reader.js';

/** Fields of `with` that are a map, or one expression that gives a map. */
export const WITH_MAPS: { readonly [type in TaskType]?: readonly string[] } = {
  http: ['query', 'headers'],
  sql: ['inputs', 'parameters'],
  python: ['env'],
  shell: ['env'],
  dag: ['params'],
};

/** Reports and takes out what is neither a map nor one expression. */
export function checkMaps(
  issues: IssueList,
  names: readonly string[],
  fields: { [name: string]: unknown },
  path: string,
): void {
  for (const name of names) {
    const part = fields[name];
    if (part === undefined || part === null || isMap(part)) continue;
    if (typeof part === 'string' && expressionSource(part) !== undefined) continue;
    issues.error('wrong_type', `${path}/${name}`, `must be a map, or one expression that gives a map, not ${describe(part)}`);
    fields[name] = undefined;
  }
}
