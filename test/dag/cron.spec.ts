import { describe, expect, it } from 'vitest';
import { CRON_PRESETS, CronError, parseCron } from '../../src/dag/cron.js';

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);

describe('a cron expression', () => {
  it('becomes lists of values', () => {
    expect(parseCron('  5,0 2-4\t1-31/10 JAN-mar *  ')).toEqual({
      text: '5,0 2-4 1-31/10 JAN-mar *',
      minutes: [0, 5],
      hours: [2, 3, 4],
      daysOfMonth: [1, 11, 21, 31],
      months: [1, 2, 3],
      daysOfWeek: [0, 1, 2, 3, 4, 5, 6],
    });
  });

  it.each([
    ['*', range(0, 59)],
    ['*/15', [0, 15, 30, 45]],
    ['7/20', [7, 27, 47]],
    ['10-20/5,59,10', [10, 15, 20, 59]],
    ['08', [8]],
    ['30-30', [30]],
  ])('reads the minute %s', (minute, minutes) => expect(parseCron(`${minute} * * * *`).minutes).toEqual(minutes));

  it.each([
    ['7', [0]],
    ['sun', [0]],
    ['MON-FRI', [1, 2, 3, 4, 5]],
    ['FRI-7', [0, 5, 6]],
    ['0-7', range(0, 6)],
    ['1-7/2', [0, 1, 3, 5]],
    ['1/3', [0, 1, 4]],
    ['*/2', [0, 2, 4, 6]],
    ['Sat,SUN', [0, 6]],
  ])('reads the day of the week %s as Temporal does', (day, days) =>
    expect(parseCron(`0 0 * * ${day}`).daysOfWeek).toEqual(days),
  );

  it.each(Object.entries(CRON_PRESETS))('knows the preset %s as %s', (name, text) =>
    expect(parseCron(name)).toEqual(parseCron(text)),
  );

  it('writes a 7 for Sunday so that Temporal cannot misread it', () => {
    expect(parseCron('0 0 * * 1-7').text).toBe('0 0 * * *');
    expect(parseCron('0 0 * * 5-7').text).toBe('0 0 * * 0,5,6');
    expect(parseCron('0 0 * * MON/3').text).toBe('0 0 * * 0,1,4');
    expect(parseCron('0 0 * * MON-FRI').text).toBe('0 0 * * MON-FRI');
  });

  it('warns when both kinds of day are restricted, and only then', () => {
    expect(parseCron('0 0 1 * MON').warning).toMatch(/must both match.*two expressions/);
    for (const text of ['0 0 1 * *', '0 0 * * MON', '0 0 1-31 * MON', '0 0 1 * 0-6'])
      expect(parseCron(text)).not.toHaveProperty('warning');
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['* * * *', '4 fields; write five: minute, hour'],
    ['0 0 * * * *', 'seconds (first) and years (last, as Temporal would read the sixth)'],
    ['0 0 0 * * * 2030', 'the five in the middle'],
    ['1 2 3 4 5 6 7 8', '8 fields'],
    ['60 * * * *', 'the minute `60` is out of range; it goes from 0 to 59'],
    ['0 24 * * *', 'the hour `24` is out of range'],
    ['0 0 0 * *', 'the day of the month `0` is out of range; it goes from 1 to 31'],
    ['0 0 1 13 *', 'the month `13`'],
    ['0 0 * * 8', '(0 or 7 is Sunday)'],
    ['-1 * * * *', 'lacks a value'],
    ['5- * * * *', 'lacks a value'],
    ['1-2-3 * * * *', 'more than one `-`'],
    ['*/2/3 * * * *', 'more than one `/`'],
    ['*/0 * * * *', 'a step is a whole number from 1'],
    ['*/x * * * *', 'the step `x`'],
    ['*/ * * * *', 'the step ``'],
    ['*/90 * * * *', 'so that only its first value would match'],
    ['1.5 * * * *', 'is no whole number from 0 to 59'],
    ['+5 * * * *', 'is no whole number'],
    ['1,,2 * * * *', 'empty place'],
    ['0 22-2 * * *', 'runs backwards; write `22-23,0-2`'],
    ['0 0 * * SAT-SUN', 'write `SAT-7`'],
    ['0 0 * * FRI-MON', 'write `FRI-6,0-MON`'],
    ['0 0 L * *', '`L` (last)'],
    ['0 0 L-3 * *', '`L` (last)'],
    ['0 0 * * 5L', '25-31 * FRI'],
    ['0 0 * * FRIL', '25-31 * FRI'],
    ['0 0 15W * *', '`W` (nearest weekday)'],
    ['0 0 LW * *', '`L` (last)'],
    ['0 0 ? * MON', 'has `?`'],
    ['0 0 * * MON#1', 'Temporal would read as a comment'],
    ['0 0 * * * # every day', 'put it into the description'],
    ['H 2 * * *', '`jitter`'],
    ['0 0 * * Monday', 'three letters: `MON`'],
    ['0 0 1 JUNE *', 'three letters: `JUN`'],
    ['0 0 * * XYZ', 'neither a number nor one of SUN MON'],
    ['0 0 * MON *', 'neither a number nor one of JAN FEB'],
    ['0 0 30 2 *', 'never comes: no month 2 has a day 30'],
    ['0 0 31 4,6,9,11 *', 'never comes'],
    ['@every 5m', '{ every: 5m }'],
    ['@reboot', 'names no time'],
    ['@once', 'at:'],
    ['@Daily', 'lower case: `@daily`'],
    ['@fortnightly', 'is no preset; there are @hourly'],
    ['@daily 5', 'is no preset'],
    ['@constructor', 'is no preset'],
    ['TZ=Europe/Berlin 0 2 * * *', '{ cron: …, timezone: … }'],
    ['CRON_TZ=UTC 0 2 * * *', 'timezone'],
    ['0\u00a02 * * *', 'fields'],
    [`${'1,'.repeat(400)}1 * * * *`, 'more than 500'],
  ])('refuses `%s`', (text, message) => {
    expect(() => parseCron(text)).toThrow(CronError);
    expect(() => parseCron(text)).toThrow(message);
  });

  it('accepts 29 February and the 31st where a month has it', () => {
    expect(parseCron('0 0 29 2 *').daysOfMonth).toEqual([29]);
    expect(parseCron('0 0 31 2,3 *').months).toEqual([2, 3]);
  });
});
