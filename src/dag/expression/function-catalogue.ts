import type { Json } from '../json.js';
import { LIST_FUNCTIONS } from './list-functions.js';
import type { Meter } from './meter.js';
import { TEXT_FUNCTIONS } from './text-functions.js';
import { VALUE_FUNCTIONS } from './value-functions.js';

/** A function of the language. `x.f(y)` and `f(x, y)` are the same call. */
export interface ExpressionFunction {
  /** How it is written, for messages and documentation. */
  readonly usage: string;
  /** What it gives, in Markdown, for documentation. */
  readonly gives: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  /** Throws ExpressionError for arguments of the wrong kind. Arguments are as many as allowed. */
  call(args: readonly Json[], meter: Meter): Json;
}

/** Every function by name; macros (`has all exists exists_one filter map`) are not functions. */
export const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map(
  [...LIST_FUNCTIONS, ...TEXT_FUNCTIONS, ...VALUE_FUNCTIONS].sort(([a], [b]) => (a < b ? -1 : 1)),
);

/** What people coming from elsewhere write, and what it is here. */
export const FOREIGN_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['len', 'size(x)'],
  ['length', 'size(x)'],
  ['count', 'list.filter(x, …).size()'],
  ['toLowerCase', 's.lower()'],
  ['lowerAscii', 's.lower()'],
  ['toUpperCase', 's.upper()'],
  ['upperAscii', 's.upper()'],
  ['includes', "s.contains('…') for text, x in list for lists"],
  ['some', 'list.exists(x, …)'],
  ['any', 'list.exists(x, …)'],
  ['every', 'list.all(x, …)'],
  ['existsOne', 'list.exists_one(x, …)'],
  ['concat', 'a + b'],
  ['flat', 'list.flatten()'],
  ['unique', 'list.distinct()'],
  ['mean', 'avg(list)'],
  ['average', 'avg(list)'],
  ['regex', 's.matches(pattern)'],
  ['float', 'double(x)'],
  ['uint', 'int(x)'],
  ['str', 'string(x)'],
  ['toJson', 'json(x)'],
  ['default', "get(x, 'path', default)"],
  ['coalesce', "get(x, 'path', default)"],
  ['timestamp', "instants are texts here: date(ts), addDuration(ts, '1d')"],
  ['duration', "durations are texts here: addDuration(ts, '1d')"],
  ['now', 'run.logicalDate (expressions have no clock)'],
  ['today', 'run.ds (expressions have no clock)'],
  ['ds_add', "date(addDuration(ts, '1d'))"],
  ['xcom_pull', 'tasks.<id>.output'],
  ['fromJson', 'the value itself: outputs are JSON already'],
  ['parseJson', 'the value itself: outputs are JSON already'],
  ['uuid', 'run.id, which is the same at every attempt'],
  ['floor', 'int(x)'],
  ['format', 'text with expressions in it, or a + b'],
  ['type', 'an outputSchema on the task that made the value'],
  ['keys', 'object.map(k, k)'],
  ['values', 'object.map(k, object[k])'],
  ['first', 'list[0]'],
  ['reduce', 'sum, min, max, join, or a task'],
]);
