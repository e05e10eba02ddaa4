/**
 * A cron expression as the lists of values that match. A time matches when ALL five fields do: Temporal, unlike crond,
 * also demands the day of the month AND the day of the week.
 */
export interface CronFields {
  /**
   * The five fields to give to Temporal, presets spelt out, one blank between: `0 0 * * *`. A 7 for Sunday is written
   * otherwise, because Temporal 1.29 takes `1-7` for Monday to Saturday.
   */
  readonly text: string;
  /** 0 to 59; all lists ascending, without duplicates, never empty. */
  readonly minutes: readonly number[];
  /** 0 to 23. */
  readonly hours: readonly number[];
  /** 1 to 31. */
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6; 7 has become 0. */
  readonly daysOfWeek: readonly number[];
  /** Set when the author may be surprised: both kinds of day are restricted, and both must match. */
  readonly warning?: string;
}

/** A cron expression that is refused; the message says what is wrong and what to write. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

/** Names that stand for a whole expression, with what they mean. */
export const CRON_PRESETS: { readonly [name: string]: string } = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

interface Field {
  readonly title: string;
  readonly min: number;
  /** Highest value that is meant; 7 for Sunday is beyond it. */
  readonly max: number;
  readonly names?: readonly string[];
  readonly firstName?: number;
}

const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const FIELDS: readonly [Field, Field, Field, Field, Field] = [
  { title: 'minute', min: 0, max: 59 },
  { title: 'hour', min: 0, max: 23 },
  { title: 'day of the month', min: 1, max: 31 },
  { title: 'month', min: 1, max: 12, names: MONTH_NAMES, firstName: 1 },
  { title: 'day of the week', min: 0, max: 6, names: DAY_NAMES, firstName: 0 },
];
const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MAX_LENGTH = 500;

/**
 * Reads the strict subset of cron that Temporal, and everybody else, understands alike: five fields of `*`, values,
 * ranges `a-b`, lists, and steps `/n` after a star, a range or a first value; month and day names of three letters in any case,
 * 7 as Sunday; or one of {@link CRON_PRESETS}. Throws {@link CronError}, also for days that never come (30 February).
 */
export function parseCron(source: string): CronFields {
  const text = source.trim();
  if (text === '') throw new CronError('the cron expression is empty; write five fields, such as `0 2 * * *`');
  if (text.length > MAX_LENGTH)
    throw new CronError(`the cron expression has ${text.length} characters, more than ${MAX_LENGTH}; use ranges and steps`);
  const fields = (text.startsWith('@') ? preset(text) : text).split(/[ \t]+/);
  checkCount(fields, text);
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = FIELDS.map((field, index) => parseField(field, fields[index]!)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  if (!months.some((month) => daysOfMonth[0]! <= LONGEST_MONTH[month - 1]!)) {
    throw new CronError(
      `\`${text}\` never comes: no month ${months.join(', ')} has a day ${daysOfMonth[0]}; choose a day that exists`,
    );
  }
  const both = daysOfMonth.length < 31 && daysOfWeek.length < 7;
  return {
    text: [...fields.slice(0, 4), weekdays(fields[4]!, daysOfWeek)].join(' '),
    minutes,
    hours,
    daysOfMonth,
    months,
    daysOfWeek,
    ...(both && {
      warning: `day of the month \`${fields[2]}\` AND day of the week \`${fields[4]}\` must both match, unlike in crond, where one is enough; for either, write two expressions in a list`,
    }),
  };
}

function weekdays(text: string, values: readonly number[]): string {
  const plain = !/[7/]/.test(text);
  if (plain || text === '*') return text;
  return values.length === 7 ? '*' : values.join(',');
}

function preset(text: string): string {
  const known = Object.hasOwn(CRON_PRESETS, text) ? CRON_PRESETS[text] : undefined;
  if (known !== undefined) return known;
  const list = Object.keys(CRON_PRESETS).join(' ');
  const name = text.split(/[ \t]/, 1)[0]!;
  const lower = name.toLowerCase();
  if (lower === '@every') throw new CronError(`\`${text}\` is no cron expression; write the schedule as \`{ every: 5m }\``);
  if (lower === '@reboot')
    throw new CronError(
      '`@reboot` names no time: a schedule does not depend on when a process starts; start such runs over REST',
    );
  if (lower === '@once') throw new CronError('`@once` names no time; write the schedule as `{ at: [2024-01-01T00:00:00Z] }`');
  if (Object.hasOwn(CRON_PRESETS, lower) && name === text)
    throw new CronError(`\`${text}\` is written in lower case: \`${lower}\``);
  throw new CronError(`\`${text}\` is no preset; there are ${list}, or write five fields`);
}

function checkCount(fields: readonly string[], text: string): void {
  if (/^(CRON_)?TZ=/.test(text))
    throw new CronError('the time zone does not belong into the cron expression; write `{ cron: …, timezone: … }`');
  if (fields.some((field) => field.startsWith('#')))
    throw new CronError('a comment does not belong into the cron expression; put it into the description');
  const count = fields.length;
  if (count === 5) return;
  const got = `\`${text}\` has ${count} field${count === 1 ? '' : 's'}`;
  const wanted = 'minute, hour, day of the month, month, day of the week';
  if (count === 6)
    throw new CronError(
      `${got}: seconds (first) and years (last, as Temporal would read the sixth) are not supported; write five: ${wanted}`,
    );
  if (count === 7) throw new CronError(`${got}: seconds and years are not supported; write the five in the middle: ${wanted}`);
  throw new CronError(`${got}; write five: ${wanted}`);
}

function parseField(field: Field, text: string): number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    if (part === '') throw new CronError(`the ${field.title} \`${text}\` has an empty place in its list; remove the comma`);
    for (const value of parsePart(field, part)) values.add(value > field.max ? 0 : value);
  }
  return [...values].sort((a, b) => a - b);
}

function parsePart(field: Field, part: string): number[] {
  const slashes = part.split('/');
  const range = slashes[0]!;
  if (slashes.length > 2) throw refuse(field, part, 'has more than one `/`; write one step, such as `*/2`');
  const step = slashes.length === 2 ? parseStep(field, part, slashes[1]!) : 1;
  const ends = range.split('-');
  if (ends.length > 2) throw refuse(field, part, 'has more than one `-`; write one range, such as `1-5`');
  let first = field.min;
  let last = field.max;
  if (range !== '*') {
    first = parseValue(field, part, ends[0]!);
    if (ends.length === 2) last = parseValue(field, part, ends[1]!);
    else if (slashes.length === 1) last = first;
    // Temporal counts on to the second Sunday: `1/3` is Monday, Thursday, Sunday.
    else if (field.names === DAY_NAMES) last = 7;
  }
  if (first > last && ends.length === 2) {
    const [from, to] = [ends[0]!, ends[1]!];
    const sunday = field.names === DAY_NAMES && last === 0;
    throw refuse(
      field,
      part,
      sunday
        ? `runs backwards: Sunday is 0; write \`${from}-7\``
        : `runs backwards; write \`${from}-${field.max},${field.min}-${to}\``,
    );
  }
  const result: number[] = [];
  for (let value = first; value <= last; value += step) result.push(value);
  return result;
}

function parseStep(field: Field, part: string, text: string): number {
  const step = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (step < 1) throw refuse(field, part, `has the step \`${text}\`; a step is a whole number from 1, such as \`*/2\``);
  const span = field.max - field.min;
  if (step > span)
    throw refuse(
      field,
      part,
      `has the step ${step}, which goes beyond the field (${field.min} to ${field.max}), so that only its first value would match; write that value, or use \`{ every: … }\``,
    );
  return step;
}

function parseValue(field: Field, part: string, text: string): number {
  const isDay = field.names === DAY_NAMES;
  if (/^\d{1,4}$/.test(text)) {
    const value = Number(text);
    if (value >= field.min && value <= (isDay ? 7 : field.max)) return value;
    throw refuse(
      field,
      part,
      `is out of range; it goes from ${field.min} to ${field.max}${isDay ? ' (0 or 7 is Sunday)' : ''}`,
    );
  }
  const upper = text.toUpperCase();
  const name = field.names?.indexOf(upper) ?? -1;
  if (name >= 0) return name + field.firstName!;
  if (text === '') throw refuse(field, part, 'lacks a value; write a number, a range `a-b` or `*`');
  if (text.includes('#'))
    throw refuse(
      field,
      part,
      'counts weekdays with `#`, which Temporal would read as a comment; restrict the day of the month instead: the first Monday is `0 0 1-7 * MON`',
    );
  if (text.includes('?')) throw refuse(field, part, 'has `?`, which is not supported; write `*`');
  if (isDay && /^([0-7]|[A-Z]{3})L$/.test(upper))
    throw refuse(
      field,
      part,
      'has `L` (last), which is not supported; the last Friday of a month of 31 days is `0 0 25-31 * FRI`',
    );
  if (/^(L|LW|L-?\d+|\d{1,2}L)$/.test(upper))
    throw refuse(
      field,
      part,
      'has `L` (last), which is not supported; use the 1st of the next month, or list days such as `28-31`',
    );
  if (/^\d{1,2}W$|^W$/.test(upper))
    throw refuse(
      field,
      part,
      'has `W` (nearest weekday), which is not supported; write `MON-FRI` as the day of the week, or list days',
    );
  if (/^H(\(|$)/.test(upper))
    throw refuse(field, part, 'has `H` (hashed), which is not supported; write a number, or give the schedule a `jitter`');
  const long = field.names?.find((each) => upper.startsWith(each));
  if (long !== undefined) throw refuse(field, part, `is written in three letters: \`${long}\``);
  if (field.names) throw refuse(field, part, `is neither a number nor one of ${field.names.join(' ')}`);
  throw refuse(field, part, `is no whole number from ${field.min} to ${field.max}`);
}

function refuse(field: Field, part: string, why: string): CronError {
  return new CronError(`the ${field.title} \`${part}\` ${why}`);
}
