/**
 * A directed graph over the integers 0 … size-1, in compressed rows: `downstream[downstreamStart[n] … downstreamStart[n + 1])`
 * are the direct successors of node n, ascending and without duplicates; `upstream` likewise. An edge goes from the task
 * that is waited for to the task that waits. Made by {@link buildGraph} only.
 */
export interface Graph {
  readonly size: number;
  readonly downstreamStart: Int32Array;
  readonly downstream: Int32Array;
  readonly upstreamStart: Int32Array;
  readonly upstream: Int32Array;
}

/** `[from, to]`: `to` waits for `from`. */
export type Edge = readonly [from: number, to: number];

/** A {@link Graph} whose nodes have names; node n is `names[n]`, names stand in code-unit order. */
export interface NamedGraph {
  readonly graph: Graph;
  readonly names: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
}

/** Thrown by {@link buildGraph} for an edge to a node that is not there, and by algorithms that were given a cycle. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/**
 * Builds the rows of a graph; duplicate edges count once, loops stay (they are cycles of one). The order of the edges does
 * not matter for anything that is computed later. O(nodes + edges).
 */
export function buildGraph(size: number, edges: Iterable<Edge>): Graph {
  const from: number[] = [];
  const to: number[] = [];
  for (const [source, target] of edges) {
    if (!isNode(source, size) || !isNode(target, size)) {
      throw new GraphError(`edge ${source} -> ${target} leaves the graph of ${size} nodes; nodes are 0 to ${size - 1}`);
    }
    from.push(source);
    to.push(target);
  }
  // Sorting by the second end first, then stably by the first, leaves every row ascending without a comparison sort.
  const byTarget = bucket(size, to);
  const sources = Array.from(byTarget, (edge) => from[edge]!);
  const sorted = bucket(size, sources);
  const downstreamStart = new Int32Array(size + 1);
  const downstream: number[] = [];
  const origins: number[] = [];
  let lastFrom = -1;
  let lastTo = -1;
  for (const position of sorted) {
    const source = sources[position]!;
    const target = to[byTarget[position]!]!;
    if (source === lastFrom && target === lastTo) continue;
    downstream.push(target);
    origins.push(source);
    downstreamStart[source + 1]!++;
    lastFrom = source;
    lastTo = target;
  }
  const upstreamStart = new Int32Array(size + 1);
  for (const target of downstream) upstreamStart[target + 1]!++;
  for (let node = 0; node < size; node++) {
    downstreamStart[node + 1]! += downstreamStart[node]!;
    upstreamStart[node + 1]! += upstreamStart[node]!;
  }
  const upstream = Int32Array.from(bucket(size, downstream), (edge) => origins[edge]!);
  return { size, downstreamStart, downstream: Int32Array.from(downstream), upstreamStart, upstream };
}

/**
 * Builds a graph from names and `[from, to]` pairs of names: nodes are numbered in code-unit order of their names, so that
 * ties by index are ties by name. Throws {@link GraphError} for a name that is not in `names` or stands there twice.
 * O(nodes log nodes + edges).
 */
export function buildNamedGraph(names: Iterable<string>, edges: Iterable<readonly [from: string, to: string]>): NamedGraph {
  // The default sort compares code units: the same everywhere, unlike localeCompare.
  const sorted = [...names].sort();
  const indexOf = new Map(sorted.map((name, index) => [name, index]));
  if (indexOf.size !== sorted.length) throw new GraphError('a node name stands twice; names must be unique');
  const find = (name: string): number => {
    const index = indexOf.get(name);
    if (index === undefined) throw new GraphError(`an edge names ${JSON.stringify(name)}, which is no node of the graph`);
    return index;
  };
  const numbered: Edge[] = [];
  for (const [source, target] of edges) numbered.push([find(source), find(target)]);
  return { graph: buildGraph(sorted.length, numbered), names: sorted, indexOf };
}

/** All edges, ordered by their first node, then their second. O(edges). */
export function edgesOf(graph: Graph): Edge[] {
  const edges: Edge[] = [];
  for (let node = 0; node < graph.size; node++) {
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++)
      edges.push([node, graph.downstream[at]!]);
  }
  return edges;
}

/**
 * The topological order that always takes the smallest node that is ready (ties by index, hence by name in a
 * {@link NamedGraph}); undefined when there is a cycle. O((nodes + edges) log nodes).
 */
export function topologicalOrder(graph: Graph): number[] | undefined {
  const missing = upstreamCounts(graph);
  const ready: number[] = [];
  for (let node = 0; node < graph.size; node++) if (missing[node] === 0) pushSmallest(ready, node);
  const order: number[] = [];
  while (ready.length > 0) {
    const node = popSmallest(ready);
    order.push(node);
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
      const next = graph.downstream[at]!;
      if (--missing[next]! === 0) pushSmallest(ready, next);
    }
  }
  return order.length === graph.size ? order : undefined;
}

/**
 * Any topological order, level by level: the cheap one for algorithms that need just one. Throws {@link GraphError} on a
 * cycle: callers look for those first. O(nodes + edges).
 */
export function someOrder(graph: Graph): Int32Array {
  const missing = upstreamCounts(graph);
  const order = new Int32Array(graph.size);
  let end = 0;
  for (let node = 0; node < graph.size; node++) if (missing[node] === 0) order[end++] = node;
  for (let start = 0; start < end; start++) {
    const node = order[start]!;
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
      const next = graph.downstream[at]!;
      if (--missing[next]! === 0) order[end++] = next;
    }
  }
  if (end < graph.size)
    throw new GraphError('the graph has a cycle; find it with findCycle and refuse it before analysing further');
  return order;
}

/** Level of each node: 0 without upstream, else one more than its deepest upstream. Throws {@link GraphError} on a cycle. O(nodes + edges). */
export function levelOf(graph: Graph): Int32Array {
  const level = new Int32Array(graph.size);
  for (const node of someOrder(graph)) {
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
      const next = graph.downstream[at]!;
      if (level[next]! <= level[node]!) level[next] = level[node]! + 1;
    }
  }
  return level;
}

/** The nodes level by level ({@link levelOf}), each level ascending. Throws {@link GraphError} on a cycle. O(nodes + edges). */
export function levels(graph: Graph): number[][] {
  const level = levelOf(graph);
  const result: number[][] = [];
  let depth = 0;
  for (const each of level) depth = Math.max(depth, each + 1);
  for (let index = 0; index < depth; index++) result.push([]);
  for (let node = 0; node < graph.size; node++) result[level[node]!]!.push(node);
  return result;
}

/**
 * A path with the most nodes, from first to last; of several the one whose end, and then whose every earlier node, is
 * smallest. Empty for an empty graph. Throws {@link GraphError} on a cycle. O(nodes + edges).
 */
export function longestPath(graph: Graph): number[] {
  const level = levelOf(graph);
  let node = -1;
  for (let each = 0; each < graph.size; each++) if (node < 0 || level[each]! > level[node]!) node = each;
  const path: number[] = [];
  while (node >= 0) {
    path.push(node);
    let before = -1;
    for (let at = graph.upstreamStart[node]!; at < graph.upstreamStart[node + 1]!; at++) {
      const each = graph.upstream[at]!;
      if (level[each] === level[node]! - 1) {
        before = each;
        break;
      }
    }
    node = before;
  }
  return path.reverse();
}

function isNode(node: number, size: number): boolean {
  return Number.isInteger(node) && node >= 0 && node < size;
}

/** Positions of `keys` ordered by key, equal keys in the order given: a counting sort. */
function bucket(size: number, keys: readonly number[]): Int32Array {
  const next = new Int32Array(size + 1);
  for (const key of keys) next[key + 1]!++;
  for (let key = 0; key < size; key++) next[key + 1]! += next[key]!;
  const sorted = new Int32Array(keys.length);
  keys.forEach((key, position) => {
    sorted[next[key]!++] = position;
  });
  return sorted;
}

function upstreamCounts(graph: Graph): Int32Array {
  const counts = new Int32Array(graph.size);
  for (let node = 0; node < graph.size; node++) counts[node] = graph.upstreamStart[node + 1]! - graph.upstreamStart[node]!;
  return counts;
}

function pushSmallest(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = value;
}

function popSmallest(heap: number[]): number {
  const smallest = heap[0]!;
  const value = heap.pop()!;
  if (heap.length === 0) return smallest;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
  return smallest;
}
