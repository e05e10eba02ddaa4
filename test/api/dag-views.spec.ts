import { describe, expect, it } from 'vitest';
import { graphOf } from '../../src/api/dags/plan-graph.js';
import { diffSpecs } from '../../src/api/dags/spec-diff.js';
import { type DagPlan, ON_COMPLETION, ON_FAILURE } from '../../src/dag/plan.js';

const plan = (tasks: DagPlan['tasks']): DagPlan => ({
  format: 1,
  dagId: 'd',
  maxActiveTasks: 16,
  failFast: false,
  bodies: [],
  tasks,
});

describe('the graph of a plan', () => {
  it('has nodes, edges with their conditions, layers and a longest chain', () => {
    const graph = graphOf(
      plan([
        { id: 'a', type: 'noop' },
        { id: 'lone', type: 'noop' },
        { id: 'b', type: 'noop', upstream: [0] },
        { id: 'c', type: 'noop', upstream: [[2, ON_FAILURE | ON_COMPLETION], 0], rule: 'one_done' },
      ]),
    );
    expect(graph.layers).toEqual([['a', 'lone'], ['b'], ['c']]);
    expect(graph.criticalPath).toEqual(['a', 'b', 'c']);
    expect(graph.edges).toEqual([
      { from: 'a', to: 'b', on: ['success'] },
      { from: 'b', to: 'c', on: ['completion', 'failure'] },
      { from: 'a', to: 'c', on: ['success'] },
    ]);
    expect(graph.nodes.find(({ id }) => id === 'c')).toEqual({
      id: 'c',
      type: 'noop',
      layer: 2,
      triggerRule: 'one_done',
      critical: true,
    });
    expect(graph.nodes.find(({ id }) => id === 'lone')?.critical).toBe(false);
  });

  it('of 5,000 tasks in a chain is a chain', () => {
    const tasks = Array.from({ length: 5_000 }, (_, i) => ({
      id: `t${i}`,
      type: 'noop' as const,
      ...(i > 0 ? { upstream: [i - 1] } : {}),
    }));
    expect(graphOf(plan(tasks)).criticalPath).toHaveLength(5_000);
  });
});

describe('the difference of two specs', () => {
  it('is empty for the same spec, whatever the order of its keys', () => {
    expect(diffSpecs({ a: 1, b: [{ x: 1, y: 2 }] }, { b: [{ y: 2, x: 1 }], a: 1 })).toEqual([]);
  });
  it('names what was added, removed and replaced by pointer', () => {
    const before = { id: 'd', tasks: { a: { type: 'noop' }, 'x/y': { type: 'noop' } }, tags: ['a'] };
    const after = { id: 'd', tasks: { a: { type: 'http' }, b: { type: 'noop' } }, tags: ['a', 'b'] };
    expect(diffSpecs(before, after)).toEqual([
      { op: 'replace', path: '/tags', before: ['a'], after: ['a', 'b'] },
      { op: 'replace', path: '/tasks/a/type', before: 'noop', after: 'http' },
      { op: 'add', path: '/tasks/b', after: { type: 'noop' } },
      { op: 'remove', path: '/tasks/x~1y', before: { type: 'noop' } },
    ]);
  });
});
