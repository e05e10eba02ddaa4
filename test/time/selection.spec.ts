import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../src/dag/cron.js';
import { dataIntervalOf, type TimeSchedule, timesBetween } from '../../src/time/schedule.js';
import { countSelected, mergedSpans, selectedTimes } from '../../src/time/selection.js';
import { propertySeed } from '../support/property-seed.js';

const ms = (text: string): number => Date.parse(text);
const daily: TimeSchedule = { kind: 'cron', timezone: 'Europe/Berlin', crons: [parseCron('@daily')] };
const text = (time: number) => new Date(time).toISOString().replace('.000', '');
const seed = propertySeed();

describe('intervals that are selected by their start', () => {
  it('of a range: the first one ends after the range has begun, the last one may end behind it', () => {
    const spans = [{ start: ms('2024-03-29T23:00:00Z'), end: ms('2024-04-01T22:00:00Z') }];
    expect(selectedTimes(daily, spans, { order: 'oldest', limit: 9 }).map(text)).toEqual([
      '2024-03-30T23:00:00Z',
      '2024-03-31T22:00:00Z',
      '2024-04-01T22:00:00Z',
    ]);
    expect(countSelected(daily, spans, 2)).toBe(3);
    expect(countSelected(daily, spans, 1)).toBe(2);
  });

  it('join spans that touch or overlap', () => {
    expect(
      mergedSpans([
        { start: 5, end: 9 },
        { start: 1, end: 3 },
        { start: 3, end: 4 },
        { start: 6, end: 7 },
      ]),
    ).toEqual([
      { start: 1, end: 4 },
      { start: 5, end: 9 },
    ]);
  });

  it(`are those that a search through all times finds, in either order and page by page (seed ${seed})`, () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe');
    const crons = fc.constantFrom('0 2 * * *', '30 1,2 * * *', '0 0 * * SUN', '50 */5 * * *', '@monthly');
    const schedules = fc.oneof(
      fc.tuple(crons, zones).map(([cron, timezone]): TimeSchedule => ({ kind: 'cron', timezone, crons: [parseCron(cron)] })),
      fc
        .integer({ min: 1, max: 40 })
        .map((hours): TimeSchedule => ({ kind: 'interval', everyMs: hours * 3_600_000, offsetMs: 0 })),
      fc
        .array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 6 })
        .map((days): TimeSchedule => ({ kind: 'at', at: days.map((day) => ms('2024-03-01T00:00:00Z') + day * 86_400_000) })),
    );
    const hours = fc.integer({ min: 0, max: 24 * 60 });
    const ranges = fc.array(fc.tuple(hours, fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(schedules, ranges, fc.integer({ min: 1, max: 7 }), (schedule, given, limit) => {
        const begin = ms('2024-03-01T00:00:00Z');
        const spans = mergedSpans(
          given.map(([from, length]) => ({ start: begin + from * 3_600_000, end: begin + (from + length) * 3_600_000 })),
        );
        const expected = timesBetween(schedule, begin - 90 * 86_400_000, begin + 180 * 86_400_000, 100_000).filter((time) => {
          const { start } = dataIntervalOf(schedule, time);
          return spans.some((span) => span.start <= start && start < span.end);
        });
        for (const order of ['oldest', 'newest'] as const) {
          const found: number[] = [];
          for (let after: number | undefined; ; after = found.at(-1)) {
            const page = selectedTimes(schedule, spans, { order, after, limit });
            found.push(...page);
            if (page.length < limit) break;
          }
          expect(found).toEqual(order === 'oldest' ? expected : [...expected].reverse());
        }
      }),
      { numRuns: 150, seed },
    );
  });
});
