import { describe, expect, it } from 'vitest';
import { dateIn, formatInstant, InstantError, parseInstant, parseTimeBound } from '../../src/time/instant.js';
import { isTimeZone, Zone } from '../../src/time/zone.js';

const DAY = 86_400_000;

describe('instants', () => {
  it.each([
    ['2024-01-31T02:00:00Z', '2024-01-31T02:00:00Z'],
    ['2024-01-31t02:00:00z', '2024-01-31T02:00:00Z'],
    ['2024-01-31 02:00:00.000Z', '2024-01-31T02:00:00Z'],
    ['2024-01-31T02:00:00-03:30', '2024-01-31T05:30:00Z'],
    ['2024-02-29T23:59:59+14:00', '2024-02-29T09:59:59Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z'],
    ['2100-12-31T23:59:59Z', '2100-12-31T23:59:59Z'],
  ])('reads %s', (text, instant) => expect(formatInstant(parseInstant(text))).toBe(instant));

  it.each([
    ['2024-01-31', 'add the time: 2024-01-31T00:00:00Z'],
    ['2024-01-31T02:00:00', 'add the offset from UTC'],
    ['2024-01-31T02:00Z', 'write it like'],
    ['2024-02-30T00:00:00Z', 'is no instant of the calendar'],
    ['2024-13-01T00:00:00Z', 'is no instant of the calendar'],
    ['2024-01-31T24:00:00Z', 'is no instant of the calendar'],
    ['2024-01-31T23:59:60Z', 'is no instant of the calendar'],
    ['2024-01-31T02:00:00+25:00', 'is no instant of the calendar'],
    ['2024-01-31T02:00:00.5Z', 'whole seconds'],
    ['2024-01-31T02:00:00.0000001Z', 'whole seconds'],
    ['1969-12-31T23:59:59Z', '1970 to 2100'],
    ['2101-01-01T00:00:00Z', '1970 to 2100'],
    ['+012024-01-31T02:00:00Z', 'write it like'],
    ['2024-01-31T02:00:00Z[Europe/Berlin]', 'write it like'],
    ['tomorrow', 'write it like'],
    ['', 'write it like'],
  ])('refuses %s', (text, message) => {
    expect(() => parseInstant(text)).toThrow(InstantError);
    expect(() => parseInstant(text)).toThrow(message);
  });

  it('are written to the second, fractions cut off', () => {
    expect(formatInstant(Date.parse('2024-01-31T02:00:00.999Z'))).toBe('2024-01-31T02:00:00Z');
  });
});

describe('bounds of time', () => {
  it('take a bare date as that whole day in the zone', () => {
    expect(parseTimeBound('2024-01-01', 'UTC')).toEqual({ start: Date.UTC(2024, 0, 1), end: Date.UTC(2024, 0, 2) });
    const short = parseTimeBound('2025-03-30', 'Europe/Berlin');
    expect([formatInstant(short.start), short.end - short.start]).toEqual(['2025-03-29T23:00:00Z', DAY - 3_600_000]);
    // Midnight itself is missing on this day.
    expect(formatInstant(parseTimeBound('2025-03-09', 'America/Havana').start)).toBe('2025-03-09T05:00:00Z');
  });

  it('take a wall-clock time in the zone, and an instant as it is', () => {
    const noon = Date.parse('2024-07-01T10:00:00Z');
    expect(parseTimeBound('2024-07-01T12:00', 'Europe/Berlin')).toEqual({ start: noon, end: noon });
    expect(parseTimeBound('2024-07-01T10:00:00Z', 'Europe/Berlin')).toEqual({ start: noon, end: noon });
  });

  it.each([
    ['2025-03-30T02:30', 'Europe/Berlin', 'the clock jumps over it'],
    ['2025-10-26T02:30:00', 'Europe/Berlin', 'write which one: 2025-10-26T02:30:00+02:00 or 2025-10-26T02:30:00+01:00'],
    ['2024-02-30', 'UTC', 'is no date of the calendar'],
    ['2024-01-01T25:00', 'UTC', 'is no date and time of the calendar'],
    ['1960-01-01', 'UTC', '1970 to 2100'],
    ['2024-1-1', 'UTC', 'write it like'],
  ])('refuse %s in %s', (text, zone, message) => expect(() => parseTimeBound(text, zone)).toThrow(message));

  it('refuse an unknown zone', () => expect(() => parseTimeBound('2024-01-01', 'Mars/Olympus')).toThrow(RangeError));
});

describe('zones', () => {
  it.each([
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kolkata',
    'Asia/Calcutta',
    'US/Eastern',
    'Etc/GMT+5',
    'EST5EDT',
    'America/Argentina/Buenos_Aires',
    'America/Port-au-Prince',
    'Antarctica/DumontDUrville',
  ])('knows %s', (name) => expect(isTimeZone(name)).toBe(true));
  it.each([
    '',
    'Local',
    'local',
    '+01:00',
    'utc',
    'europe/berlin',
    'EUROPE/BERLIN',
    'Mars/Olympus',
    'PST',
    'SystemV/PST8',
    'Europe/Berlin ',
    '__proto__',
    'GMT+1',
    '../etc/passwd',
  ])('denies %j', (name) => expect(isTimeZone(name)).toBe(false));

  it('goes from seconds to the wall clock and back in every zone of the host', () => {
    for (const name of Intl.supportedValuesOf('timeZone').filter((_, index) => index % 5 === 0)) {
      const zone = Zone.of(name);
      for (let second = 3_600; second < 4_000_000_000; second += 123_456_789) {
        const { year, month, day, hour, minute, second: s } = zone.wallClock(second);
        expect(zone.epochSecond(year, month, day, hour, minute, s)).toBe(second);
      }
    }
  });

  it('tells the date in the zone', () => {
    expect(dateIn(Date.parse('2024-01-01T02:00:00Z'), 'America/New_York')).toBe('2023-12-31');
    expect(dateIn(Date.parse('2024-02-29T22:00:00Z'), 'Asia/Kolkata')).toBe('2024-03-01');
  });
});
