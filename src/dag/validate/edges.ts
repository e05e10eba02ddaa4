import { describeCycle, findCycle } from '../cycle.js';
import { buildNamedGraph, type NamedGraph, topologicalOrder } from '../graph.js';
import { pointer } from '../json-pointer.js';
import { type Checking, taskOf } from './checking.js';
import { teardownEdges } from './teardown-edges.js';

/** Ids of tasks, of the DAG: R1, and safe in a path, a query and a page. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** In words, for messages. */
export const ID_RULE = 'letters, digits, _ . and -, the first a letter or digit, at most 128 characters';

/** More cycles than these help nobody: mending the first ones changes the others. */
const MAX_CYCLES = 5;

/** The graph as far as its edges are right; `order` is missing where it has cycles. */
export interface CheckedGraph {
  readonly graph: NamedGraph;
  readonly order?: readonly string[];
  /** The setups of each teardown (R11). */
  readonly setups: ReadonlyMap<string, readonly string[]>;
}

/** Ids and edges (R1, R6). O(tasks log tasks + edges). */
export function checkEdges(checking: Checking): CheckedGraph | undefined {
  const { ids, issues, limits, faults, spec } = checking;
  for (const id of ids) {
    if (!ID_PATTERN.test(id))
      issues.error('invalid_id', pointer('tasks', id), `'${shorten(id)}' cannot be a task id: use ${ID_RULE}`);
  }
  const edges: [string, string][] = [];
  let count = 0;
  for (const id of ids) {
    const dependsOn = taskOf(spec, id)?.dependsOn ?? [];
    count += dependsOn.length;
    const first = new Map<string, number>();
    dependsOn.forEach((entry, index) => {
      const name = typeof entry === 'string' ? entry : entry.task;
      const path = (): string => pointer('tasks', id, 'dependsOn', index) + (typeof entry === 'string' ? '' : '/task');
      const earlier = first.get(name);
      if (earlier !== undefined) {
        issues.error(
          'duplicate_dependency',
          path(),
          `'${shorten(name)}' stands in dependsOn already (entry ${earlier}); a task stands there once, with \`on: [a, b]\` for several conditions`,
        );
        return;
      }
      first.set(name, index);
      if (name === id) issues.error('dependency_on_itself', path(), `'${shorten(id)}' cannot depend on itself`);
      else if (Object.hasOwn(spec.tasks, name)) edges.push([name, id]);
      else if (!faults.dag.has('tasks'))
        issues.error('unknown_dependency', path(), `there is no task '${shorten(name)}'${checking.suggest.for(name, ids)}`);
    });
  }
  const added = count > limits.edges ? undefined : teardownEdges(checking, edges, limits.edges - count);
  if (added === undefined) {
    const found =
      count > limits.edges
        ? `${count} edges in dependsOn`
        : 'too many edges into teardowns, which wait for all between them and their setups';
    issues.error(
      'too_many_edges',
      '/tasks',
      `${found}; at most ${limits.edges} are allowed. A noop between two layers makes n + m edges of n x m`,
    );
    return undefined;
  }
  const { setups } = added;
  edges.push(...added.edges);
  const graph = buildNamedGraph(ids, edges);
  const order = topologicalOrder(graph.graph);
  if (order !== undefined) return { graph, order: order.map((node) => graph.names[node] as string), setups };
  reportCycles(checking, edges);
  return { graph, setups };
}

/** One issue per cycle; the nodes of a reported one are taken out, so that another can be seen. */
function reportCycles(checking: Checking, edges: readonly [string, string][]): void {
  let left = edges;
  for (let found = 0; found < MAX_CYCLES; found++) {
    const { graph, names } = buildNamedGraph(checking.ids, left);
    const cycle = findCycle(graph)?.map((node) => names[node] as string);
    if (cycle === undefined) return;
    checking.issues.error(
      'cycle',
      pointer('tasks', cycle[0] as string, 'dependsOn'),
      `a cycle of ${cycle.length} tasks, none of which could ever start (each is waited for by the next): ${describeCycle(cycle.map(shorten))}`,
    );
    const on = new Set(cycle);
    left = left.filter(([from, to]) => !on.has(from) && !on.has(to));
  }
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 57)}...` : name;
}
