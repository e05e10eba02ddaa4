import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCycle } from '../../src/dag/cycle.js';
import { buildNamedGraph, levels, longestPath, topologicalOrder } from '../../src/dag/graph.js';
import { ancestors, descendants, transitiveReduction } from '../../src/dag/reachability.js';

interface OracleCase {
  readonly name: string;
  readonly nodes: readonly (string | number)[];
  readonly edges: readonly (readonly [string | number, string | number])[];
  readonly expected: {
    readonly acyclic: boolean;
    readonly cycles?: readonly (readonly (string | number)[])[];
    readonly levels?: readonly (readonly (string | number)[])[];
    readonly lexicographicOrder?: readonly (string | number)[];
    readonly longestPath?: readonly (string | number)[];
    readonly longestPathEdges?: number;
    readonly transitiveReduction?: readonly (readonly (string | number)[])[];
    readonly allTopologicalOrders?: readonly (readonly (string | number)[])[];
    readonly ancestors?: { readonly [node: string]: readonly (string | number)[] };
    readonly descendants?: { readonly [node: string]: readonly (string | number)[] };
  };
}

// Graphs of networkx and Airflow with their answers; they stand beside the repository where it is developed, not in it.
const corpus = resolve(import.meta.dirname, '../../../shared/corpus/graphs/dag_oracle.json');
const cases = existsSync(corpus) ? (JSON.parse(readFileSync(corpus, 'utf8')) as { cases: OracleCase[] }).cases : [];

describe.skipIf(cases.length === 0)('graphs of networkx and Airflow', () => {
  it('are all there', () => expect(cases).toHaveLength(25));
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, { nodes, edges, expected }) => {
    const text = (values: readonly (string | number)[]): string[] => values.map(String);
    const { graph, names, indexOf } = buildNamedGraph(
      text(nodes),
      edges.map(([from, to]) => [String(from), String(to)] as const),
    );
    const named = (list: readonly number[]): string[] => list.map((node) => names[node]!);
    const cycle = findCycle(graph);
    expect(cycle === undefined).toBe(expected.acyclic);
    if (cycle !== undefined) {
      const found = named(cycle);
      const turns = found.map((_, at) => [...found.slice(at), ...found.slice(0, at)].join());
      expect(expected.cycles!.some((known) => turns.includes(text(known).join()))).toBe(true);
      expect(topologicalOrder(graph)).toBeUndefined();
      return;
    }
    const order = named(topologicalOrder(graph)!);
    const answers = { levels: levels(graph).map((nodes) => named(nodes)), longest: longestPath(graph) };
    const reduction = transitiveReduction(graph).map(named);
    if (expected.levels) expect(answers.levels).toEqual(expected.levels.map((level) => text(level).sort()));
    if (expected.lexicographicOrder) expect(order).toEqual(text(expected.lexicographicOrder));
    if (expected.longestPath) expect(named(answers.longest)).toEqual(text(expected.longestPath));
    if (expected.longestPathEdges !== undefined)
      expect(Math.max(0, answers.longest.length - 1)).toBe(expected.longestPathEdges);
    if (expected.transitiveReduction)
      expect(reduction.map(String).sort()).toEqual(expected.transitiveReduction.map((edge) => text(edge).join()).sort());
    if (expected.allTopologicalOrders)
      expect(expected.allTopologicalOrders.map((each) => text(each).join())).toContain(order.join());
    for (const [node, known] of Object.entries(expected.ancestors ?? {}))
      expect(named(ancestors(graph, indexOf.get(node)!))).toEqual(text(known).sort());
    for (const [node, known] of Object.entries(expected.descendants ?? {}))
      expect(named(descendants(graph, indexOf.get(node)!))).toEqual(text(known).sort());
  });
});
