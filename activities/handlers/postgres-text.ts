import type { Json } from '../../src/dag/json.js';
import { quoted, type SqlDialect } from './sql-text.js';

const MAX_INT4 = 2 ** 31 - 1;

/** How PostgreSQL writes values: lists and objects as jsonb, parameters as `$1` with the type that a literal would have. */
export const POSTGRES_SQL: SqlDialect = {
  literal: postgresLiteral,
  parameter: (_, place, value) => `$${place}${castOf(value)}`,
};

/** A value as a literal that means the same whatever `standard_conforming_strings` says. */
export function postgresLiteral(value: Json): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  // In brackets, since `-` before a negative number would begin a comment.
  if (typeof value === 'number') return value < 0 ? `(${value})` : String(value);
  if (typeof value === 'string') return text(value);
  return `${text(JSON.stringify(value))}::jsonb`;
}

/** What is sent for a parameter. */
export function postgresValue(value: Json): string | null {
  return value === null || typeof value === 'string' ? value : JSON.stringify(value);
}

function text(value: string): string {
  return value.includes('\\') ? `E${quoted(value.replaceAll('\\', '\\\\'), "'")}` : quoted(value, "'");
}

/** Text and null stay without a type, as a quoted literal does: PostgreSQL takes the one that fits the place. */
function castOf(value: Json): string {
  if (value === null || typeof value === 'string') return '';
  if (typeof value === 'boolean') return '::boolean';
  if (typeof value === 'object') return '::jsonb';
  if (!Number.isSafeInteger(value)) return '::numeric';
  return Math.abs(value) <= MAX_INT4 ? '::int4' : '::int8';
}
