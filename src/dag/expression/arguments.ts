import type { Json } from '../json.js';
import { ExpressionError } from './expression-error.js';
import { aKind } from './value.js';

/** An argument that must be a list. */
export function listArgument(value: Json | undefined, call: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new ExpressionError(`${call} needs a list, not ${aKind(value)}`);
}

/** An argument that must be text. */
export function textArgument(value: Json | undefined, call: string, which = 'text'): string {
  if (typeof value === 'string') return value;
  throw new ExpressionError(
    `${call} needs ${which === 'text' ? 'text' : `text as ${which}`}, not ${aKind(value)}${value === null ? '' : '; string(x) makes text'}`,
  );
}

/** An argument that must be a number. */
export function numberArgument(value: Json | undefined, call: string, which: string): number {
  if (typeof value === 'number') return value;
  throw new ExpressionError(`${call} needs a number as ${which}, not ${aKind(value)}`);
}

/** An argument that must be a whole number. */
export function wholeArgument(value: Json | undefined, call: string, which: string): number {
  const number = numberArgument(value, call, which);
  if (Number.isSafeInteger(number)) return number;
  throw new ExpressionError(`${call} needs a whole number as ${which}, not ${number}`);
}

/** The elements of a list that must be numbers. */
export function numbersArgument(value: Json | undefined, call: string): readonly number[] {
  const list = listArgument(value, call);
  const wrong = list.findIndex((element) => typeof element !== 'number');
  if (wrong === -1) return list as readonly number[];
  throw new ExpressionError(`${call} needs a list of numbers; element ${wrong} is ${aKind(list[wrong])}`);
}
