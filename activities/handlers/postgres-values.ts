import type { Json } from '../../src/dag/json.js';
import { rfc3339, wholeNumber } from './sql-values.js';

/** The type of a column, as the catalogue of the database tells it. */
export interface PostgresType {
  /** As `format_type` writes it: `numeric(9,2)`, `text[]`. */
  readonly name: string;
  readonly oid: number;
  /** Of arrays: the type of their elements, and what stands between them. */
  readonly element?: { readonly oid: number; readonly delimiter: string };
}

/** Object ids that PostgreSQL fixes for ever (`pg_type.dat`). */
const BOOL = 16;
const BYTEA = 17;
const WHOLE: ReadonlySet<number> = new Set([20, 21, 23, 26]);
const FLOAT: ReadonlySet<number> = new Set([700, 701]);
const NUMERIC = 1700;
const JSON_TYPES: ReadonlySet<number> = new Set([114, 3802]);
const TIMESTAMPS: ReadonlySet<number> = new Set([1114, 1184]);

/**
 * A value of PostgreSQL, in its text form, as JSON: by the rules of DuckDB's (R16, R17). Whole numbers and numerics are numbers (beyond 2^53 a failure
 * by name), dates `YYYY-MM-DD`, timestamps RFC 3339 in UTC, NaN and infinity null, bytea base64, json and jsonb what they hold, arrays lists; all else is text.
 */
export function postgresJson(value: string | null, type: PostgresType, column: string): Json {
  if (value === null) return null;
  const { element } = type;
  return element === undefined || !/^[{[]/.test(value)
    ? scalar(value, type.oid, column)
    : new ArrayText(value, element.delimiter, (item) => scalar(item, element.oid, column)).list();
}

function scalar(value: string, oid: number, column: string): Json {
  if (oid === BOOL) return value === 't';
  if (WHOLE.has(oid)) return wholeNumber(BigInt(value), column);
  if (FLOAT.has(oid)) return finite(value);
  if (oid === NUMERIC) return numeric(value, column);
  if (JSON_TYPES.has(oid)) return JSON.parse(value) as Json;
  if (TIMESTAMPS.has(oid)) return rfc3339(value);
  if (oid === BYTEA) return Buffer.from(value.slice(2), 'hex').toString('base64');
  return value;
}

function finite(value: string): number | null {
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function numeric(value: string, column: string): number | null {
  if (!/^-?[\d.]+$/.test(value)) return null;
  const [whole = ''] = value.split('.');
  wholeNumber(BigInt(whole === '' || whole === '-' ? '0' : whole), column);
  return Number(value);
}

/** An array as PostgreSQL writes it: `{1,NULL,{"a \"b\"",c}}`, with its bounds before where they do not begin at 1: `[0:1]={1,2}`. */
class ArrayText {
  private at: number;

  constructor(
    private readonly text: string,
    private readonly delimiter: string,
    private readonly item: (text: string) => Json,
  ) {
    this.at = text.indexOf('{');
  }

  /** Reads the list that begins at the brace here, and goes behind it. */
  list(): Json[] {
    const list: Json[] = [];
    this.at++;
    while (this.at < this.text.length && this.text[this.at] !== '}') {
      const next = this.text[this.at];
      if (next === this.delimiter) this.at++;
      else if (next === '{') list.push(this.list());
      else if (next === '"') list.push(this.item(this.quoted()));
      else {
        const word = this.word();
        list.push(word === 'NULL' ? null : this.item(word));
      }
    }
    this.at++;
    return list;
  }

  private quoted(): string {
    let value = '';
    for (this.at++; this.text[this.at] !== '"'; this.at++) {
      if (this.text[this.at] === '\\') this.at++;
      value += this.text[this.at] ?? '';
      if (this.at >= this.text.length) break;
    }
    this.at++;
    return value;
  }

  private word(): string {
    const from = this.at;
    while (this.at < this.text.length && this.text[this.at] !== this.delimiter && this.text[this.at] !== '}') this.at++;
    return this.text.slice(from, this.at);
  }
}
