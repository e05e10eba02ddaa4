import type { JsonObject } from '../json.js';
import { pointer } from '../json-pointer.js';
import { checkSchema, validateJson } from '../json-schema.js';
import type { TaskSpec } from '../spec.js';
import { type Checking, taskOf } from './checking.js';
import type { IsUpstream } from './expressions.js';

const MAX_INPUTS = 50;
const MAX_APPROVERS = 100;

/** What an approval asks for, and whom. */
export function checkApproval({ issues }: Checking, task: TaskSpec, path: string): void {
  const { inputs = {}, approvers = [], maxRewinds, rewindTo, message } = (task.with ?? {}) as JsonObject;
  if (message === '') issues.error('invalid_value', `${path}/message`, 'the message is empty; say what is asked');
  const schemas = Object.entries(inputs as { readonly [name: string]: JsonObject });
  if (schemas.length > MAX_INPUTS)
    issues.error('invalid_value', `${path}/inputs`, `${schemas.length} inputs; at most ${MAX_INPUTS} are allowed`);
  for (const [name, schema] of schemas.slice(0, MAX_INPUTS)) {
    const at = `${path}/inputs${pointer(name)}`;
    const problems = checkSchema(schema);
    for (const problem of problems) issues.error('invalid_json_schema', `${at}${problem.pointer}`, problem.message);
    if (problems.length > 0 || schema.default === undefined) continue;
    for (const { pointer: where, message: why } of validateJson(schema, schema.default))
      issues.error('param_default_invalid', `${at}/default${where}`, `the default of input '${name.slice(0, 60)}' ${why}`);
  }
  const names = approvers as readonly string[];
  if (names.length > MAX_APPROVERS)
    issues.error('invalid_value', `${path}/approvers`, `${names.length} approvers; at most ${MAX_APPROVERS} are allowed`);
  names.slice(0, MAX_APPROVERS).forEach((name, i) => {
    if (name.trim() === '' || name.length > 256)
      issues.error('invalid_value', `${path}/approvers/${i}`, 'the name of an approver has 1 to 256 characters');
  });
  if (maxRewinds !== undefined && rewindTo === undefined)
    issues.error('not_allowed_with', `${path}/maxRewinds`, "'maxRewinds' means nothing without 'rewindTo'; leave it out");
}

/** A rejection can only go back to what the approval comes after. */
export function checkRewind(checking: Checking, isUpstream: IsUpstream, id: string, task: TaskSpec, path: string): void {
  const to = task.with?.rewindTo;
  if (typeof to !== 'string' || isUpstream === undefined || checking.faults.dag.has('tasks')) return;
  const known = taskOf(checking.spec, to) !== undefined;
  if (known && to !== id && isUpstream(to, id)) return;
  checking.issues.error(
    'rewind_not_upstream',
    path,
    known
      ? `task '${to.slice(0, 60)}' is not upstream of '${id}', so a rejection cannot go back to it`
      : `there is no task '${to.slice(0, 60)}'${checking.suggest.for(to, checking.ids)}; a rejection goes back to an upstream task`,
  );
}
