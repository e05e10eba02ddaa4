import { describe, expect, it } from 'vitest';
import { itemAttemptsBefore } from '../../../src/dag/map/item-attempts.js';
import { activityIdOf, itemName } from '../../../src/dag/map/item-source.js';
import { planOf } from '../../support/plan-builder.js';

describe('an item of a map that a rejection has sent back', () => {
  it('is done by an activity with another id', () => {
    const name = itemName('load', { index: 3 });
    expect([activityIdOf(name), activityIdOf(name, 1), activityIdOf('load', 2)]).toEqual(['load[3]', 'load[3]#2', 'load#3']);
  });

  it('has attempts behind all that it can have had before', () => {
    const [task] = planOf('m').tasks;
    const retry = { maxAttempts: 2, intervalMs: 1, multiplier: 1, maxIntervalMs: 1, jitter: 0 };
    expect([itemAttemptsBefore(task!), itemAttemptsBefore(task!, 1), itemAttemptsBefore(task!, 2)]).toEqual([0, 4, 8]);
    expect(itemAttemptsBefore({ id: 's', type: 'dag', sub: { plan: 0 } }, 3)).toBe(3);
    expect(itemAttemptsBefore({ id: 's', type: 'dag', sub: { plan: 0, retry } }, 3)).toBe(6);
    expect(itemAttemptsBefore({ id: 't', type: 'transform', value: 1 }, 1)).toBe(1);
  });
});
