import { type JoinTree, joinNeedsFailure } from '../join.js';
import { pointer } from '../json-pointer.js';
import { type DependencySpec, type EdgeCondition, isTeardown, type TriggerRule } from '../spec.js';
import { type Checking, taskOf } from './checking.js';
import type { CheckedGraph } from './edges.js';
import { effective } from './effective.js';

interface Consumer {
  readonly id: string;
  /** It runs because something failed, and so decides nothing about the run (R7). */
  readonly notifier: boolean;
  /** It ends upstream_failed when this one upstream has failed. */
  readonly passesOn: boolean;
}

/**
 * Warns where a failed task would leave the run green although nothing was made to rescue it (R7): all that follows it runs
 * all the same (`all_done`, `completion` ...), and no other leaf notices. One warning per task that hides. O(tasks + edges).
 */
export function warnOfHiddenFailures(checking: Checking, { order }: CheckedGraph, joins: Joins): void {
  if (order === undefined) return;
  const consumers = consumersOf(checking, joins);
  const visible = new Set<string>();
  const hidden = new Map<string, string[]>();
  for (let i = order.length - 1; i >= 0; i--) {
    const id = order[i] as string;
    const task = taskOf(checking.spec, id);
    if (isTeardown(task)) continue;
    const deciding = (consumers.get(id) ?? []).filter(({ notifier }) => !notifier);
    if (deciding.length === 0 || deciding.some((each) => each.passesOn && visible.has(each.id))) {
      visible.add(id);
      continue;
    }
    const absorbing = deciding.find(({ passesOn }) => !passesOn);
    if (absorbing === undefined || task === undefined || effective(checking.spec.defaults, task).allowFailure === true)
      continue;
    (hidden.get(absorbing.id) ?? hidden.set(absorbing.id, []).get(absorbing.id))?.push(id);
  }
  for (const [id, tasks] of hidden) {
    const named =
      tasks
        .reverse()
        .slice(0, 3)
        .map((task) => `'${task}'`)
        .join(', ') + (tasks.length > 3 ? ` and ${tasks.length - 3} more` : '');
    checking.issues.warning(
      'failure_may_be_hidden',
      pointer('tasks', id),
      `'${id}' runs even when ${named} failed, and the run can then end as a success; where that is not meant, let another task depend on ${tasks.length === 1 ? 'it' : 'them'} by success`,
    );
  }
}

type Joins = ReadonlyMap<string, JoinTree<string>>;

function consumersOf({ spec, ids, faults }: Checking, joins: Joins): Map<string, Consumer[]> {
  const consumers = new Map<string, Consumer[]>();
  for (const id of ids) {
    const task = taskOf(spec, id);
    if (task === undefined || isTeardown(task)) continue;
    const dependsOn = task.dependsOn ?? [];
    const rule = task.join === undefined ? effective(spec.defaults, task).triggerRule : undefined;
    const tree = joins.get(id);
    const needsFailure = tree !== undefined && joinNeedsFailure(tree);
    for (const entry of dependsOn) {
      const upstream = typeof entry === 'string' ? entry : entry.task;
      const on = typeof entry === 'string' ? ['success' as const] : conditionsOf(entry);
      const consumer = {
        id,
        notifier: on.every((each) => each === 'failure') || rule === 'one_failed' || rule === 'all_failed' || needsFailure,
        passesOn:
          faults.loose.has(id) ||
          faults.opaque.has(id) ||
          // A join says itself which failures it puts up with.
          task.join !== undefined ||
          passesOn(on, rule ?? 'all_success', dependsOn.length),
      };
      const list = consumers.get(upstream);
      if (list === undefined) consumers.set(upstream, [consumer]);
      else list.push(consumer);
    }
  }
  return consumers;
}

function conditionsOf(entry: DependencySpec): readonly EdgeCondition[] {
  return entry.on === undefined ? ['success'] : typeof entry.on === 'string' ? [entry.on] : entry.on;
}

/** Whether the task ends upstream_failed when this upstream has failed and all others are a success. */
function passesOn(on: readonly EdgeCondition[], rule: TriggerRule, upstreams: number): boolean {
  if (on.includes('completion') || on.includes('failure')) return false;
  if (rule === 'all_success' || rule === 'none_failed' || rule === 'none_failed_min_one_success') return true;
  return (rule === 'one_success' || rule === 'all_done_min_one_success') && upstreams === 1;
}
