import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FinalItemState, type MapRules, MapWalk, statesWithSuccesses } from '../../../src/dag/map/map-walk.js';
import { KEPT_SEEDS, propertySeed } from '../../support/property-seed.js';

interface RandomMap {
  readonly outcomes: readonly FinalItemState[];
  readonly rules: MapRules;
  /** Which of the running items ends next. */
  readonly order: readonly number[];
}

const randomMap = (stopOnFirstFailure: fc.Arbitrary<boolean>): fc.Arbitrary<RandomMap> =>
  fc.record({
    outcomes: fc.array(fc.constantFrom<FinalItemState>('success', 'success', 'failed', 'skipped', 'cancelled'), {
      maxLength: 40,
    }),
    rules: fc.record({
      maxConcurrency: fc.integer({ min: 1, max: 8 }),
      tolerated: fc.integer({ min: 0, max: 6 }),
      stopOnFirstFailure,
    }),
    order: fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }),
  });

/** Runs a map to its end; `between` is called after each ended item and may hand back another walk to go on with. */
function drive(
  map: RandomMap,
  order: readonly number[] = map.order,
  between: (walk: MapWalk, running: readonly number[]) => MapWalk = (walk) => walk,
): { readonly walk: MapWalk; readonly started: number[] } {
  let walk = new MapWalk(map.outcomes.length, map.rules);
  const running: number[] = [];
  const started: number[] = [];
  for (let turn = 0; ; turn++) {
    for (let item = walk.next(); item !== undefined; item = walk.next()) {
      walk.start(item);
      running.push(item);
      started.push(item);
      expect(walk.running).toBeLessThanOrEqual(map.rules.maxConcurrency);
    }
    if (walk.gaveUp) for (const item of running.splice(0)) walk.finish(item, 'cancelled');
    if (running.length === 0) return { walk, started };
    const [item] = running.splice(order[turn % order.length]! % running.length, 1);
    walk.finish(item!, map.outcomes[item!]!);
    walk = between(walk, running);
  }
}

const states = (walk: MapWalk): string[] => Array.from({ length: walk.total }, (_, i) => walk.stateOf(i));
const seeds = [...KEPT_SEEDS, propertySeed()];

describe('a walk over the items of a map', () => {
  it.each(seeds)('starts each item once, in order, and never stands still (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomMap(fc.boolean()), (map) => {
        const { walk, started } = drive(map);
        expect(walk.isDone).toBe(true);
        expect(started).toEqual(map.outcomes.map((_, i) => i).slice(0, started.length));
        if (!map.rules.stopOnFirstFailure) expect(started).toHaveLength(map.outcomes.length);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it.each(seeds)('gives the same answer for any order in which items end (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomMap(fc.constant(false)), fc.array(fc.nat(1000), { minLength: 1 }), (map, other) => {
        const { walk } = drive(map);
        expect(states(walk)).toEqual(map.outcomes);
        expect(states(drive(map, other).walk)).toEqual(map.outcomes);
        const failed = map.outcomes.filter((state) => state === 'failed').length;
        const expected =
          failed > map.rules.tolerated
            ? 'failed'
            : map.outcomes.some((state) => state === 'success' || state === 'failed')
              ? 'success'
              : map.outcomes.includes('cancelled')
                ? 'cancelled'
                : 'skipped';
        expect(walk.outcome()).toBe(expected);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it.each(seeds)('with stopOnFirstFailure fails as often as without, and runs no more than it must (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomMap(fc.constant(true)), (map) => {
        const { walk, started } = drive(map);
        const failed = map.outcomes.filter((state) => state === 'failed').length;
        expect(walk.outcome() === 'failed').toBe(failed > map.rules.tolerated);
        // Exactly one failure too many was seen: the next would not have been waited for.
        if (walk.outcome() === 'failed') expect(walk.counts().failed).toBe(map.rules.tolerated + 1);
        expect(walk.counts().skipped ?? 0).toBeGreaterThanOrEqual(map.outcomes.length - started.length);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it.each(seeds)('goes on from a snapshot taken anywhere as if nothing had happened (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomMap(fc.boolean()), (map) => {
        const straight = drive(map);
        const hopping = drive(map, map.order, (walk) => new MapWalk(map.outcomes.length, map.rules, walk.snapshot()));
        expect(states(hopping.walk)).toEqual(states(straight.walk));
        expect(hopping.started).toEqual(straight.started);
      }),
      { seed, numRuns: 1000 },
    );
  });

  it('goes on with those that have not succeeded already', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (succeeded) => {
        const done = succeeded.flatMap((yes, i) => (yes ? [i] : []));
        const snapshot = statesWithSuccesses(done, succeeded.length);
        const walk = new MapWalk(succeeded.length, { maxConcurrency: 100, tolerated: 0, stopOnFirstFailure: false }, snapshot);
        expect(states(walk)).toEqual(succeeded.map((yes) => (yes ? 'success' : 'pending')));
        expect(walk.snapshot()).toBe(snapshot);
      }),
      { seed: propertySeed(), numRuns: 500 },
    );
  });

  it('is skipped without items, and cancelled when the run stops before it is through', () => {
    const rules = { maxConcurrency: 1, tolerated: 0, stopOnFirstFailure: false };
    expect(new MapWalk(0, rules).outcome()).toBe('skipped');
    const walk = new MapWalk(3, rules);
    walk.start(walk.next()!);
    walk.stop();
    expect(walk.outcome()).toBeUndefined();
    walk.finish(0, 'success');
    expect(states(walk)).toEqual(['success', 'cancelled', 'cancelled']);
    expect(walk.outcome()).toBe('cancelled');
  });

  it('keeps snapshots of long maps short', () => {
    const walk = new MapWalk(100_000, { maxConcurrency: 3, tolerated: 0, stopOnFirstFailure: false });
    for (const item of [0, 1, 2]) walk.start(item);
    walk.finish(1, 'failed');
    expect(walk.snapshot()).toBe('1r1f1r99997.');
    expect(() => new MapWalk(5, { maxConcurrency: 1, tolerated: 0, stopOnFirstFailure: false }, '4s')).toThrow(RangeError);
  });
});
