import { Temporal } from 'temporal-polyfill';

/** Wall-clock fields in a zone; month from 1, weekday 0 (Sunday) to 6. */
export interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
}

/** A stretch of time with one offset from UTC: `start` inclusive, `end` exclusive, in epoch seconds; `offset` in seconds. */
interface Period {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

/** Seconds in a day that no zone changes in. */
const DAY = 86_400;

/**
 * Whether this is the name of an IANA time zone, spelt as the database spells it: the Temporal server distinguishes upper
 * and lower case. Offsets (`+01:00`), `Local` and the empty name are none.
 */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId === name;
  } catch {
    return false;
  }
}

/** The clock of one zone, to the second, by the same rules as Go's `time` package, which the Temporal server computes with. */
export class Zone {
  static readonly #known = new Map<string, Zone>();
  readonly #periods: Period[] = [];

  private constructor(readonly name: string) {}

  /** Throws RangeError for a name that {@link isTimeZone} denies. */
  static of(name: string): Zone {
    let zone = Zone.#known.get(name);
    if (zone === undefined) {
      if (!isTimeZone(name))
        throw new RangeError(
          `${JSON.stringify(name)} is no time zone; write an IANA name as the database spells it, such as Europe/Berlin`,
        );
      zone = new Zone(name);
      // Only real names come this far, so the map stays as small as the database.
      Zone.#known.set(name, zone);
    }
    return zone;
  }

  /** The stretch of one offset that holds this epoch second. */
  period(second: number): Period {
    for (const known of this.#periods) if (known.start <= second && second < known.end) return known;
    const here = instant(second).toZonedDateTimeISO(this.name);
    const end = here.getTimeZoneTransition('next');
    // A transition AT this second begins the period, so look back from a second later.
    const start = here.add({ seconds: 1 }).getTimeZoneTransition('previous');
    const period = {
      start: start === null ? -Infinity : start.epochMilliseconds / 1000,
      end: end === null ? Infinity : end.epochMilliseconds / 1000,
      offset: here.offsetNanoseconds / 1e9,
    };
    this.#periods.unshift(period);
    if (this.#periods.length > 16) this.#periods.pop();
    return period;
  }

  /** What the clock on the wall shows at this epoch second. */
  wallClock(second: number): WallClock {
    const local = second + this.period(second).offset;
    const days = Math.floor(local / DAY);
    const rest = local - days * DAY;
    return {
      ...dateOf(days),
      hour: Math.floor(rest / 3600),
      minute: Math.floor((rest % 3600) / 60),
      second: rest % 60,
      weekday: (((days + 4) % 7) + 7) % 7,
    };
  }

  /**
   * The epoch second of a wall-clock time, as Go's `time.Date` finds it: where the clock shows it twice or never, the offset
   * that holds at the same figures read as UTC decides. So a doubled hour is its first in America and its second in Europe.
   */
  epochSecond(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
    const local = daysOf(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    const guess = local - this.period(local).offset;
    return local - this.period(guess).offset;
  }
}

/** Days since 1970-01-01 of a date of the Gregorian calendar; days beyond the month count on. */
export function daysOf(year: number, month: number, day: number): number {
  // Years start in March here, so that the leap day is the last (after Howard Hinnant).
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The date of a number of days since 1970-01-01. */
export function dateOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const place = Math.floor((5 * dayOfYear + 2) / 153);
  const month = place < 10 ? place + 3 : place - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * place + 2) / 5) + 1 };
}

function instant(second: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(second * 1000);
}
