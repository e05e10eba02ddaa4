import type { References } from '../expression/index.js';
import { placedHooks } from '../hooks.js';
import type { JoinTree } from '../join.js';
import type { Json } from '../json.js';
import { pointer } from '../json-pointer.js';
import { Reachability } from '../reachability.js';
import { DAG_HOOKS, type TaskSpec } from '../spec.js';
import type { Needs } from './analysis.js';
import { checkRewind } from './approval-fields.js';
import { checkBranches } from './branches.js';
import { type Checking, taskOf } from './checking.js';
import { checkDeadlineExpressions } from './deadlines-check.js';
import type { CheckedGraph } from './edges.js';
import { checkTemplate, type IsUpstream, NeedsCollector, type Place } from './expressions.js';
import { checkHook, checkTaskHooks, defaultHooks } from './hook-expressions.js';
import { checkJoins } from './joins.js';
import { checkMapExpressions, isMapped } from './map-fields.js';
import { checkDefaultResources, checkResourceExpressions } from './resources-check.js';
import { checkCondition, checkWith, secretsOf } from './with-expressions.js';

/** What the expressions of a DAG come to. */
export interface CheckedExpressions {
  /** What each task's expressions name. */
  readonly needs: ReadonlyMap<string, Needs>;
  readonly joins: ReadonlyMap<string, JoinTree<string>>;
}

/** Every expression of the DAG: `when`, `join` and `with` of each task, and `outputs` (R14). */
export function checkExpressions(checking: Checking, checked: CheckedGraph | undefined): CheckedExpressions {
  const needs = new Map<string, Needs>();
  const { limits, issues, spec } = checking;
  const count =
    countExpressions(spec.outputs) +
    countExpressions(spec.hooks as Json | undefined) +
    countExpressions(spec.deadlines as Json | undefined) +
    checking.ids.reduce((sum, id) => {
      const task = taskOf(spec, id);
      return (
        sum +
        countExpressions(task?.with) +
        countExpressions(task?.expand) +
        countExpressions(task?.zip) +
        countExpressions(task?.cache?.key) +
        countExpressions(task?.resources) +
        countExpressions(task?.hooks as Json | undefined) +
        countExpressions(task?.deadlines as Json | undefined)
      );
    }, 0);
  if (count > limits.expressions) {
    issues.error(
      'too_many_expressions',
      '',
      `${count} expressions; at most ${limits.expressions} are allowed in one DAG. Pass lists as one value, or read them inside an activity`,
    );
    return { needs, joins: new Map() };
  }
  const isUpstream = upstreamTest(checking, checked);
  const defaults = defaultCacheKey(checking);
  const ofDefaults = defaultHooks(checking);
  checkDefaultResources(checking);
  for (const id of checking.ids) {
    const task = taskOf(checking.spec, id);
    if (task === undefined) continue;
    const collector = new NeedsCollector(checking);
    const path = pointer('tasks', id);
    if (typeof task.when === 'string')
      checkCondition(checking, isUpstream, task.when, `${path}/when`, { name: 'when', task: id, secrets: 'walk' }, collector);
    checkCacheKey(checking, isUpstream, id, task, `${path}/cache/key`, defaults, collector);
    if (isMapped(task)) checkMapExpressions(checking, isUpstream, id, task, path);
    if (task.with !== undefined)
      checkWith(checking, isUpstream, task, `${path}/with`, collector, {
        name: 'with',
        task: id,
        secrets: secretsOf(checking, task),
        item: isMapped(task),
      });
    if (task.type === 'approval') checkRewind(checking, isUpstream, id, task, `${path}/with/rewindTo`);
    checkResourceExpressions(checking, isUpstream, id, task);
    checkTaskHooks(checking, isUpstream, id, task, ofDefaults, needs, collector);
    needs.set(id, collector.result());
  }
  for (const placed of placedHooks(spec.hooks, DAG_HOOKS, '/hooks'))
    needs.set(placed.name, checkHook(checking, isUpstream, placed, { hook: 'dag' }));
  checkDeadlineExpressions(checking, isUpstream, needs);
  const outputs = spec.outputs ?? {};
  for (const name of Object.keys(outputs).sort()) {
    checkTemplate(
      checking,
      isUpstream,
      outputs[name] as Json,
      pointer('outputs', name),
      { name: 'outputs', secrets: 'walk' },
      new NeedsCollector(checking),
    );
  }
  checkBranches(checking);
  return { needs, joins: checkJoins(checking, isUpstream) };
}

/** How often `${{` stands in the texts of a value. */
function countExpressions(value: Json | undefined): number {
  if (typeof value === 'string') return value.split('${{').length - 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + countExpressions(each as Json), 0);
}

/** What `defaults.cache.key` names; it is of every task, so it can name none of them. */
function defaultCacheKey(checking: Checking): readonly References[] {
  const key = checking.spec.defaults?.cache?.key;
  if (key === undefined) return [];
  const path = '/defaults/cache/key';
  const place: Place = { name: 'cache', secrets: 'walk' };
  const { expressions } = checkTemplate(checking, undefined, key, path, place, new NeedsCollector(checking));
  if (expressions.some(({ expression }) => expression.references.tasks.length > 0))
    checking.issues.error(
      'reference_not_upstream',
      path,
      'defaults are of every task, so their expressions can name none of them',
    );
  return expressions.map(({ expression }) => expression.references);
}

function checkCacheKey(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  task: TaskSpec,
  path: string,
  ofDefaults: readonly References[],
  needs: NeedsCollector,
): void {
  if (task.cache === undefined) for (const references of ofDefaults) needs.add(references);
  const key = task.cache?.key;
  if (key !== undefined) checkTemplate(checking, isUpstream, key, path, { name: 'cache', task: id, secrets: 'walk' }, needs);
}

/** Built when the first reference asks: most of its cost is for graphs whose expressions name tasks. */
function upstreamTest({ faults }: Checking, checked: CheckedGraph | undefined): IsUpstream {
  if (checked?.order === undefined) return undefined;
  const { graph, indexOf } = checked.graph;
  let reach: Reachability | undefined;
  const unsure = new Set<string>(faults.loose);
  return (upstream, task) => {
    reach ??= new Reachability(graph);
    const from = indexOf.get(upstream);
    const to = indexOf.get(task);
    if (from === undefined || to === undefined || reach.isAncestor(from, to)) return true;
    // What is upstream of this task is not fully known, and somebody has reported why.
    for (const name of unsure) {
      const node = indexOf.get(name);
      if (name === task || (node !== undefined && reach.isAncestor(node, to))) return true;
    }
    return false;
  };
}
