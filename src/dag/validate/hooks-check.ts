import { DurationError, parseDuration } from '../duration.js';
import { placedHooks } from '../hooks.js';
import { pointer } from '../json-pointer.js';
import { MAX_HOOK_MS } from '../limits.js';
import { DAG_HOOKS, type HooksSpec, TASK_HOOKS } from '../spec.js';
import { type Checking, taskOf } from './checking.js';
import { checkFields, checkQueueOf } from './task-fields.js';
import { checkUrl } from './url-check.js';

const MAX_HOOKS = 10;

/** Fields of the hooks of the DAG, of `defaults` and of each task (R12); their expressions are checked with those of the tasks. */
export function checkHooks(checking: Checking): void {
  const { spec, ids } = checking;
  checkEach(checking, spec.hooks, DAG_HOOKS, '/hooks', 'hook');
  checkEach(checking, spec.defaults?.hooks, TASK_HOOKS, '/defaults/hooks', 'hook');
  for (const id of ids) checkEach(checking, taskOf(spec, id)?.hooks, TASK_HOOKS, pointer('tasks', id, 'hooks'), `${id} hook`);
}

function checkEach<Name extends string>(
  checking: Checking,
  hooks: HooksSpec<Name> | null | undefined,
  names: readonly Name[],
  place: string,
  called: string,
): void {
  const { issues } = checking;
  for (const { on, hook, path, name } of placedHooks(hooks, names, place, called)) {
    const list = hooks?.[on];
    if (Array.isArray(list) && list.length > MAX_HOOKS) {
      if (hook === list[0])
        issues.error(
          'invalid_value',
          `${place}/${on}`,
          `${list.length} hooks; at most ${MAX_HOOKS} are allowed for one occasion`,
        );
      continue;
    }
    checkFields(checking, hook, path);
    if (isTooLong(hook.timeout))
      issues.error('invalid_value', `${path}/timeout`, 'a hook has 5m at most; work that takes longer is a task');
    checkQueueOf(checking, name, hook, path);
    if (hook.type === 'http') checkUrl(checking, hook.with?.url, `${path}/with/url`);
  }
}

function isTooLong(timeout: string | null | undefined): boolean {
  try {
    return typeof timeout === 'string' && parseDuration(timeout) > MAX_HOOK_MS;
  } catch (error) {
    if (error instanceof DurationError) return false;
    throw error;
  }
}
