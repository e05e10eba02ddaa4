import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { criticalPath, readGraphs } from '../../bench/graph-file.js';
import { kept, verdict } from '../../bench/outcome.js';
import { planOf, scale, specOf } from '../../bench/recorded.js';
import { chain, fan, layers, type Spec, wide } from '../../bench/shapes.js';
import { summarize } from '../../bench/statistics.js';
import { makespanWithoutOverhead } from '../../bench/virtual-time.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../bench/graphs');

describe('what the benchmark sends', () => {
  it.each<[string, Spec, number]>([
    ['a chain', chain('c', 100), 100],
    ['a fan', fan('f', 200, 200), 202],
    ['layers', layers('l', 50, 4, 4, 16), 200],
    ['a wide DAG', wide('w', 2_000, 100), 2_000],
    ['a chain of 10,000', chain('c', 10_000), 10_000],
    ['a fan of 10,000', fan('f', 9_998, 200), 10_000],
    ['50 layers of 200', layers('l', 50, 200, 4, 200), 10_000],
  ])('is valid: %s', (_name, spec, tasks) => {
    const { issues } = checkSpecObject(spec, { ownQueues: ['baton'] });
    expect(issues).toEqual([]);
    expect(Object.keys(spec.tasks)).toHaveLength(tasks);
    expect(JSON.stringify(spec).length).toBeLessThan(4 * 1024 * 1024);
  });

  it.each(readGraphs(folder).map((graph) => [graph.name, graph] as const))(
    'is valid: the recorded graph %s',
    (_name, graph) => {
      const scaled = scale(graph);
      const plan = planOf(specOf('recorded', scaled.tasks));
      expect(plan.tasks).toHaveLength(graph.tasks.length);
      expect(scaled.boundMs).toBeGreaterThan(4_900);
      const sleep = new Map(scaled.tasks.map(({ id, ms }) => [id, ms]));
      expect(makespanWithoutOverhead(plan, (id) => sleep.get(id)!)).toBeGreaterThanOrEqual(scaled.boundMs);
    },
  );
});

describe('the makespan without overhead', () => {
  const spec = (tasks: readonly (readonly [string, number, readonly string[]])[], maxActiveTasks: number) => ({
    plan: planOf({
      ...specOf(
        'm',
        tasks.map(([id, ms, parents]) => ({ id, ms, parents })),
      ),
      maxActiveTasks,
    }),
    time: (id: string) => tasks.find(([name]) => name === id)![1],
  });

  it('is the critical path where nothing waits for a slot', () => {
    const { plan, time } = spec(
      [
        ['a', 3, []],
        ['b', 4, ['a']],
        ['c', 5, ['a']],
        ['d', 1, ['b', 'c']],
      ],
      200,
    );
    expect(makespanWithoutOverhead(plan, time)).toBe(9);
  });

  it('is all the work with one slot', () => {
    const { plan, time } = spec(
      [
        ['a', 3, []],
        ['b', 4, []],
        ['c', 5, []],
      ],
      1,
    );
    expect(makespanWithoutOverhead(plan, time)).toBe(12);
  });
});

describe('the figures of the benchmark', () => {
  it('are quartiles by linear interpolation', () => {
    expect(summarize([4, 1, 3, 2, 5])).toMatchObject({ n: 5, min: 1, q1: 2, median: 3, q3: 4, max: 5, p95: 4.8 });
    expect(summarize([1, 2]).median).toBe(1.5);
    expect(() => summarize([])).toThrow('nothing was measured');
  });

  it('say whether a limit was kept', () => {
    const outcome = { name: 'x', value: 1.2, limit: 1.15, unit: 'x' };
    expect(kept(outcome)).toBe(false);
    expect(verdict(outcome)).toBe('1.200 of 1.150 x: OVER');
    expect(verdict({ ...outcome, value: 1 })).toBe('1 of 1.150 x: ok');
  });

  it('take the longest chain of runtimes as the critical path', () => {
    const task = (id: string, runtime: number, parents: string[] = []) => ({ id, runtime, parents });
    expect(criticalPath({ name: 'g', tasks: [task('a', 1), task('b', 5), task('c', 2, ['a', 'b'])] })).toBe(7);
  });
});
