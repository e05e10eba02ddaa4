import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationError, formatDuration, MAX_DURATION_MS, parseDuration } from '../../src/dag/duration.js';

describe('parseDuration', () => {
  it.each<[string, number]>([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['250ms', 250],
    ['1s500ms', 1_500],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
    ['007s', 7_000],
    ['48h', 172_800_000],
    ['PT90S', 90_000],
    ['P1D', 86_400_000],
    ['P1DT12H', 129_600_000],
    ['PT1H30M', 5_400_000],
    ['3650d', MAX_DURATION_MS],
  ])('reads %s as %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each<[unknown, string]>([
    [90, 'write "90s"'],
    ['90', 'write "90s"'],
    ['', 'it is empty'],
    [' ', 'it is empty'],
    ['1w', 'in days (7d)'],
    ['1y', 'in days'],
    ['P1Y', 'in days'],
    ['P2W', 'in days'],
    ['P1M', 'in days'],
    ['1.5s', '1500ms'],
    ['PT1.5S', 'fraction'],
    ['-5m', 'negative'],
    ['1m1h', 'in the order'],
    ['1h 30m', 'without spaces'],
    ['5M', 'lower case'],
    ['1h1h', 'each once'],
    ['P', 'ISO form'],
    ['PT', 'ISO form'],
    ['P1DT', 'ISO form'],
    ['pt5m', 'in capitals'],
    ['abc', 'such as 90s'],
    ['s', 'such as 90s'],
    ['3651d', 'longer than the limit'],
    ['9999999999999999d', 'longer than the limit'],
    ['1'.repeat(65), '64 characters'],
    [null, 'is a text'],
    [{}, 'is a text'],
  ])('refuses %j', (text, message) => {
    expect(() => parseDuration(text as string)).toThrow(DurationError);
    expect(() => parseDuration(text as string)).toThrow(message);
  });

  it('reads back every duration that formatDuration writes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_DURATION_MS }),
        (ms) => void expect(parseDuration(formatDuration(ms))).toBe(ms),
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes any text without hanging, and gives whole milliseconds or its own error', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('1', '0', 'd', 'h', 'm', 's', 'ms', 'P', 'T', ' ', '.', '-', 'w'), { maxLength: 64 }),
        (parts) => {
          try {
            expect(Number.isSafeInteger(parseDuration(parts.join('')))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(DurationError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

it.each<[number, string]>([
  [0, '0s'],
  [90_000, '1m30s'],
  [5_400_000, '1h30m'],
  [86_400_000, '1d'],
  [1, '1ms'],
  [-1_500, '-1s500ms'],
  [1.4, '1ms'],
  [0.2, '0s'],
])('formatDuration writes %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
