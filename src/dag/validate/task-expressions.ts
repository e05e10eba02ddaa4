import { expressionSource, type References } from '../expression/index.js';
import { type PlacedHook, placedHooks } from '../hooks.js';
import type { JoinTree } from '../join.js';
import type { Json, JsonObject } from '../json.js';
import { pointer } from '../json-pointer.js';
import { Reachability } from '../reachability.js';
import { DAG_HOOKS, TASK_HOOKS, type TaskSpec } from '../spec.js';
import type { Needs } from './analysis.js';
import { checkRewind } from './approval-fields.js';
import { branchInput, checkBranches } from './branches.js';
import { type Checking, taskOf } from './checking.js';
import type { CheckedGraph } from './edges.js';
import { effective } from './effective.js';
import { checkTemplate, type IsUpstream, NeedsCollector, type Place } from './expressions.js';
import { checkJoins } from './joins.js';
import { checkMapExpressions, isMapped } from './map-fields.js';
import { expressionsInsideQuotes } from './sql-text.js';
import { isPolled } from './wait-fields.js';

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
    checking.ids.reduce((sum, id) => {
      const task = taskOf(spec, id);
      return (
        sum +
        countExpressions(task?.with) +
        countExpressions(task?.expand) +
        countExpressions(task?.zip) +
        countExpressions(task?.cache?.key) +
        countExpressions(task?.hooks as Json | undefined)
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
    needs.set(id, collector.result());
    checkTaskHooks(checking, isUpstream, id, task, ofDefaults, needs);
  }
  for (const placed of placedHooks(spec.hooks, DAG_HOOKS, '/hooks'))
    needs.set(placed.name, checkHook(checking, isUpstream, placed, { hook: 'dag' }));
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

function checkCondition(
  checking: Checking,
  isUpstream: IsUpstream,
  condition: string,
  path: string,
  place: Place,
  needs: NeedsCollector,
): void {
  const template = checkTemplate(checking, isUpstream, condition, path, place, needs);
  if (expressionSource(condition) !== undefined && template.expressions.length <= 1) return;
  checking.issues.error(
    'expression_invalid',
    path,
    `a condition is exactly one expression: ${place.name}: "\${{ ... }}"${place.name === 'when' ? ', or true or false' : ''}`,
  );
}

/** The hooks of a task, under names that no task id can be: blanks are outside of the alphabet. */
function checkTaskHooks(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  task: TaskSpec,
  ofDefaults: ReadonlyMap<string, Needs>,
  needs: Map<string, Needs>,
): void {
  if (task.hooks === undefined) for (const [name, each] of ofDefaults) needs.set(`${id} ${name}`, each);
  for (const placed of placedHooks(task.hooks, TASK_HOOKS, pointer('tasks', id, 'hooks'), `${id} hook`))
    needs.set(placed.name, checkHook(checking, isUpstream, placed, { hook: 'task', task: id }));
}

/** What the hooks of `defaults` name, by their names; they are of every task, so they can name none by its id. */
function defaultHooks(checking: Checking): ReadonlyMap<string, Needs> {
  const found = new Map<string, Needs>();
  for (const placed of placedHooks(checking.spec.defaults?.hooks, TASK_HOOKS, '/defaults/hooks')) {
    const needs = checkHook(checking, undefined, placed, { hook: 'task' });
    if (needs.tasks.size > 0)
      checking.issues.error(
        'reference_not_upstream',
        placed.path,
        'defaults are of every task, so their hooks can name none by its id; `task` is the one that has ended',
      );
    found.set(placed.name, needs);
  }
  return found;
}

function checkHook(
  checking: Checking,
  isUpstream: IsUpstream,
  { hook, path, name }: PlacedHook<string>,
  where: Pick<Place, 'hook' | 'task'>,
): Needs {
  const needs = new NeedsCollector(checking);
  const place: Place = { ...where, name, secrets: 'walk' };
  if (typeof hook.when === 'string') checkCondition(checking, isUpstream, hook.when, `${path}/when`, place, needs);
  if (hook.with !== undefined)
    checkWith(checking, isUpstream, hook, `${path}/with`, needs, { ...place, secrets: secretsOf(checking, hook) });
  return needs.result();
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

function checkWith(
  checking: Checking,
  isUpstream: IsUpstream,
  task: TaskSpec,
  path: string,
  needs: NeedsCollector,
  place: Place,
): void {
  const input = task.with ?? {};
  const branch = branchInput(task);
  if (branch !== undefined) {
    branch.cases.forEach(({ when }, index) => {
      const condition: Place = { name: 'when', task: place.task, secrets: 'walk' };
      if (typeof when === 'string') checkCondition(checking, isUpstream, when, `${path}/cases/${index}/when`, condition, needs);
    });
    return;
  }
  if (task.type === 'dag') {
    // All else in it has a scope of its own.
    if (input.params !== undefined) checkTemplate(checking, isUpstream, input.params, `${path}/params`, place, needs);
    return;
  }
  if (task.type === 'wait') return checkWait(checking, isUpstream, input, path, place, needs);
  if (task.type === 'approval') {
    // The schemas of its inputs are data.
    checkTemplate(checking, isUpstream, input.message ?? '', `${path}/message`, place, needs);
    return;
  }
  if (task.type === 'sql') return checkSqlInput(checking, isUpstream, input, path, place, needs);
  checkTemplate(checking, isUpstream, input, path, place, needs);
}

/** A wait: `sql` as of that type, and the condition `until` of `http` may name the response. */
function checkWait(
  checking: Checking,
  isUpstream: IsUpstream,
  { sql, http, ...others }: JsonObject,
  path: string,
  place: Place,
  needs: NeedsCollector,
): void {
  if (sql !== undefined) checkSqlInput(checking, isUpstream, sql as JsonObject, `${path}/sql`, place, needs);
  if (http !== undefined) {
    const { until, ...request } = http as JsonObject;
    checkTemplate(checking, isUpstream, request, `${path}/http`, place, needs);
    if (typeof until === 'string')
      checkCondition(
        checking,
        isUpstream,
        until,
        `${path}/http/until`,
        { name: 'until', task: place.task, secrets: 'walk', local: 'response' },
        needs,
      );
  }
  checkTemplate(checking, isUpstream, others, path, place, needs);
}

function checkSqlInput(
  checking: Checking,
  isUpstream: IsUpstream,
  input: JsonObject,
  path: string,
  place: Place,
  needs: NeedsCollector,
): void {
  for (const name of Object.keys(input).sort()) {
    const part = input[name] as Json;
    const template = checkTemplate(checking, isUpstream, part, `${path}/${name}`, { ...place, sql: name === 'query' }, needs);
    if (name !== 'query') continue;
    for (const text of template.strings) {
      for (const { source, inside } of expressionsInsideQuotes(text)) {
        checking.issues.error(
          'expression_inside_quotes',
          `${path}/${name}${text.pointer}`,
          `\${{ ${source.slice(0, 60)} }} stands inside ${inside}; it renders as a quoted literal itself: take it out, and join texts with ||`,
        );
      }
    }
  }
}

function secretsOf({ spec, ownQueues }: Checking, task: TaskSpec): Place['secrets'] {
  const inWalk: readonly string[] = ['transform', 'noop', 'dag', 'approval'];
  if (inWalk.includes(task.type)) return 'walk';
  if (task.type === 'wait' && !isPolled(task)) return 'walk';
  const queue = effective(spec.defaults, task).queue;
  return task.type === 'activity' && queue !== undefined && !ownQueues.includes(queue) ? 'foreign' : 'allowed';
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
