import type { IssueList } from '../dag/issue-list.js';
import { pointer } from '../dag/json-pointer.js';
import type { TaskType } from '../dag/task-type.js';
import { describe, isMap } from './shape-reader.js';

/** Reads the `with` of one type; false where it lacks something (`readTask` does the same for tasks). */
export type WithReader = (type: TaskType, fields: { [name: string]: unknown }, path: string) => boolean;

/** The rest of the shape of `hooks`: the `with` of each hook, by its type. Hooks that are not whole are left out; issues say why. */
export function readHooks(issues: IssueList, hooks: unknown, path: string, readWith: WithReader): void {
  if (!isMap(hooks)) return;
  const named = hooks as { [name: string]: unknown };
  for (const name of Object.keys(named)) {
    const at = path + pointer(name);
    const part = named[name];
    if (!Array.isArray(part)) {
      if (!readHook(issues, part, at, readWith)) delete named[name];
    } else if (part.length === 0) {
      issues.error('invalid_value', at, 'the list of hooks is empty; write one, or leave it out');
      delete named[name];
    } else {
      const whole = part.map((hook: unknown, index) => readHook(issues, hook, at + pointer(index), readWith));
      if (whole.includes(false)) delete named[name];
    }
  }
}

function readHook(issues: IssueList, hook: unknown, path: string, readWith: WithReader): boolean {
  if (!isMap(hook) || typeof hook.type !== 'string') return false;
  const fields = hook as { [name: string]: unknown };
  if (fields.when !== undefined && typeof fields.when !== 'string' && typeof fields.when !== 'boolean') {
    issues.error(
      'wrong_type',
      `${path}/when`,
      `must be an expression "\${{ ... }}", true or false, not ${describe(fields.when)}`,
    );
    return false;
  }
  const whole = readWith(hook.type as TaskType, fields, path);
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return whole;
}

/** The hooks of a list of deadlines; one that is not whole is left out. */
export function readDeadlines(issues: IssueList, deadlines: unknown, path: string, readWith: WithReader): void {
  if (!Array.isArray(deadlines)) return;
  deadlines.forEach((deadline: { hook?: unknown }, n) => {
    if (deadline.hook !== undefined && !readHook(issues, deadline.hook, `${path}${pointer(n)}/hook`, readWith))
      delete deadline.hook;
  });
}
