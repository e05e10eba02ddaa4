import {
  DuckDBArrayValue,
  DuckDBBitValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Json } from '../../src/dag/json.js';
import { TaskError } from '../task-error.js';

/**
 * A DuckDB value as JSON (R16, R17): whole numbers and decimals are numbers (beyond 2^53 a failure by name), dates `YYYY-MM-DD`, timestamps RFC 3339
 * in UTC, NaN and infinity null, blobs base64, type JSON what it holds, lists and structs what they are, maps objects; all else is text.
 */
export function jsonOf(value: DuckDBValue, type: DuckDBType, column: string): Json {
  if (typeof value === 'string' && type.alias === 'JSON') return JSON.parse(value) as Json;
  return plain(value, column);
}

function plain(value: DuckDBValue, column: string): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return wholeNumber(value, column);
  if (value instanceof DuckDBDecimalValue) return decimal(value, column);
  if (value instanceof DuckDBDateValue) return value.toString();
  if (isTimestamp(value)) return rfc3339(value.toString());
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue)
    return value.items.map((item) => plain(item, column));
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([k, v]) => [k, plain(v, column)]));
  if (value instanceof DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({ key, value: v }) => [text(plain(key, column)), plain(v, column)]));
  if (value instanceof DuckDBUnionValue) return plain(value.value, column);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof DuckDBBitValue) return value.toString();
  return String(value);
}

/** A whole number as JSON; throws `TaskError` (`NumberTooLarge`) beyond 2^53. */
export function wholeNumber(value: bigint, column: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new TaskError(
    'NumberTooLarge',
    `column ${column} holds ${value}, which no JSON number can hold exactly; cast it: ${column}::text or ${column}::float8`,
    { retryable: false },
  );
}

function decimal(value: DuckDBDecimalValue, column: string): number {
  const [before = '0'] = value.toString().split('.');
  wholeNumber(BigInt(before === '' || before === '-' ? '0' : before), column);
  return Number(value.toString());
}

function isTimestamp(value: DuckDBValue): value is DuckDBTimestampValue {
  return [
    DuckDBTimestampValue,
    DuckDBTimestampTZValue,
    DuckDBTimestampSecondsValue,
    DuckDBTimestampMillisecondsValue,
    DuckDBTimestampNanosecondsValue,
  ].some((type) => value instanceof type);
}

/** `2024-01-01 10:00:00.5+00` -> `2024-01-01T10:00:00.5Z`; infinities and years before Christ stay as they are. */
export function rfc3339(shown: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:\+00(?::00)?)?$/.exec(shown);
  return match === null ? shown : `${match[1]}T${match[2]}Z`;
}

const text = (key: Json): string => (typeof key === 'string' ? key : JSON.stringify(key));
