import type { Graph } from './graph.js';

/** Edges that {@link findCycle} looks at in search of a shorter cycle before it is content with what it has. */
const SEARCH_BUDGET = 1_000_000;

/**
 * A cycle as the nodes along it, each waited for by the next and the last by the first, starting at its smallest node;
 * undefined when there is none. It is the shortest one, unless looking for that costs more than a fixed budget of steps
 * (graphs of thousands of nodes in one knot); deterministic, and without recursion. O(nodes + edges) plus the budget.
 */
export function findCycle(graph: Graph): number[] | undefined {
  const knots = knotOf(graph);
  let best: number[] | undefined;
  let budget = SEARCH_BUDGET;
  const previous = new Int32Array(graph.size);
  const visited = new Int32Array(graph.size).fill(-1);
  for (let node = 0; node < graph.size; node++) {
    if (knots[node] === -1 || (best !== undefined && (best.length <= 2 || budget <= 0))) continue;
    const { cycle, steps } = shortestThrough(graph, knots, node, best?.length ?? Infinity, previous, visited);
    budget -= steps;
    if (cycle !== undefined) best = cycle;
    if (best?.length === 1) break;
  }
  // A pair stops the search above, yet a task that depends on itself is simpler still.
  if (best?.length === 2) {
    for (let node = 0; node < graph.size; node++) if (dependsOnItself(graph, node)) return [node];
  }
  return best === undefined ? undefined : fromSmallest(best);
}

/**
 * A cycle as text, closed: `a -> b -> c -> a`. Of more than `most` names (default 12) the middle is left out and counted,
 * so that a cycle of thousands still fits a message.
 */
export function describeCycle(names: readonly string[], most = 12): string {
  const closed = names.length > 0 ? [...names, names[0]!] : [];
  if (names.length <= most) return closed.join(' -> ');
  const head = closed.slice(0, Math.ceil(most / 2));
  const tail = closed.slice(closed.length - Math.floor(most / 2));
  return [...head, `… ${closed.length - head.length - tail.length} more …`, ...tail].join(' -> ');
}

/**
 * The strongly connected component of each node that lies on a cycle, -1 for the others: Tarjan's algorithm with its own
 * stack. O(nodes + edges).
 */
function knotOf(graph: Graph): Int32Array {
  const knots = new Int32Array(graph.size).fill(-1);
  const found = new Int32Array(graph.size).fill(-1);
  const low = new Int32Array(graph.size);
  const nextEdge = Int32Array.from(graph.downstreamStart);
  const onStack = new Uint8Array(graph.size);
  const stack: number[] = [];
  const path: number[] = [];
  let time = 0;
  let knot = 0;
  for (let root = 0; root < graph.size; root++) {
    if (found[root] !== -1) continue;
    path.push(root);
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      if (found[node] === -1) {
        found[node] = low[node] = time++;
        stack.push(node);
        onStack[node] = 1;
      }
      let deeper = -1;
      while (nextEdge[node]! < graph.downstreamStart[node + 1]!) {
        const next = graph.downstream[nextEdge[node]!]!;
        if (found[next] === -1) {
          deeper = next;
          break;
        }
        // A child that was just left has its final low; one on the stack is reached by a back edge.
        if (onStack[next] === 1) low[node] = Math.min(low[node]!, low[next]!);
        nextEdge[node]!++;
      }
      if (deeper !== -1) {
        path.push(deeper);
        continue;
      }
      path.pop();
      if (low[node] !== found[node]) continue;
      const single = stack[stack.length - 1] === node && !dependsOnItself(graph, node);
      for (;;) {
        const member = stack.pop()!;
        onStack[member] = 0;
        if (!single) knots[member] = knot;
        if (member === node) break;
      }
      knot++;
    }
  }
  return knots;
}

/** Breadth first from `start` within its knot until an edge leads back to it; gives up at `limit` nodes. */
function shortestThrough(
  graph: Graph,
  knots: Int32Array,
  start: number,
  limit: number,
  previous: Int32Array,
  visited: Int32Array,
): { cycle?: number[]; steps: number } {
  let frontier = [start];
  visited[start] = start;
  let steps = 0;
  for (let length = 1; frontier.length > 0 && length < limit; length++) {
    const next: number[] = [];
    for (const node of frontier) {
      for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
        const target = graph.downstream[at]!;
        steps++;
        if (target === start) {
          const cycle = [node];
          for (let each = node; each !== start; cycle.push(each)) each = previous[each]!;
          return { cycle: cycle.reverse(), steps };
        }
        if (visited[target] === start || knots[target] !== knots[start]) continue;
        visited[target] = start;
        previous[target] = node;
        next.push(target);
      }
    }
    frontier = next;
  }
  return { steps };
}

function dependsOnItself(graph: Graph, node: number): boolean {
  for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++)
    if (graph.downstream[at] === node) return true;
  return false;
}

function fromSmallest(cycle: readonly number[]): number[] {
  let smallest = 0;
  cycle.forEach((node, position) => {
    if (node < cycle[smallest]!) smallest = position;
  });
  return [...cycle.slice(smallest), ...cycle.slice(0, smallest)];
}
