import { describe, expect, it } from 'vitest';
import { parseCron } from '../../src/dag/cron.js';
import { datesOfRun, NotScheduledError } from '../../src/time/dates-of-run.js';
import { readSchedule, ScheduleError, type ScheduleReaders } from '../../src/time/read-schedule.js';

// Durations have a reader of their own in the core; here seconds are enough.
const readers: ScheduleReaders = { parseCron, parseDuration: (text) => Number.parseFloat(text) * 1000 };
const ms = (text: string): number => Date.parse(text);
const nightly = readSchedule({ cron: '0 2 * * *', timezone: 'Europe/Berlin' }, readers);

describe('the dates of a run', () => {
  it('of a date are the interval that ends there', () => {
    expect(datesOfRun({ schedule: nightly, logicalDate: ms('2025-03-31T00:00:00Z'), now: ms('2025-06-01T00:00:00Z') })).toEqual(
      {
        dated: true,
        logicalDate: '2025-03-31T00:00:00Z',
        // On the 30th two o'clock does not exist.
        dataInterval: { start: '2025-03-29T01:00:00Z', end: '2025-03-31T00:00:00Z' },
        ds: '2025-03-29',
        dsNodash: '20250329',
      },
    );
  });

  it('give the day in the zone of the DAG', () => {
    const input = {
      schedule: readSchedule('@daily', readers, 'Asia/Kolkata'),
      logicalDate: ms('2025-01-02T18:30:00Z'),
      now: 0,
    };
    expect(datesOfRun(input)).toMatchObject({
      ds: '2025-01-02',
      dataInterval: { start: '2025-01-01T18:30:00Z', end: '2025-01-02T18:30:00Z' },
    });
    expect(datesOfRun({ ...input, timezone: 'UTC' }).ds).toBe('2025-01-01');
  });

  it('refuse a date that is not scheduled and name the two nearest times', () => {
    const start = (): unknown => datesOfRun({ schedule: nightly, logicalDate: ms('2025-01-15T02:00:00Z'), now: 0 });
    expect(start).toThrow(NotScheduledError);
    expect(start).toThrow(
      "2025-01-15T02:00:00Z is not one of the schedule's times; the nearest are 2025-01-15T01:00:00Z and 2025-01-16T01:00:00Z.",
    );
  });

  it('refuse a date beyond the last time and name the one there is', () => {
    const schedule = readSchedule({ at: ['2025-01-01'], timezone: 'America/New_York' }, readers);
    expect(() => datesOfRun({ schedule, logicalDate: ms('2025-06-01T00:00:00Z'), now: 0 })).toThrow(
      'the nearest is 2025-01-01T05:00:00Z',
    );
  });

  it('without a date are the last complete interval', () => {
    expect(datesOfRun({ schedule: nightly, now: ms('2025-01-15T00:59:59.999Z') })).toEqual({
      dated: false,
      logicalDate: '2025-01-15T00:59:59Z',
      dataInterval: { start: '2025-01-13T01:00:00Z', end: '2025-01-14T01:00:00Z' },
      ds: '2025-01-13',
      dsNodash: '20250113',
    });
    expect(datesOfRun({ schedule: nightly, now: ms('2025-01-15T01:00:00.500Z') }).dataInterval).toEqual({
      start: '2025-01-14T01:00:00Z',
      end: '2025-01-15T01:00:00Z',
    });
  });

  it('without a schedule are the moment of acceptance', () => {
    expect(datesOfRun({ timezone: 'America/New_York', now: ms('2025-01-15T02:03:04.567Z') })).toEqual({
      dated: false,
      logicalDate: '2025-01-15T02:03:04Z',
      dataInterval: { start: '2025-01-15T02:03:04Z', end: '2025-01-15T02:03:04Z' },
      ds: '2025-01-14',
      dsNodash: '20250114',
    });
  });

  it('without a schedule take any date that is given', () => {
    expect(datesOfRun({ logicalDate: ms('2025-01-15T00:00:00Z'), now: 1 })).toMatchObject({
      dated: true,
      dataInterval: { start: '2025-01-15T00:00:00Z', end: '2025-01-15T00:00:00Z' },
    });
  });

  it('before the first time of the schedule are the moment of acceptance', () => {
    const schedule = readSchedule({ at: ['2030-01-01T00:00:00Z'] }, readers);
    expect(datesOfRun({ schedule, now: ms('2025-01-15T00:00:00Z') })).toMatchObject({
      dataInterval: { start: '2025-01-15T00:00:00Z', end: '2025-01-15T00:00:00Z' },
    });
  });
});

describe('a schedule as written', () => {
  it('is read in all its forms', () => {
    expect(readSchedule('@hourly', readers, 'Asia/Kolkata')).toEqual({
      kind: 'cron',
      timezone: 'Asia/Kolkata',
      crons: [parseCron('0 * * * *')],
    });
    expect(readSchedule({ cron: ['0 1 * * *', '0 5 * * *'] }, readers)).toMatchObject({
      timezone: 'UTC',
      crons: [{ hours: [1] }, { hours: [5] }],
    });
    expect(readSchedule({ every: '90s', offset: '30s' }, readers)).toEqual({
      kind: 'interval',
      everyMs: 90_000,
      offsetMs: 30_000,
    });
    expect(readSchedule({ at: ['2025-07-01T12:00', '2025-07-01T12:00:00Z'], timezone: 'Europe/Berlin' }, readers)).toEqual({
      kind: 'at',
      at: [ms('2025-07-01T10:00:00Z'), ms('2025-07-01T12:00:00Z')],
    });
  });

  it.each([
    [{ cron: '0 0 * * *', timezone: 'europe/berlin' }, 'is no time zone'],
    [{ cron: [] }, 'names no time'],
    [{ at: [] }, 'names no time'],
    [{ every: '0.5s' }, 'at least 1s'],
    [{ every: '1.5s' }, 'whole seconds'],
    [{ every: '60s', offset: '60s' }, 'shorter than'],
  ])('is refused as %j', (written, message) => {
    expect(() => readSchedule(written, readers)).toThrow(ScheduleError);
    expect(() => readSchedule(written, readers)).toThrow(message);
  });
});
