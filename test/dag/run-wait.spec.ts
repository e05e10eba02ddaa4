import { describe, expect, it } from 'vitest';
import { parseSignedDuration } from '../../src/dag/duration.js';
import { awaitedOutcome, type FoundRun } from '../../src/dag/run-wait.js';

const run = (fields: Partial<FoundRun> = {}): FoundRun => ({ runId: 'x-1', execution: 1, ...fields });

describe('what a found run means for those who wait', () => {
  it.each([
    [run(), 'open'],
    [run({ state: 'success' }), 'succeeded'],
    [run({ state: 'failed' }), 'failed'],
    [run({ state: 'cancelled' }), 'failed'],
  ] as const)('for the whole run %j: %s', (found, outcome) => {
    expect(awaitedOutcome(found, undefined)).toBe(outcome);
  });

  it.each([
    [run({ tasks: {} }), 'open'],
    [run({ tasks: { a: 'success' } }), 'open'],
    [run({ tasks: { a: 'success', b: 'skipped' } }), 'succeeded'],
    [run({ tasks: { a: 'upstream_failed' } }), 'failed'],
    [run({ state: 'failed', tasks: { a: 'success', b: 'success' } }), 'succeeded'],
    [run({ state: 'success', tasks: { a: 'success' } }), 'missing'],
    [run({ state: 'success', tasks: { a: 'cancelled' } }), 'failed'],
  ] as const)('for two of its tasks %j: %s', (found, outcome) => {
    expect(awaitedOutcome(found, ['a', 'b'])).toBe(outcome);
  });

  it('is not misled by names that every object has', () => {
    expect(awaitedOutcome(run({ tasks: {} }), ['constructor'])).toBe('open');
  });
});

describe('a duration with a sign', () => {
  it('goes back where it begins with a minus', () => {
    expect([parseSignedDuration('-1d'), parseSignedDuration('90s')]).toEqual([-86_400_000, 90_000]);
    expect(() => parseSignedDuration('--1d')).toThrow('no duration');
  });
});
