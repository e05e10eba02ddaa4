import { expressionSource } from '../expression/index.js';
import type { JoinTree } from '../join.js';
import type { Json } from '../json.js';
import { pointer } from '../json-pointer.js';
import { Reachability } from '../reachability.js';
import type { TaskSpec } from '../spec.js';
import type { Needs } from './analysis.js';
import { branchInput, checkBranches } from './branches.js';
import { type Checking, taskOf } from './checking.js';
import type { CheckedGraph } from './edges.js';
import { effective } from './effective.js';
import { checkTemplate, type IsUpstream, NeedsCollector, type Place } from './expressions.js';
import { checkJoins } from './joins.js';
import { checkMapExpressions, isMapped } from './map-fields.js';
import { expressionsInsideQuotes } from './sql-text.js';

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
    checking.ids.reduce((sum, id) => {
      const task = taskOf(spec, id);
      return sum + countExpressions(task?.with) + countExpressions(task?.expand) + countExpressions(task?.zip);
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
  for (const id of checking.ids) {
    const task = taskOf(checking.spec, id);
    if (task === undefined) continue;
    const collector = new NeedsCollector(checking);
    const path = pointer('tasks', id);
    if (typeof task.when === 'string') checkWhen(checking, isUpstream, id, task.when, `${path}/when`, collector);
    if (isMapped(task)) checkMapExpressions(checking, isUpstream, id, task, path);
    if (task.with !== undefined) checkWith(checking, isUpstream, id, task, `${path}/with`, collector);
    needs.set(id, collector.result());
  }
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

function checkWhen(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  when: string,
  path: string,
  needs: NeedsCollector,
): void {
  const template = checkTemplate(checking, isUpstream, when, path, { name: 'when', task: id, secrets: 'walk' }, needs);
  if (expressionSource(when) !== undefined && template.expressions.length <= 1) return;
  checking.issues.error(
    'expression_invalid',
    path,
    'a condition is exactly one expression: when: "${{ ... }}", or true or false',
  );
}

function checkWith(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  task: TaskSpec,
  path: string,
  needs: NeedsCollector,
): void {
  const input = task.with ?? {};
  const branch = branchInput(task);
  if (branch !== undefined) {
    branch.cases.forEach(({ when }, index) => {
      if (typeof when === 'string') checkWhen(checking, isUpstream, id, when, `${path}/cases/${index}/when`, needs);
    });
    return;
  }
  const place: Place = { name: 'with', task: id, secrets: secretsOf(checking, task), item: isMapped(task) };
  if (task.type === 'dag') {
    // All else in it has a scope of its own.
    if (input.params !== undefined) checkTemplate(checking, isUpstream, input.params, `${path}/params`, place, needs);
    return;
  }
  if (task.type !== 'sql') {
    checkTemplate(checking, isUpstream, input, path, place, needs);
    return;
  }
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
  if (task.type === 'transform' || task.type === 'noop' || task.type === 'dag') return 'walk';
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
