import { DurationError, parseDuration } from '../duration.js';
import { formatDate, formatInstant, parseInstant } from '../instant.js';
import type { Json } from '../json.js';
import { textArgument } from './arguments.js';
import { ExpressionError } from './expression-error.js';
import type { ExpressionFunction } from './function-catalogue.js';
import type { Meter } from './meter.js';
import { aKind, checkedNumber, hasKey, isMap, meteredJson, meteredText } from './value.js';

/** Functions that look into values, change their kind, or reckon with instants (R16). */
export const VALUE_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  [
    'get',
    {
      usage: "get(x, 'a.b[0]', default)",
      gives: 'what stands at the path, or the default (null without one)',
      minArgs: 2,
      maxArgs: 3,
      call: ([x, path, otherwise], meter) => get(x as Json, path as Json, otherwise ?? null, meter),
    },
  ],
  [
    'int',
    {
      usage: 'int(x)',
      gives: 'the whole number that a text is, or a number cut to whole',
      minArgs: 1,
      maxArgs: 1,
      call: ([x], meter) => int(x as Json, meter),
    },
  ],
  [
    'double',
    {
      usage: 'double(x)',
      gives: 'the number that a text is',
      minArgs: 1,
      maxArgs: 1,
      call: ([x], meter) => double(x as Json, meter),
    },
  ],
  [
    'bool',
    { usage: 'bool(x)', gives: 'true or false, of such a text too', minArgs: 1, maxArgs: 1, call: ([x]) => bool(x as Json) },
  ],
  [
    'string',
    {
      usage: 'string(x)',
      gives: 'the value as text',
      minArgs: 1,
      maxArgs: 1,
      call: ([x], meter) => meteredText(x as Json, meter),
    },
  ],
  [
    'json',
    {
      usage: 'json(x)',
      gives: 'the value as JSON text',
      minArgs: 1,
      maxArgs: 1,
      call: ([x], meter) => meteredJson(x as Json, meter),
    },
  ],
  [
    'ident',
    {
      usage: 'ident(name)',
      gives: 'in `query` of sql: a quoted name instead of a literal',
      minArgs: 1,
      maxArgs: 1,
      call: ([name]) => textArgument(name, 'ident()', 'name'),
    },
  ],
  [
    'date',
    {
      usage: 'date(instant)',
      gives: 'its date in UTC, `2024-01-31`',
      minArgs: 1,
      maxArgs: 1,
      call: ([at]) => formatDate(Math.floor(instant(at, 'date()') / 86_400_000)) ?? outOfYears('date()'),
    },
  ],
  [
    'addDuration',
    {
      usage: "addDuration(instant, '1d')",
      gives: "the instant that much later; with `'-1d'` earlier",
      minArgs: 2,
      maxArgs: 2,
      call: addDuration,
    },
  ],
];

/** One step of a path: `.name`, `[3]`, `['any name']`; the first needs no dot. */
const STEP = /\.?([^.[\]'"]+)|\[(\d{1,16})\]|\['([^']*)'\]|\["([^"]*)"\]/y;

function get(x: Json, path: Json, otherwise: Json, meter: Meter): Json {
  let value: Json = x;
  for (const step of pathSteps(path, meter)) {
    meter.charge(1);
    if (Array.isArray(value)) {
      const index = typeof step === 'number' ? step : /^\d{1,16}$/.test(step) ? Number(step) : -1;
      if (!(index >= 0 && index < value.length)) return otherwise;
      value = value[index] as Json;
    } else if (isMap(value)) {
      const key = String(step);
      if (!hasKey(value, key)) return otherwise;
      value = value[key] as Json;
    } else return otherwise;
  }
  return value;
}

function pathSteps(path: Json, meter: Meter): readonly (string | number)[] {
  if (typeof path === 'number' && Number.isSafeInteger(path)) return [path];
  const text = textArgument(path, 'get()', 'path');
  meter.text(text.length);
  const steps: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    meter.charge(1);
    const before = STEP.lastIndex;
    const match = STEP.exec(text);
    // A leading dot, or a name right after a bracket, is a slip of the pen.
    const misplaced = match?.[1] !== undefined && (before === 0) === text.startsWith('.', before);
    if (match === null || misplaced) {
      throw new ExpressionError(`get() cannot read the path at character ${before}: write it like a.b[0] or ['any key'].c`);
    }
    steps.push(match[2] !== undefined ? Number(match[2]) : ((match[1] ?? match[3] ?? match[4]) as string));
  }
  if (steps.length === 0) throw new ExpressionError('get() needs a path that is not empty');
  return steps;
}

function int(x: Json, meter: Meter): number {
  if (typeof x === 'number') return checkedNumber(Math.trunc(x), true, 'int()');
  if (typeof x === 'string') {
    meter.text(x.length);
    const text = x.trim();
    if (/^[+-]?\d+$/.test(text)) return checkedNumber(Number(text), true, 'int()');
    throw new ExpressionError('int() needs text that is a whole number, such as 42');
  }
  throw new ExpressionError(`int() needs a number or text, not ${aKind(x)}`);
}

function double(x: Json, meter: Meter): number {
  if (typeof x === 'number') return x;
  if (typeof x === 'string') {
    meter.text(x.length);
    const text = x.trim();
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return checkedNumber(Number(text), false, 'double()');
    throw new ExpressionError('double() needs text that is a number, such as 4.2');
  }
  throw new ExpressionError(`double() needs a number or text, not ${aKind(x)}`);
}

function bool(x: Json): boolean {
  if (typeof x === 'boolean') return x;
  if (x === 'true' || x === 'false') return x === 'true';
  throw new ExpressionError(
    `bool() needs true, false or text that is one of them, not ${typeof x === 'string' ? 'other text' : aKind(x)}`,
  );
}

function instant(value: Json | undefined, call: string): number {
  const parsed = parseInstant(textArgument(value, call, 'instant'));
  if (parsed !== undefined) return parsed;
  throw new ExpressionError(`${call} needs an RFC 3339 instant (2026-01-02T03:04:05Z) or a date (2026-01-02)`);
}

function addDuration([at, text]: readonly Json[]): string {
  const start = instant(at, 'addDuration()');
  const written = textArgument(text, 'addDuration()', 'duration');
  const back = written.startsWith('-');
  try {
    const ms = parseDuration(back ? written.slice(1) : written);
    return formatInstant(back ? start - ms : start + ms) ?? outOfYears('addDuration()');
  } catch (error) {
    if (error instanceof DurationError) throw new ExpressionError(`addDuration(): ${error.message}`);
    throw error;
  }
}

function outOfYears(call: string): never {
  throw new ExpressionError(`${call} leaves the years 1 to 9999`);
}
