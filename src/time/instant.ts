import { Temporal } from 'temporal-polyfill';
import { FIRST_INSTANT, LAST_INSTANT } from './schedule.js';
import { Zone } from './zone.js';

/** A date or instant that cannot be read; the message says what is wrong and what to write. */
export class InstantError extends Error {
  override readonly name = 'InstantError';
}

/** A bound of a span of time in epoch ms; a bare date is a whole day, so that `from` begins at `start` and `to` ends before `end`. */
export interface TimeBound {
  readonly start: number;
  /** Equal to `start` for an instant. */
  readonly end: number;
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const LOCAL = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads an RFC 3339 instant (`2024-01-31T02:00:00Z`, or with an offset) as epoch ms. Throws {@link InstantError}, also for
 * fractions of a second and for instants outside 1970 to 2100, where no schedule has times.
 */
export function parseInstant(text: string): number {
  if (!RFC_3339.test(text)) {
    const hint = DATE.test(text)
      ? `; add the time: ${text}T00:00:00Z`
      : LOCAL.test(text)
        ? '; add the offset from UTC: Z or +01:00'
        : '; write it like 2024-01-31T02:00:00Z';
    throw new InstantError(`${JSON.stringify(text)} is no RFC 3339 instant${hint}`);
  }
  const time = attempt(text, 'instant', () => {
    checkClock(text);
    return Temporal.Instant.from(text.replace(' ', 'T').toUpperCase()).epochMilliseconds;
  });
  return bounded(text, whole(text, time));
}

/**
 * Reads a bare date (`2024-01-31`: that whole day in the zone), a wall-clock time in the zone (`2024-01-31T02:00`) or an
 * RFC 3339 instant. Throws {@link InstantError}, also for wall-clock times that the zone leaves out or has twice, and
 * RangeError for an unknown zone.
 */
export function parseTimeBound(text: string, timezone: string): TimeBound {
  const zone = Zone.of(timezone).name;
  if (DATE.test(text)) {
    const day = attempt(text, 'date', () => Temporal.PlainDate.from(text));
    const start = day.toZonedDateTime(zone).epochMilliseconds;
    return { start: bounded(text, start), end: day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds };
  }
  if (!LOCAL.test(text)) {
    const instant = parseInstant(text);
    return { start: instant, end: instant };
  }
  const wall = attempt(text, 'date and time', () => {
    checkClock(text);
    return Temporal.PlainDateTime.from(text.replace(' ', 'T').toUpperCase());
  });
  const [first, second] = [
    wall.toZonedDateTime(zone, { disambiguation: 'earlier' }),
    wall.toZonedDateTime(zone, { disambiguation: 'later' }),
  ];
  if (!first.toPlainDateTime().equals(wall))
    throw new InstantError(
      `${JSON.stringify(text)} does not exist in ${zone}: the clock jumps over it; write an instant with its offset`,
    );
  if (!first.equals(second))
    throw new InstantError(
      `${JSON.stringify(text)} comes twice in ${zone}; write which one: ${text}${first.offset} or ${text}${second.offset}`,
    );
  const instant = bounded(text, whole(text, first.epochMilliseconds));
  return { start: instant, end: instant };
}

/** An instant (epoch ms) as RFC 3339 in UTC to the second, fractions cut off: `2024-01-31T02:00:00Z`. */
export function formatInstant(instant: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(instant / 1000) * 1000).toString({ smallestUnit: 'second' });
}

/** The date of an instant (epoch ms) in a zone: `2024-01-31`. Throws RangeError for an unknown zone. */
export function dateIn(instant: number, timezone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(Zone.of(timezone).name).toPlainDate().toString();
}

/** Temporal.from takes second 60 for 59, and its errors do not name the text. */
function checkClock(text: string): void {
  const [, hour, minute, second] = /[Tt ](\d\d):(\d\d)(?::(\d\d))?/.exec(text)!;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) throw new RangeError('no such time of day');
}

function attempt<T>(text: string, what: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new InstantError(`${JSON.stringify(text)} is no ${what} of the calendar; check month, day and time of day`);
  }
}

function whole(text: string, instant: number): number {
  if (instant % 1000 !== 0 || /\.\d{3}\d*[1-9]/.test(text))
    throw new InstantError(`${JSON.stringify(text)} has a fraction of a second; write whole seconds`);
  return instant;
}

function bounded(text: string, instant: number): number {
  if (instant < FIRST_INSTANT || instant > LAST_INSTANT)
    throw new InstantError(`${JSON.stringify(text)} is out of range; dates go from 1970 to 2100`);
  return instant;
}
