/** An instant or a day, as numbers: no `Date` in the core. */
export interface DateText {
  /** Milliseconds since 1970 in UTC; of a bare date, its midnight in UTC. */
  readonly ms: number;
  /** A bare date, which means that whole day in the DAG's zone (R5). */
  readonly bare: boolean;
}

const FORM = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(Z|[+-]\d{2}:\d{2}))?$/;

/** Schedules have times from 1970 to the end of 2099; a zone may shift a bare date by a day. */
const FIRST_YEAR = 1970;
const LAST_YEAR = 2099;

/** Reads `2024-01-31` or RFC 3339 (`2024-01-31T06:00:00Z`, `...+02:00`); undefined for all else: days that do not
 * exist, fractions of a second, years before 1970 or after 2099. */
export function readDate(text: string): DateText | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (
    year < FIRST_YEAR ||
    year > LAST_YEAR ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > daysIn(year, month) ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  )
    return undefined;
  const zone = match[7];
  const shift =
    zone === undefined || zone === 'Z'
      ? 0
      : (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  if (Math.abs(shift) > 18 * 60 || (zone !== undefined && zone !== 'Z' && Number(zone.slice(4, 6)) > 59)) return undefined;
  return {
    ms: ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute - shift) * 60_000 + second * 1000,
    bare: zone === undefined,
  };
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days from civil, proleptic Gregorian: years counted from March, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}
