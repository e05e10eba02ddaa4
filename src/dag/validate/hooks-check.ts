import { DurationError, parseDuration } from '../duration.js';
import { placedHooks } from '../hooks.js';
import { MAX_HOOK_MS } from '../limits.js';
import type { Checking } from './checking.js';
import { checkFields, checkQueueOf, checkUrl } from './task-fields.js';

const MAX_HOOKS = 10;

/** Fields of the hooks of a DAG (R12); their expressions are checked with those of the tasks. */
export function checkHooks(checking: Checking): void {
  const { spec, issues } = checking;
  for (const { on, hook, path, name } of placedHooks(spec.hooks)) {
    const list = spec.hooks?.[on];
    if (Array.isArray(list) && list.length > MAX_HOOKS) {
      if (hook === list[0])
        issues.error(
          'invalid_value',
          `/hooks/${on}`,
          `${list.length} hooks; at most ${MAX_HOOKS} are allowed for one occasion`,
        );
      continue;
    }
    checkFields(checking, hook, path);
    if (isTooLong(hook.timeout))
      issues.error('invalid_value', `${path}/timeout`, 'a hook has 5m at most; work that takes longer is a task');
    checkQueueOf(checking, name, hook, path);
    if (hook.type === 'http') checkUrl(checking, hook, path);
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
