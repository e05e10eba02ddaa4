import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPath, makespanLowerBound } from '../../src/dag/critical-path.js';
import { buildGraph, type Edge } from '../../src/dag/graph.js';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);

describe('the critical path', () => {
  // 0 -> 1 -> 3, 0 -> 2 -> 3 with 2 the slow one, 4 alone.
  const graph = buildGraph(5, [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ]);
  const weights = [10, 5, 20, 1, 7];

  it('is timed from both ends', () => {
    const timing = criticalPath(graph, weights);
    expect([...timing.earliestStart]).toEqual([0, 10, 10, 30, 0]);
    expect([...timing.latestStart]).toEqual([0, 25, 10, 30, 24]);
    expect([...timing.slack]).toEqual([0, 15, 0, 0, 24]);
    expect([...timing.remaining]).toEqual([31, 6, 21, 1, 7]);
    expect(timing.length).toBe(31);
    expect(timing.path).toEqual([0, 2, 3]);
  });

  it('bounds the makespan from below by the path or by the shared work', () => {
    expect(makespanLowerBound(graph, weights, 1)).toBe(43);
    expect(makespanLowerBound(graph, weights, 2)).toBe(31);
    expect(makespanLowerBound(graph, weights, Infinity)).toBe(31);
  });

  it('is empty for an empty graph', () => {
    expect(criticalPath(buildGraph(0, []), [])).toMatchObject({ length: 0, path: [] });
  });

  it('refuses bad weights, bad slots and cycles', () => {
    expect(() => criticalPath(graph, [1, 2])).toThrow('2 weights for 5 nodes');
    expect(() => criticalPath(graph, [1, NaN, 1, 1, 1])).toThrow('node 1');
    expect(() => criticalPath(graph, [1, 1, -1, 1, 1])).toThrow('not negative');
    expect(() => makespanLowerBound(graph, weights, 0)).toThrow('slots');
    expect(() =>
      criticalPath(
        buildGraph(2, [
          [0, 1],
          [1, 0],
        ]),
        [1, 1],
      ),
    ).toThrow('cycle');
  });

  it('of ten thousand tasks in a chain is all of them', () => {
    const chain = Array.from({ length: 9_999 }, (_, node): Edge => [node, node + 1]);
    const timing = criticalPath(buildGraph(10_000, chain), new Float64Array(10_000).fill(3));
    expect(timing.length).toBe(30_000);
    expect(timing.path).toHaveLength(10_000);
  });

  it(`holds for random DAGs as the longest of all paths (FC_SEED=${seed})`, () => {
    const pairs = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 25 });
    const times = fc.array(fc.nat(1_000), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(pairs, times, (ends, weigh) => {
        const edges = ends.filter(([a, b]) => a !== b).map(([a, b]): Edge => [Math.min(a, b), Math.max(a, b)]);
        const below = (node: number): number =>
          weigh[node]! + Math.max(0, ...edges.filter(([from]) => from === node).map(([, to]) => below(to)));
        const above = (node: number): number =>
          Math.max(0, ...edges.filter(([, to]) => to === node).map(([from]) => above(from) + weigh[from]!));
        const timing = criticalPath(buildGraph(10, edges), weigh);
        expect(timing.length).toBe(Math.max(...weigh.map((_, node) => below(node))));
        expect(timing.path.reduce((sum, node) => sum + weigh[node]!, 0)).toBe(timing.length);
        for (let node = 0; node < 10; node++) {
          expect(timing.remaining[node]).toBe(below(node));
          expect(timing.earliestStart[node]).toBe(above(node));
          expect(timing.slack[node]).toBe(timing.length - below(node) - above(node));
        }
        for (const node of timing.path) expect(timing.slack[node]).toBe(0);
      }),
      { seed, numRuns: 300 },
    );
  });
});
