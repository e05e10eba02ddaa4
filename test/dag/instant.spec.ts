import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDate, formatInstant, parseInstant } from '../../src/dag/instant.js';

describe('instants by civil arithmetic', () => {
  it('agree with Date over the years 1 to 9999', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        (date) => {
          const text = date.toISOString();
          expect(parseInstant(text)).toBe(date.getTime());
          expect(formatInstant(date.getTime())).toBe(`${text.slice(0, 19)}Z`);
          expect(formatDate(Math.floor(date.getTime() / 86_400_000))).toBe(text.slice(0, 10));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it.each<[string, string | undefined]>([
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05Z'],
    ['2026-01-02T03:04:05.999Z', '2026-01-02T03:04:05Z'],
    ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59Z'],
    ['2026-01-02', '2026-01-02T00:00:00Z'],
    ['2024-02-29t00:00:00z', '2024-02-29T00:00:00Z'],
    ['2026-02-29', undefined],
    ['1900-02-29', undefined],
    ['2000-02-29', '2000-02-29T00:00:00Z'],
    ['2026-13-01', undefined],
    ['2026-01-02T24:00:00Z', undefined],
    ['2026-01-02T03:04:05', undefined],
    ['2026-01-02T03:04Z', undefined],
    ['0001-01-01T00:00:00+01:00', undefined],
    ['2026-1-2', undefined],
    ['', undefined],
  ])('%s is %s', (text, utc) => {
    const ms = parseInstant(text);
    expect(ms === undefined ? undefined : formatInstant(ms)).toBe(utc);
  });
});
