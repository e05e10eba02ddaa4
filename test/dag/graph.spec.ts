import * as graphlib from '@dagrejs/graphlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeCycle, findCycle } from '../../src/dag/cycle.js';
import {
  buildGraph,
  buildNamedGraph,
  type Edge,
  edgesOf,
  GraphError,
  levels,
  longestPath,
  topologicalOrder,
} from '../../src/dag/graph.js';
import { ancestors, descendants, Reachability, transitiveReduction } from '../../src/dag/reachability.js';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const parameters = { seed, numRuns: 300 };

/** Random edges over a few nodes; `acyclic` points them upwards through a random numbering. */
const graphs = (acyclic: boolean): fc.Arbitrary<{ size: number; edges: Edge[] }> =>
  fc.integer({ min: 1, max: 24 }).chain((size) =>
    fc
      .record({
        pairs: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: size * 3 }),
        places: fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
      })
      .map(({ pairs, places }) => ({
        size,
        edges: acyclic
          ? pairs.filter(([a, b]) => a !== b).map(([a, b]): Edge => (places[a]! < places[b]! ? [a, b] : [b, a]))
          : pairs.map(([a, b]): Edge => [a, b]),
      })),
  );

function oracleOf(size: number, edges: readonly Edge[]): graphlib.Graph {
  const oracle = new graphlib.Graph({ directed: true });
  for (let node = 0; node < size; node++) oracle.setNode(String(node));
  for (const [from, to] of edges) oracle.setEdge(String(from), String(to));
  return oracle;
}

function expectCycle(size: number, edges: readonly Edge[], cycle: readonly number[] | undefined): void {
  expect(cycle).toBeDefined();
  const known = new Set(edges.map(([from, to]) => from * size + to));
  expect(cycle!.every((node, at) => known.has(node * size + cycle![(at + 1) % cycle!.length]!))).toBe(true);
  expect(new Set(cycle).size).toBe(cycle!.length);
  expect(Math.min(...cycle!)).toBe(cycle![0]);
}

describe(`graphs against graphlib (FC_SEED=${seed})`, () => {
  it('orders, levels and finds ancestors of random DAGs as graphlib does', () => {
    fc.assert(
      fc.property(graphs(true), ({ size, edges }) => {
        const graph = buildGraph(size, edges);
        const oracle = oracleOf(size, edges);
        expect(findCycle(graph)).toBeUndefined();
        const order = topologicalOrder(graph)!;
        const place = new Map(order.map((node, at) => [node, at]));
        expect(place.size).toBe(size);
        for (const [from, to] of edges) expect(place.get(from)!).toBeLessThan(place.get(to)!);
        const reachability = new Reachability(graph);
        const deepest = levels(graph);
        const level = new Map(deepest.flatMap((nodes, depth) => nodes.map((node) => [node, depth] as const)));
        for (let node = 0; node < size; node++) {
          // preorder lists the node itself first.
          const below = [
            ...new Set(
              graphlib.alg
                .preorder(oracle, [String(node)])
                .slice(1)
                .map(Number),
            ),
          ].sort((a, b) => a - b);
          expect(descendants(graph, node)).toEqual(below);
          for (let other = 0; other < size; other++) {
            expect(reachability.isAncestor(node, other)).toBe(below.includes(other));
            expect(ancestors(graph, other).includes(node)).toBe(below.includes(other));
          }
          const before = (oracle.predecessors(String(node)) ?? []).map((each) => level.get(Number(each))!);
          expect(level.get(node)).toBe(Math.max(-1, ...before) + 1);
        }
        const path = longestPath(graph);
        expect(path).toHaveLength(deepest.length);
        for (let at = 1; at < path.length; at++) expect(oracle.hasEdge(String(path[at - 1]), String(path[at]))).toBe(true);
      }),
      parameters,
    );
  });

  it('keeps in the reduction exactly the edges without a detour', () => {
    fc.assert(
      fc.property(graphs(true), ({ size, edges }) => {
        const graph = buildGraph(size, edges);
        const needed = edgesOf(graph).filter(([from, to]) => {
          const without = oracleOf(size, edges);
          without.removeEdge(String(from), String(to));
          return !graphlib.alg.preorder(without, [String(from)]).includes(String(to));
        });
        expect(transitiveReduction(graph)).toEqual(needed);
      }),
      parameters,
    );
  });

  it('finds a shortest cycle exactly where graphlib sees one', () => {
    fc.assert(
      fc.property(graphs(false), ({ size, edges }) => {
        const graph = buildGraph(size, edges);
        const oracle = oracleOf(size, edges);
        const cycle = findCycle(graph);
        expect(cycle === undefined).toBe(graphlib.alg.isAcyclic(oracle));
        expect(topologicalOrder(graph) === undefined).toBe(cycle !== undefined);
        if (cycle === undefined) return;
        expectCycle(size, edges, cycle);
        const distances = graphlib.alg.floydWarshall(oracle);
        const shortest = Math.min(
          ...edges.map(([from, to]) => (from === to ? 1 : 1 + distances[String(to)]![String(from)]!.distance)),
        );
        expect(cycle).toHaveLength(shortest);
      }),
      parameters,
    );
  });

  it('gives the same answers whatever the order of the edges', () => {
    fc.assert(
      fc.property(graphs(false), fc.infiniteStream(fc.nat()), ({ size, edges }, keys) => {
        const shuffled = edges
          .map((edge) => ({ edge, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ edge }) => edge);
        const [one, two] = [buildGraph(size, edges), buildGraph(size, [...shuffled, ...edges])];
        expect(two).toEqual(one);
        expect(findCycle(two)).toEqual(findCycle(one));
      }),
      parameters,
    );
  });
});

describe('graphs written by hand', () => {
  it('takes the smallest name that is ready, by code unit', () => {
    const { graph, names } = buildNamedGraph(
      ['b', 'a', 'B', 'z', '10', '9'],
      [
        ['z', 'a'],
        ['b', 'B'],
      ],
    );
    expect(topologicalOrder(graph)!.map((node) => names[node])).toEqual(['10', '9', 'b', 'B', 'z', 'a']);
  });

  it('answers for the empty graph', () => {
    const graph = buildGraph(0, []);
    expect([topologicalOrder(graph), levels(graph), longestPath(graph), transitiveReduction(graph), findCycle(graph)]).toEqual([
      [],
      [],
      [],
      [],
      undefined,
    ]);
  });

  it('finds the task that depends on itself before any longer cycle', () => {
    expect(
      findCycle(
        buildGraph(4, [
          [0, 1],
          [1, 0],
          [2, 2],
          [1, 2],
        ]),
      ),
    ).toEqual([2]);
    expect(findCycle(buildGraph(3, [[1, 1]]))).toEqual([1]);
  });

  it('prefers a short cycle in the same knot', () => {
    expect(
      findCycle(
        buildGraph(5, [
          [0, 1],
          [1, 2],
          [2, 3],
          [3, 4],
          [4, 0],
          [3, 2],
        ]),
      ),
    ).toEqual([2, 3]);
  });

  it('refuses edges to nowhere and names that repeat', () => {
    expect(() => buildGraph(2, [[0, 2]])).toThrow(GraphError);
    expect(() => buildNamedGraph(['a', 'a'], [])).toThrow('unique');
    expect(() => buildNamedGraph(['a'], [['a', 'b']])).toThrow('"b"');
    expect(() => levels(buildGraph(1, [[0, 0]]))).toThrow('cycle');
  });

  it('keeps names that are also members of objects', () => {
    const { graph, names } = buildNamedGraph(
      ['constructor', '__proto__', 'toString'],
      [
        ['toString', '__proto__'],
        ['__proto__', 'constructor'],
      ],
    );
    expect(topologicalOrder(graph)!.map((node) => names[node])).toEqual(['toString', '__proto__', 'constructor']);
  });

  it('shortens a long cycle in the middle', () => {
    expect(describeCycle(['a', 'b', 'c'])).toBe('a -> b -> c -> a');
    expect(describeCycle(['a'])).toBe('a -> a');
    const long = describeCycle(Array.from({ length: 5_000 }, (_, index) => `t${index}`));
    expect(long).toBe('t0 -> t1 -> t2 -> t3 -> t4 -> t5 -> … 4989 more … -> t4995 -> t4996 -> t4997 -> t4998 -> t4999 -> t0');
  });
});

describe('large graphs', () => {
  it('goes through a chain of 10,000 and back without overflowing', () => {
    const size = 10_000;
    const chain = Array.from({ length: size - 1 }, (_, node): Edge => [node, node + 1]);
    const graph = buildGraph(size, chain);
    expect(findCycle(graph)).toBeUndefined();
    expect(topologicalOrder(graph)).toHaveLength(size);
    expect(longestPath(graph)).toHaveLength(size);
    expect(transitiveReduction(graph)).toHaveLength(size - 1);
    expect(findCycle(buildGraph(size, [...chain, [size - 1, 0]]))).toHaveLength(size);
  });

  it('finds a cycle of 5,000', () => {
    const size = 5_000;
    const edges = Array.from({ length: size }, (_, node): Edge => [node, (node + 1) % size]);
    expectCycle(size, edges, findCycle(buildGraph(size, edges)));
  });

  it('finds a cycle in a dense knot of 10,000 nodes', () => {
    const size = 10_000;
    const edges: Edge[] = [];
    for (let node = 0; node < size; node++) for (let step = 1; step <= 20; step++) edges.push([node, (node + step) % size]);
    const graph = buildGraph(size, edges);
    expectCycle(size, edges, findCycle(graph));
  });

  it('knows the ancestors of 10,000 tasks with 200,000 edges', () => {
    const size = 10_000;
    const edges: Edge[] = [];
    for (let node = 0; node < size; node++) for (let step = 1; step <= 20; step++) edges.push([node, node + step * 7]);
    const graph = buildGraph(
      size,
      edges.filter(([, to]) => to < size),
    );
    const reachability = new Reachability(graph);
    expect(reachability.isAncestor(3, 9_992)).toBe(true);
    expect(reachability.isAncestor(4, 9_992)).toBe(false);
    expect(transitiveReduction(graph, reachability)).toHaveLength(size - 7);
  });

  it('reduces a layer that depends on all of a hundred, ten thousand wide,', () => {
    const edges: Edge[] = [];
    for (let from = 0; from < 20; from++) for (let to = 20; to < 10_000; to++) edges.push([from, to]);
    expect(transitiveReduction(buildGraph(10_000, edges))).toHaveLength(edges.length);
  });
});
