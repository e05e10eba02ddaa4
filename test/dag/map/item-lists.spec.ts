import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandMap } from '../../../src/dag/map/expand-map.js';
import { itemAt, listOf, type MapShape, type NamedLists } from '../../../src/dag/map/item-lists.js';
import { type MapPlan, toleratedFailures } from '../../../src/dag/map/map-plan.js';
import { KEPT_SEEDS, propertySeed } from '../../support/property-seed.js';

const items = (map: MapPlan): unknown => {
  const expanded = expandMap(
    'm',
    map,
    map.sources.map(([, value]) => value),
  );
  if ('failure' in expanded) return expanded.failure.kind;
  return Array.from({ length: expanded.total }, (_, i) => itemAt(map, expanded.lists, i));
};

describe('the items of a map', () => {
  it('are an object of the keys, one per element', () => {
    expect(items({ sources: [['file', ['a', 'b']]] })).toEqual([{ file: 'a' }, { file: 'b' }]);
  });

  it('of several keys are the cross product, the last key fastest', () => {
    expect(
      items({
        sources: [
          ['a', [1, 2]],
          ['b', ['x', 'y', 'z']],
        ],
      }),
    ).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 1, b: 'z' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
      { a: 2, b: 'z' },
    ]);
  });

  it('of a map are its entries, sorted by key', () => {
    expect(listOf({ b: 2, a: [1] })).toEqual([
      { key: 'a', value: [1] },
      { key: 'b', value: 2 },
    ]);
  });

  it('of a zip stand side by side; what a shorter list lacks is the fill value, or a failure', () => {
    const sources: MapPlan['sources'] = [
      ['a', [1, 2]],
      ['b', ['x']],
    ];
    expect(items({ sources, zip: true, fill: { value: null } })).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
    ]);
    expect(items({ sources, zip: true })).toBe('zip_lengths');
  });

  it('in batches are lists of those objects, the last one shorter', () => {
    expect(items({ sources: [['n', [1, 2, 3, 4, 5]]], batch: 2 })).toEqual([
      [{ n: 1 }, { n: 2 }],
      [{ n: 3 }, { n: 4 }],
      [{ n: 5 }],
    ]);
  });

  it('are none where one list of a product is empty', () => {
    expect(
      items({
        sources: [
          ['a', []],
          ['b', [1]],
        ],
      }),
    ).toEqual([]);
  });

  it.each([[null], ['text'], [7], [true]])('of %j are a failure by name', (value) => {
    expect(items({ sources: [['a', value]] })).toBe('not_a_list');
  });

  it('are at most maxMapLength, counted after batching', () => {
    const many = Array.from({ length: 1025 }, (_, i) => i);
    expect(items({ sources: [['n', many]] })).toBe('map_too_long');
    expect(items({ sources: [['n', many]], batch: 2 })).toHaveLength(513);
    expect(items({ sources: [['n', many]], maxLength: 1025 })).toHaveLength(1025);
  });

  it('may have any name as key', () => {
    const expanded = itemAt({}, [['__proto__', [1]]], 0) as object;
    expect(Object.keys(expanded)).toEqual(['__proto__']);
  });

  it.each([...KEPT_SEEDS, propertySeed()])('batches lose and double nothing, whatever the shape (seed %i)', (seed) => {
    const lists = fc.array(fc.array(fc.integer(), { maxLength: 5 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(lists, fc.boolean(), fc.integer({ min: 1, max: 7 }), (values, zip, batch) => {
        const named: NamedLists = values.map((list, i) => [`k${i}`, list]);
        const shape: MapShape = zip ? { zip: true, fill: { value: null } } : {};
        const map = { ...shape, sources: named } as MapPlan;
        expect((items({ ...map, batch }) as unknown[][]).flat()).toEqual(items(map));
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('the failures that a map tolerates', () => {
  it.each([
    [{}, 10, 0],
    [{ toleratedCount: 3 }, 10, 3],
    [{ toleratedPercentage: 2 }, 149, 2],
    [{ toleratedPercentage: 2 }, 150, 3],
    [{ toleratedPercentage: 0.57 }, 10_000, 57],
    [{ toleratedPercentage: 100 }, 7, 7],
    [{ toleratedPercentage: 50, toleratedCount: 2 }, 10, 2],
    [{ toleratedPercentage: 10, toleratedCount: 5 }, 10, 1],
  ])('%j of %i items are %i', (plan, total, tolerated) => {
    expect(toleratedFailures(plan, total)).toBe(tolerated);
  });
});
