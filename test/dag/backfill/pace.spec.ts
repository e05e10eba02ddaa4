import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../../src/dag/backfill/backfill.js';
import { Pace } from '../../../src/dag/backfill/pace.js';

const paceAfter = (pace: Pace, outcomes: string): number => {
  for (const outcome of outcomes) pace.note(outcome === 'f');
  return pace.limit;
};

describe('the pace of a backfill', () => {
  it('is halved when half of the last runs failed, once for one bad stretch, and never below one', () => {
    const pace = new Pace(16);
    expect(paceAfter(pace, 'sfs')).toBe(16);
    expect(paceAfter(pace, 'f')).toBe(8);
    expect(paceAfter(pace, 'fff')).toBe(8);
    expect(paceAfter(pace, 'f')).toBe(4);
    expect(paceAfter(pace, 'f'.repeat(40))).toBe(1);
  });

  it('is doubled again when ten runs passed with hardly a failure, up to what it was', () => {
    const pace = new Pace(12, { limit: 3, recent: [] });
    expect(paceAfter(pace, 'sssfsssss')).toBe(3);
    expect(paceAfter(pace, 's')).toBe(6);
    expect(paceAfter(pace, 's'.repeat(10))).toBe(12);
    expect(paceAfter(pace, 's'.repeat(30))).toBe(12);
  });

  it('goes on from what it was, and begins anew when it is reset', () => {
    const pace = new Pace(16);
    paceAfter(pace, 'ffffff');
    const again = new Pace(16, JSON.parse(JSON.stringify(pace.snapshot())));
    expect([paceAfter(again, 'ff'), paceAfter(pace, 'ff')]).toEqual([4, 4]);
    again.reset();
    expect(again.limit).toBe(16);
  });
});

describe('an interval of a backfill', () => {
  const RUNS = { none: undefined, open: 'open', success: 'success', unsuccessful: 'unsuccessful' } as const;
  it.each([
    ['none', 'none', { in: 'new', execution: 1 }],
    ['none', 'open', { out: 'has_run' }],
    ['none', 'success', { out: 'has_run' }],
    ['none', 'unsuccessful', { out: 'has_run' }],
    ['failed', 'none', { in: 'new', execution: 1 }],
    ['failed', 'open', { out: 'open' }],
    ['failed', 'success', { out: 'succeeded' }],
    ['failed', 'unsuccessful', { in: 'unsuccessful', execution: 4 }],
    ['completed', 'none', { in: 'new', execution: 1 }],
    ['completed', 'open', { out: 'open' }],
    ['completed', 'success', { in: 'again', execution: 4 }],
    ['completed', 'unsuccessful', { in: 'unsuccessful', execution: 4 }],
  ] as const)('with reprocess %s and a run that is %s: %j', (reprocess, run, verdict) => {
    const state = RUNS[run];
    expect(verdictOf(reprocess, state && { execution: 3, state })).toEqual(verdict);
  });
});
