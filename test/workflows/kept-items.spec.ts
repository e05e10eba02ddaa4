import { describe, expect, it } from 'vitest';
import type { TaskPlan } from '../../src/dag/plan.js';
import type { TaskRecord } from '../../workflows/contract.js';
import { EarlierItems } from '../../workflows/run/map/kept-items.js';

describe('items of an attempt before', () => {
  const items = { value: [] };
  const map = (id: string, upstream?: number[]): TaskPlan => ({ id, type: 'noop', upstream });
  const earlier = (revisions: readonly number[] = []) =>
    new EarlierItems(
      { revision: 5, items: { m: items } },
      {
        recordOf: (task) => (revisions[task] === undefined ? undefined : ({ revision: revisions[task] } as TaskRecord)),
      },
    );

  it('are taken once: a map that is rewound runs as a whole', () => {
    const of = earlier();
    expect([of.take(map('other')), of.take(map('m')), of.take(map('m'))]).toEqual([undefined, items, undefined]);
  });

  it('do not count where something before the map was done again', () => {
    expect(earlier([5, 3]).take(map('m', [0, 1]))).toBe(items);
    expect(earlier([6, 3]).take(map('m', [0, 1]))).toBeUndefined();
  });

  it('go along to a new execution as long as they were not taken', () => {
    const of = earlier();
    expect(of.snapshot()).toEqual({ revision: 5, items: { m: items } });
    of.take(map('m'));
    expect(of.snapshot()).toBeUndefined();
    expect(new EarlierItems(undefined, { recordOf: () => undefined }).take(map('m'))).toBeUndefined();
  });
});
