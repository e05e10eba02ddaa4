import { type PlacedHook, placedHooks } from '../hooks.js';
import { pointer } from '../json-pointer.js';
import { retryHooksBy } from '../retry-hooks.js';
import { TASK_HOOKS, type TaskHook, type TaskSpec } from '../spec.js';
import type { Needs } from './analysis.js';
import type { Checking } from './checking.js';
import { effective } from './effective.js';
import { type IsUpstream, NeedsCollector, type Place } from './expressions.js';
import { isMapped } from './map-fields.js';
import { checkCondition, checkWith, secretsOf } from './with-expressions.js';

/**
 * The hooks of a task, under names that no task id can be: blanks are outside of the alphabet. What those between attempts need is sent
 * with the task: its own activity carries them out.
 */
export function checkTaskHooks(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  task: TaskSpec,
  ofDefaults: ReadonlyMap<string, HookNeeds>,
  needs: Map<string, Needs>,
  ofTask: NeedsCollector,
): void {
  const found = task.hooks === undefined ? [...ofDefaults] : [];
  for (const placed of placedHooks(task.hooks, TASK_HOOKS, pointer('tasks', id, 'hooks'), `${id} hook`)) {
    const where = placed.on === 'retry' ? ({ hook: 'retry', item: isMapped(task) } as const) : ({ hook: 'task' } as const);
    found.push([placed.name, { on: placed.on, needs: checkHook(checking, isUpstream, placed, { ...where, task: id }) }]);
  }
  const repeated = retryHooksBy(task.type, effective(checking.spec.defaults, task).queue, checking.ownQueues) !== undefined;
  for (const [name, hook] of found) {
    needs.set(task.hooks === undefined ? `${id} ${name}` : name, hook.needs);
    if (hook.on === 'retry' && repeated) ofTask.addAll(hook.needs);
  }
}

/** A hook of a task, and what its expressions name. */
export interface HookNeeds {
  readonly on: TaskHook;
  readonly needs: Needs;
}

/** What the hooks of `defaults` name, by their names; they are of every task, so they can name none by its id. */
export function defaultHooks(checking: Checking): ReadonlyMap<string, HookNeeds> {
  const found = new Map<string, HookNeeds>();
  for (const placed of placedHooks(checking.spec.defaults?.hooks, TASK_HOOKS, '/defaults/hooks')) {
    const needs = checkHook(checking, undefined, placed, { hook: placed.on === 'retry' ? 'retry' : 'task' });
    if (needs.tasks.size > 0)
      checking.issues.error(
        'reference_not_upstream',
        placed.path,
        'defaults are of every task, so their hooks can name none by its id; `task` is the one that has ended',
      );
    found.set(placed.name, { on: placed.on, needs });
  }
  return found;
}

/** One hook; answers what it names. */
export function checkHook(
  checking: Checking,
  isUpstream: IsUpstream,
  { hook, path, name }: PlacedHook<string>,
  where: Pick<Place, 'hook' | 'task' | 'item' | 'local'>,
): Needs {
  const needs = new NeedsCollector(checking);
  const place: Place = { ...where, name, secrets: 'walk' };
  if (typeof hook.when === 'string') checkCondition(checking, isUpstream, hook.when, `${path}/when`, place, needs);
  if (hook.with !== undefined)
    checkWith(checking, isUpstream, hook, `${path}/with`, needs, {
      ...place,
      // Between attempts a hook stays with a worker of ours, whatever queue `defaults` name.
      secrets: where.hook === 'retry' ? 'allowed' : secretsOf(checking, hook),
    });
  return needs.result();
}
