import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../src/dag/cron.js';
import { parseTimeBound } from '../../src/time/instant.js';
import { type TimeSchedule, timesBetween } from '../../src/time/schedule.js';
import { timesBefore, timesWithin, windowOf } from '../../src/time/window.js';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const ms = (text: string): number => Date.parse(text);
const daily: TimeSchedule = { kind: 'cron', timezone: 'Europe/Berlin', crons: [parseCron('@daily')] };
const at = (...times: string[]): TimeSchedule => ({ kind: 'at', at: times.map(ms) });
const bound = (text: string) => parseTimeBound(text, 'Europe/Berlin');
const text = (time: number | undefined) => time && new Date(time).toISOString().replace('.000', '');

describe('startDate and endDate', () => {
  it('select by the start of the data interval: the run of the first day is due when that day is over', () => {
    const window = windowOf(daily, { start: bound('2024-01-01'), end: bound('2024-01-03') })!;
    expect([text(window.first), text(window.last)]).toEqual(['2024-01-01T23:00:00Z', '2024-01-03T23:00:00Z']);
    expect(timesWithin(daily, window, { from: 0, to: ms('2030-01-01T00:00:00Z') }, 10).map(text)).toEqual([
      '2024-01-01T23:00:00Z',
      '2024-01-02T23:00:00Z',
      '2024-01-03T23:00:00Z',
    ]);
    expect(timesBefore(daily, window, ms('2030-01-01T00:00:00Z'), 2).map(text)).toEqual([
      '2024-01-02T23:00:00Z',
      '2024-01-03T23:00:00Z',
    ]);
  });

  it('leave nothing where no interval begins between them', () => {
    expect(windowOf(daily, { start: bound('2024-01-01T01:00'), end: bound('2024-01-01T20:00') })).toBeUndefined();
    expect(windowOf(at('2024-01-01T00:00:00Z'), { start: bound('2025-01-01') })).toBeUndefined();
    expect(windowOf(at('2024-01-01T00:00:00Z'), { end: bound('2020-01-01') })).toBeUndefined();
  });

  it('of a list of moments: the first has an empty interval, at itself', () => {
    const list = at('2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z');
    expect(windowOf(list, { start: bound('2024-01-02') })).toEqual({ first: ms('2024-03-01T00:00:00Z') });
    expect(windowOf(list, { start: bound('2023-12-31') })).toEqual({ first: ms('2024-01-01T00:00:00Z') });
    expect(windowOf(list, { end: bound('2024-02-15') })).toEqual({ last: ms('2024-03-01T00:00:00Z') });
    expect(windowOf(list, { end: bound('2024-05-15') })).toEqual({ last: ms('2024-03-01T00:00:00Z') });
  });

  it(`hold for any schedule and any bounds (FC_SEED=${seed})`, () => {
    const schedules = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('0 2 * * *', '30 1,2 * * *', '0 0 * * SUN', '50 */5 * * *', '@monthly'),
          fc.constantFrom('UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe'),
        )
        .map(([cron, timezone]): TimeSchedule => ({ kind: 'cron', timezone, crons: [parseCron(cron)] })),
      fc
        .tuple(fc.integer({ min: 7_000, max: 90_000 }), fc.integer({ min: 0, max: 599 }))
        .map(([every, offset]): TimeSchedule => ({ kind: 'interval', everyMs: every * 1000, offsetMs: offset * 1000 })),
      fc
        .array(fc.integer({ min: 0, max: 40 * 86_400 }), { minLength: 1, maxLength: 8 })
        .map((list): TimeSchedule => ({ kind: 'at', at: list.map((s) => ms('2024-03-01T00:00:00Z') + s * 1000) })),
    );
    const moment = fc.integer({ min: 0, max: 40 * 86_400 }).map((s) => ms('2024-03-01T00:00:00Z') + s * 1000);
    fc.assert(
      fc.property(schedules, moment, moment, (schedule, start, end) => {
        const span = { from: ms('2024-01-01T00:00:00Z'), to: ms('2024-08-01T00:00:00Z') };
        const all = timesBetween(schedule, span.from, span.to, 20_000);
        const wanted = all.filter((time, n) => {
          // Moments have no time before the first; of all others the span begins long before any bound.
          const begin = all[n - 1] ?? time;
          return begin >= start && begin < end;
        });
        const window = windowOf(schedule, { start: { start, end: start }, end: { start: end, end } });
        expect(window === undefined ? [] : timesWithin(schedule, window, span, 20_000)).toEqual(wanted);
      }),
      { seed, numRuns: 200 },
    );
  });
});
