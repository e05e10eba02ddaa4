import {
  ExpressionError,
  evaluateExpression,
  mergeReferences,
  parseTemplate,
  type References,
  type TemplateSegment,
} from '../../src/dag/expression/index.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { Scope } from '../../src/dag/scope.js';
import { TaskError } from '../task-error.js';

/** How one database writes what the author's expressions and parameters stand for. */
export interface SqlDialect {
  literal(value: Json): string;
  /** In the place of `:name`; `place` counts the distinct parameters of the text from 1. */
  parameter(name: string, place: number, value: Json): string;
}

/** A text as the database gets it, and the names of its parameters in the order of their places. */
export interface RenderedSql {
  readonly text: string;
  readonly names: readonly string[];
}

/** A `:name` outside of quotes and comments. */
interface ParameterSegment {
  readonly parameter: string;
}

/**
 * One SQL text with expressions in it. An expression renders as a quoted literal, `ident(x)` as a quoted identifier; both stand outside of
 * quotes and comments, or it is refused: so no value can become SQL (R18).
 */
export class SqlTemplate {
  readonly references: References;
  private readonly segments: readonly (TemplateSegment | ParameterSegment)[];

  constructor(
    text: string,
    private readonly dialect: SqlDialect,
  ) {
    const template = parseTemplate(text);
    this.segments = withParameters(template.strings[0]?.segments ?? [text]);
    this.references = mergeReferences(template.expressions.map((e) => e.expression.references));
  }

  /** `:name` of a parameter that is not given stays as it is. */
  render(scope: Scope, parameters: JsonObject): RenderedSql {
    const places = new Map<string, number>();
    const text = this.segments
      .map((segment) => {
        if (typeof segment === 'string') return segment;
        if ('parameter' in segment) return this.placed(segment.parameter, parameters, places);
        try {
          const value = evaluateExpression(segment, scope);
          // Blanks keep a literal apart from what stands beside it: `E`, `$` or another quote would change its meaning.
          return ` ${segment.identifier ? sqlIdentifier(value) : this.dialect.literal(value)} `;
        } catch (error) {
          if (error instanceof ExpressionError) throw new ExpressionError(`/query: \${{${segment.source}}}: ${error.message}`);
          throw error;
        }
      })
      .join('');
    return { text, names: [...places.keys()] };
  }

  private placed(name: string, parameters: JsonObject, places: Map<string, number>): string {
    if (!Object.hasOwn(parameters, name)) return `:${name}`;
    // Bound, it would have no type that a database could guess.
    if (parameters[name] === null) return ' NULL ';
    const place = places.get(name) ?? places.size + 1;
    places.set(name, place);
    return this.dialect.parameter(name, place, parameters[name] as Json);
  }
}

/** DuckDB binds parameters by name. */
export const DUCKDB_SQL: SqlDialect = { literal: sqlLiteral, parameter: (name) => `$${name}` };

/** A value as a literal of DuckDB: lists as `[…]`, objects as structs `{…}`. */
export function sqlLiteral(value: Json): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  // In brackets, since `-` before a negative number would begin a comment.
  if (typeof value === 'number') return value < 0 ? `(${value})` : String(value);
  if (typeof value === 'string') return quoted(value, "'");
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(sqlLiteral).join(', ')}]`;
  const entries = Object.entries(value);
  return entries.length === 0
    ? "'{}'::JSON"
    : `{${entries.map(([k, v]) => `${quoted(k, "'")}: ${sqlLiteral(v as Json)}`).join(', ')}}`;
}

/** A name as identifiers: `stg.orders` -> `"stg"."orders"`. */
export function sqlIdentifier(value: Json): string {
  if (typeof value !== 'string' || value === '' || value.split('.').includes('')) {
    throw new TaskError(
      'BadInput',
      `ident() must be given a name (or names with dots between), not ${JSON.stringify(value).slice(0, 100)}`,
      { kind: 'expression', retryable: false },
    );
  }
  return value
    .split('.')
    .map((part) => quoted(part, '"'))
    .join('.');
}

/** Text in quotes, those inside it doubled. Throws `TaskError` for NUL, which no SQL text can hold. */
export function quoted(text: string, quote: '"' | "'"): string {
  if (text.includes('\0'))
    throw new TaskError('BadInput', 'SQL text cannot hold the character NUL', { kind: 'expression', retryable: false });
  return `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
}

/** What the scanner is inside of; empty = plain SQL. */
type Inside =
  | { readonly end: string; readonly escapes: boolean; readonly what: string }
  | { readonly comment: true }
  | undefined;

function withParameters(segments: readonly TemplateSegment[]): (TemplateSegment | ParameterSegment)[] {
  let inside: Inside;
  return segments.flatMap((segment): readonly (TemplateSegment | ParameterSegment)[] => {
    if (typeof segment !== 'string') {
      if (inside !== undefined) {
        const what = 'comment' in inside ? 'a comment' : inside.what;
        throw new TaskError(
          'ExpressionError',
          `with.query: \${{${segment.source}}} stands inside ${what}; leave the quotes away, an expression becomes a quoted literal by itself`,
          { kind: 'expression', retryable: false },
        );
      }
      return [segment];
    }
    const found: (string | ParameterSegment)[] = [];
    let out = '';
    for (let i = 0; i < segment.length; ) {
      const step: number = inside === undefined ? 1 : skip(segment, i, inside);
      if (inside !== undefined) {
        out += segment.slice(i, Math.abs(step));
        if (step > 0) inside = undefined;
        i = Math.abs(step);
        continue;
      }
      const opened = opening(segment, i);
      if (opened !== undefined) {
        out += segment.slice(i, i + opened.length);
        i += opened.length;
        inside = opened.inside;
        continue;
      }
      const name = /^:([A-Za-z_][A-Za-z0-9_]*)/.exec(segment.slice(i, i + 130))?.[1];
      if (name !== undefined && segment[i - 1] !== ':') {
        found.push(out, { parameter: name });
        out = '';
        i += name.length + 1;
        continue;
      }
      out += segment[i];
      i++;
    }
    return [...found, out];
  });
}

function opening(text: string, i: number): { readonly length: number; readonly inside: Inside } | undefined {
  const char = text[i];
  if (char === "'")
    return {
      length: 1,
      inside: {
        end: "'",
        escapes: /[eE]$/.test(text.slice(0, i)) && !/[A-Za-z0-9_$][eE]$/.test(text.slice(0, i)),
        what: 'a quoted text',
      },
    };
  if (char === '"') return { length: 1, inside: { end: '"', escapes: false, what: 'a quoted name' } };
  if (char === '-' && text[i + 1] === '-') return { length: 2, inside: { end: '\n', escapes: false, what: 'a comment' } };
  if (char === '/' && text[i + 1] === '*') return { length: 2, inside: { comment: true } };
  const tag =
    char === '$' && !/[A-Za-z0-9_]/.test(text[i - 1] ?? '')
      ? /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(text.slice(i, i + 130))?.[0]
      : undefined;
  return tag === undefined
    ? undefined
    : { length: tag.length, inside: { end: tag, escapes: false, what: `text quoted by ${tag}` } };
}

/** Where what is open ends (positive), or that it goes on past the end of the text (its length, negative). */
function skip(text: string, from: number, inside: NonNullable<Inside>): number {
  if ('comment' in inside) {
    // Comments nest.
    let depth = 1;
    for (let i = from; i < text.length; i++) {
      if (text.startsWith('/*', i)) depth++;
      else if (text.startsWith('*/', i)) depth--;
      else continue;
      i++;
      if (depth === 0) return i + 1;
    }
    return -text.length;
  }
  for (let i = from; i < text.length; i++) {
    if (inside.escapes && text[i] === '\\') i++;
    else if (text.startsWith(inside.end, i)) return i + inside.end.length;
  }
  return -text.length;
}
