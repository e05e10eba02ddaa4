import { type Graph, GraphError, someOrder } from './graph.js';

/** The timing of a graph whose nodes take known times. All times in ms from the start of the run; lists are indexed by node. */
export interface CriticalPath {
  /** When each node can start at the earliest, with unlimited slots. */
  readonly earliestStart: Float64Array;
  /** When each node must start at the latest for the run to end at `length`. */
  readonly latestStart: Float64Array;
  /** latestStart - earliestStart; 0 on a critical path (up to rounding when weights are no whole numbers). */
  readonly slack: Float64Array;
  /** Bottom level: the time from the start of a node to the end of the run at best, its own weight included. */
  readonly remaining: Float64Array;
  /** Time of the longest path: no run is faster. */
  readonly length: number;
  /** A longest path, first to last; of several the one that takes the smallest node at each step. Empty for an empty graph. */
  readonly path: readonly number[];
}

/**
 * Analyses a graph whose node n takes `weights[n]` ms (finite, not negative). Throws GraphError on a cycle or a bad weight.
 * O(nodes + edges).
 */
export function criticalPath(graph: Graph, weights: ArrayLike<number>): CriticalPath {
  checkWeights(graph, weights);
  const order = someOrder(graph);
  const earliestStart = new Float64Array(graph.size);
  const remaining = new Float64Array(graph.size);
  for (const node of order) {
    const end = earliestStart[node]! + weights[node]!;
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
      const next = graph.downstream[at]!;
      if (earliestStart[next]! < end) earliestStart[next] = end;
    }
  }
  let length = 0;
  for (let index = graph.size - 1; index >= 0; index--) {
    const node = order[index]!;
    let longest = 0;
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
      longest = Math.max(longest, remaining[graph.downstream[at]!]!);
    }
    remaining[node] = longest + weights[node]!;
    length = Math.max(length, remaining[node]!);
  }
  const latestStart = remaining.map((time) => length - time);
  const slack = latestStart.map((time, node) => Math.max(0, time - earliestStart[node]!));
  return { earliestStart, latestStart, slack, remaining, length, path: longestFrom(graph, remaining) };
}

/**
 * A time in ms that no run with this many slots can beat: the longest path, or all the work shared evenly, whichever is
 * more. `slots` is at least 1 (Infinity: no limit). Throws GraphError on a cycle, a bad weight or a bad number of slots. O(nodes + edges).
 */
export function makespanLowerBound(graph: Graph, weights: ArrayLike<number>, slots: number): number {
  if (!(slots >= 1)) throw new GraphError(`${slots} slots can do no work; give 1 or more`);
  let work = 0;
  const { length } = criticalPath(graph, weights);
  for (let node = 0; node < graph.size; node++) work += weights[node]!;
  return Math.max(length, work / slots);
}

function checkWeights(graph: Graph, weights: ArrayLike<number>): void {
  if (weights.length !== graph.size)
    throw new GraphError(`${weights.length} weights for ${graph.size} nodes; give one for each`);
  for (let node = 0; node < graph.size; node++) {
    const weight = weights[node]!;
    if (!(weight >= 0 && weight < Infinity))
      throw new GraphError(`node ${node} has the weight ${weight}; weights are finite and not negative`);
  }
}

/** Follows the largest remaining time: exact, where comparing sums of fractions with a slack of 0 is not. */
function longestFrom(graph: Graph, remaining: Float64Array): number[] {
  const path: number[] = [];
  let node = -1;
  for (let each = 0; each < graph.size; each++) {
    const isRoot = graph.upstreamStart[each] === graph.upstreamStart[each + 1];
    if (isRoot && (node < 0 || remaining[each]! > remaining[node]!)) node = each;
  }
  while (node >= 0) {
    path.push(node);
    let next = -1;
    for (let at = graph.downstreamStart[node]!; at < graph.downstreamStart[node + 1]!; at++) {
      const each = graph.downstream[at]!;
      if (next < 0 || remaining[each]! > remaining[next]!) next = each;
    }
    node = next;
  }
  return path;
}
