import { daysOf, Zone } from './zone.js';

/** Lists of values that a time must match in all five fields; the CronFields of the core are such. */
export interface CalendarFields {
  /** 0 to 59. */
  readonly minutes: readonly number[];
  /** 0 to 23. */
  readonly hours: readonly number[];
  /** 1 to 31. */
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6. */
  readonly daysOfWeek: readonly number[];
}

/** The last year in which the Temporal server finds times; the search ends there. */
export const LAST_YEAR = 2100;

const HOUR = 3600;

/**
 * The first time after the epoch second `after` that matches, in epoch seconds; undefined when none comes up to
 * {@link LAST_YEAR}. Step for step what the Temporal server does (service/worker/scheduler/calendar.go of 1.29), since the preview
 * must name the instants that the server will fire at: its ways with doubled and missing hours cannot be had from rules.
 * Skips whole months, days and hours: a date that never comes costs about a millisecond.
 */
export function nextMatch(fields: CalendarFields, zone: Zone, after: number): number | undefined {
  const month = lookup(fields.months);
  const dayOfMonth = lookup(fields.daysOfMonth);
  const dayOfWeek = lookup(fields.daysOfWeek);
  const hour = lookup(fields.hours);
  const minute = lookup(fields.minutes);
  const start = zone.wallClock(after);
  let { year: y, month: mo, day: d, hour: h, minute: m } = start;
  // Seconds are 0 in every schedule of five fields, so any later second belongs to the next minute.
  let s = start.second + 1;
  // An hour when we look at the second run of a doubled hour.
  let repeat = zone.wallClock(after - HOUR).hour === h ? HOUR : 0;

  search: for (;;) {
    if (s > 0) {
      m++;
      s = 0;
    }
    if (m >= 60) {
      const previous = zone.epochSecond(y, mo, d, h, 0, 0);
      h++;
      m = 0;
      // The next hour is two hours away: the one between is the repetition of this one.
      if (repeat === 0 && zone.epochSecond(y, mo, d, h, 0, 0) - previous > HOUR) {
        h--;
        repeat = HOUR;
      } else {
        repeat = 0;
      }
    }
    if (h >= 24) {
      d++;
      h = 0;
    }
    if (d > daysInMonth(mo, y)) {
      mo++;
      d = 1;
    }
    if (mo > 12) {
      y++;
      mo = 1;
    }
    if (y > LAST_YEAR) return undefined;
    while (!month[mo]) {
      mo++;
      d = 1;
      h = m = repeat = 0;
      if (mo > 12) continue search;
    }
    while (!dayOfMonth[d] || !dayOfWeek[zone.wallClock(zone.epochSecond(y, mo, d, h, m, 0)).weekday]) {
      d++;
      h = m = repeat = 0;
      if (d > daysInMonth(mo, y)) continue search;
    }
    while (!hour[h]) {
      h++;
      m = repeat = 0;
      if (h >= 24) continue search;
    }
    while (!minute[m]) {
      m++;
      if (m >= 60) continue search;
    }
    const match = zone.epochSecond(y, mo, d, h, m, 0);
    // A wall-clock time that the zone leaves out lands in another hour.
    if (zone.wallClock(match).hour !== h) {
      h++;
      m = 0;
      continue;
    }
    if (match + repeat > after) return match + repeat;
    // The server would go back here for ever (a zone that leaves out half an hour, such as Caracas in 2016).
    s = 1;
  }
}

function lookup(values: readonly number[]): boolean[] {
  const matches: boolean[] = [];
  for (const value of values) matches[value] = true;
  return matches;
}

function daysInMonth(month: number, year: number): number {
  return daysOf(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - daysOf(year, month, 1);
}
