import { DurationError, parseDuration } from '../duration.js';
import { placedHooks } from '../hooks.js';
import { pointer } from '../json-pointer.js';
import { MAX_HOOK_MS } from '../limits.js';
import { retryHooksBy } from '../retry-hooks.js';
import { DAG_HOOKS, type HookSpec, type HooksSpec, TASK_HOOKS, type TaskSpec } from '../spec.js';
import { type Checking, taskOf } from './checking.js';
import { effective } from './effective.js';
import { checkInput } from './input-check.js';
import { checkFields, checkQueueOf } from './task-fields.js';

const MAX_HOOKS = 10;

/** Fields of the hooks of the DAG, of `defaults` and of each task (R12); their expressions are checked with those of the tasks. */
export function checkHooks(checking: Checking): void {
  const { spec, ids } = checking;
  checkEach(checking, spec.hooks, DAG_HOOKS, '/hooks', 'hook');
  checkEach(checking, spec.defaults?.hooks, TASK_HOOKS, '/defaults/hooks', 'hook');
  for (const id of ids) {
    const task = taskOf(spec, id);
    const path = pointer('tasks', id, 'hooks');
    checkEach(checking, task?.hooks, TASK_HOOKS, path, `${id} hook`);
    if (task?.hooks?.retry !== undefined && !checking.faults.opaque.has(id))
      checkHasAttempts(checking, id, task, `${path}/retry`);
  }
}

/** Hooks between attempts are of tasks that we try again; as a default they reach those only. */
function checkHasAttempts({ issues, spec, ownQueues }: Checking, id: string, task: TaskSpec, path: string): void {
  if (retryHooksBy(task.type, effective(spec.defaults, task).queue, ownQueues) !== undefined) return;
  const why =
    task.type === 'activity'
      ? `task '${id}' runs on another worker, and between its attempts nobody of this service does anything; let that worker do it`
      : `'retry' means nothing for type ${task.type}, which has no further attempts; leave it out`;
  issues.error('not_allowed_with', path, why);
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
    // Between attempts a hook goes to no queue.
    checkHookFields(checking, hook, path, on === 'retry' ? undefined : name);
  }
}

/** The fields of one hook; `name`, where it goes to a queue. */
export function checkHookFields(checking: Checking, hook: HookSpec, path: string, name: string | undefined): void {
  checkFields(checking, hook, path);
  if (isTooLong(hook.timeout))
    checking.issues.error('invalid_value', `${path}/timeout`, 'a hook has 5m at most; work that takes longer is a task');
  if (name !== undefined) checkQueueOf(checking, name, hook, path);
  checkInput(checking, hook, path);
}

function isTooLong(timeout: string | null | undefined): boolean {
  try {
    return typeof timeout === 'string' && parseDuration(timeout) > MAX_HOOK_MS;
  } catch (error) {
    if (error instanceof DurationError) return false;
    throw error;
  }
}
