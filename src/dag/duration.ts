/** A text is no duration of ours (R24). `message` says what to write. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const DAY = 86_400_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const SECOND = 1_000;

/** The longest duration: 10 years of 365 days, in ms. */
export const MAX_DURATION_MS = 3_650 * DAY;

const SHORT = /^(?:(\d{1,16})d)?(?:(\d{1,16})h)?(?:(\d{1,16})m)?(?:(\d{1,16})s)?(?:(\d{1,16})ms)?$/;
const ISO = /^P(?:(\d{1,16})D)?(?:T(?:(\d{1,16})H)?(?:(\d{1,16})M)?(?:(\d{1,16})S)?)?$/;
/** What {@link parseDuration} reads, as one regular expression for a JSON Schema; it knows no longest duration. */
export const DURATION_PATTERN = `${SHORT.source.replace('^', '^(?=.)')}|${ISO.source.replace('^P', '^P(?=.)').replace('(?:T', '(?:T(?=.)')}`;
/** What {@link parseSignedDuration} reads. */
export const SIGNED_DURATION_PATTERN = DURATION_PATTERN.replaceAll('^', '^-?');
const FORM = 'write numbers with units, the largest first, such as 90s, 5m, 1h30m, 2d or 250ms';

/**
 * A duration in ms: `[nd][nh][nm][ns][nms]` in that order, or ISO-8601 without years, months and weeks; a day is 24 hours
 * (R24). Whole numbers only; 0 is allowed here. Throws {@link DurationError}.
 */
export function parseDuration(text: string): number {
  // Authors write `timeout: 90`: YAML makes it a number, and the answer should be about units all the same.
  const written: unknown = text;
  if (typeof written === 'number')
    throw new DurationError(`${written} has no unit: write "${written}s" for seconds (or ms, m, h, d)`);
  if (typeof written !== 'string') throw new DurationError(`a duration is a text: ${FORM}`);
  if (text.length > 64) throw new DurationError(`a duration has at most 64 characters: ${FORM}`);
  const short = SHORT.exec(text);
  if (short !== null && text !== '') return total(text, short.slice(1));
  const iso = ISO.exec(text);
  if (iso !== null && text !== 'P' && !text.endsWith('T')) return total(text, iso.slice(1));
  throw new DurationError(`${JSON.stringify(text)} is no duration: ${advice(text)}`);
}

/** A duration that may be negative, in ms: `-1d`, `30m`. Throws {@link DurationError}. */
export function parseSignedDuration(text: string): number {
  return typeof text === 'string' && text.startsWith('-') ? -parseDuration(text.slice(1)) : parseDuration(text);
}

function total(text: string, parts: readonly (string | undefined)[]): number {
  const [days, hours, minutes, seconds, millis] = parts.map((part) => Number(part ?? 0));
  const ms =
    (days as number) * DAY +
    (hours as number) * HOUR +
    (minutes as number) * MINUTE +
    (seconds as number) * SECOND +
    (millis ?? 0);
  if (ms > MAX_DURATION_MS) throw new DurationError(`${JSON.stringify(text)} is longer than the limit of 3650d (10 years)`);
  return ms;
}

function advice(text: string): string {
  if (text.trim() === '') return `it is empty; ${FORM}`;
  if (/^\d+$/.test(text)) return `it has no unit; write "${text}s" for seconds (or ms, m, h, d)`;
  if (text.startsWith('-')) return 'it cannot be negative';
  if (/^P.*[YW]/i.test(text) || /^P[^T]*M/i.test(text) || /\d\s*(?:w|y|mo)/i.test(text)) {
    return 'years, months and weeks are not accepted, since their length varies or hides; count in days (7d)';
  }
  if (/\d[.,]\d/.test(text)) return 'it has a fraction; use a smaller unit (1500ms instead of 1.5s)';
  if (/^p/i.test(text)) return 'in the ISO form it looks like P1D, PT30M or P1DT12H, in capitals';
  if (/^[\d\s]*(?:\d+\s*(?:ms|[dhms])\s*)+$/i.test(text))
    return 'units stand in the order d, h, m, s, ms, each once, in lower case, without spaces';
  return FORM;
}

/** A duration in ms as the shortest text that {@link parseDuration} reads back: 5400000 is `1h30m`, 0 is `0s`. Fractions are rounded. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  let left = Math.round(Math.abs(ms));
  if (left === 0) return '0s';
  let text = ms < 0 ? '-' : '';
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${count}${unit}`;
    left -= count * size;
  }
  return text;
}

const UNITS = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
] as const;
