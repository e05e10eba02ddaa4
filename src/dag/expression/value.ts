import { canonicalJson } from '../canonical-json.js';
import type { Json } from '../json.js';
import { ExpressionError } from './expression-error.js';
import type { Meter } from './meter.js';

/** Levels of lists and objects that comparing, printing and returning values accept. */
const MAX_VALUE_DEPTH = 500;

export type Kind = 'null' | 'bool' | 'number' | 'string' | 'list' | 'object';
export type JsonMap = { readonly [key: string]: Json };

/** The kind of a value. Throws for what JSON cannot carry: only plain data enters expressions. */
export function kindOf(value: Json | undefined): Kind {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'object':
      return Array.isArray(value) ? 'list' : 'object';
    default:
      throw new ExpressionError(`a value of type ${typeof value} is not JSON and cannot be used in an expression`);
  }
}

/** The kind with its article, for messages: `a list`, `null`. */
export function aKind(value: Json | undefined): string {
  const kind = kindOf(value);
  if (kind === 'null') return 'null';
  if (kind === 'bool') return 'a boolean';
  return kind === 'object' ? 'an object' : `a ${kind}`;
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property only: nothing of a prototype can be seen. A key whose value is `undefined` does not exist. */
export function hasKey(object: JsonMap, key: string): boolean {
  return Object.hasOwn(object, key) && object[key] !== undefined;
}

/** Keys in order, so that nothing depends on how an object was written. */
export function keysOf(object: JsonMap, meter: Meter): readonly string[] {
  const keys = Object.keys(object);
  meter.charge(1 + keys.length);
  return keys.filter((key) => object[key] !== undefined).sort();
}

/** Sets an own property, whatever its name. */
export function setKey(object: { [key: string]: Json }, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** Equality by value; values of different kinds are never equal. */
export function equal(a: Json, b: Json, meter: Meter, depth = 0): boolean {
  meter.charge(1);
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  if (depth > MAX_VALUE_DEPTH) throw tooDeep();
  switch (kind) {
    case 'list': {
      const [left, right] = [a as readonly Json[], b as readonly Json[]];
      if (left.length !== right.length) return false;
      for (let i = 0; i < left.length; i++) if (!equal(left[i] as Json, right[i] as Json, meter, depth + 1)) return false;
      return true;
    }
    case 'object': {
      const [left, right] = [a as JsonMap, b as JsonMap];
      const keys = keysOf(left, meter);
      if (keys.length !== keysOf(right, meter).length) return false;
      for (const key of keys)
        if (!hasKey(right, key) || !equal(left[key] as Json, right[key] as Json, meter, depth + 1)) return false;
      return true;
    }
    case 'string':
      if ((a as string).length !== (b as string).length) return false;
      meter.text((a as string).length);
      return a === b;
    default:
      return a === b;
  }
}

/** Below, equal or above zero, for two numbers, strings (by UTF-16 unit) or booleans; all else throws. */
export function compare(a: Json, b: Json, meter: Meter): number {
  const kind = kindOf(a);
  if (kind !== kindOf(b) || kind === 'null' || kind === 'list' || kind === 'object') {
    throw new ExpressionError(`${aKind(a)} and ${aKind(b)} have no order: both must be numbers, both strings or both booleans`);
  }
  if (kind === 'string') meter.text(Math.min((a as string).length, (b as string).length));
  else meter.charge(1);
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1;
}

/** A number that JSON can carry exactly enough, or an error; -0 becomes 0. `whole`: all operands were whole numbers. */
export function checkedNumber(result: number, whole: boolean, what: string): number {
  if (!Number.isFinite(result)) throw new ExpressionError(`${what} has no finite result`);
  if (whole && Number.isInteger(result) && !Number.isSafeInteger(result)) {
    throw new ExpressionError(`${what} passes 2^53, beyond which whole numbers are not exact: use text, or a task`);
  }
  return result === 0 ? 0 : result;
}

/**
 * How a value reads inside text: strings as they are, numbers in their shortest form, true and false, null as nothing,
 * lists and objects as JSON with sorted keys (R16).
 */
export function textOf(value: Json): string {
  switch (kindOf(value)) {
    case 'null':
      return '';
    case 'string':
      return value as string;
    default:
      return canonicalJson(value);
  }
}

/** {@link textOf} inside an evaluation: the length is checked and charged before the text is made. */
export function meteredText(value: Json, meter: Meter): string {
  return typeof value === 'string' ? value : value === null ? '' : meteredJson(value, meter);
}

/** The JSON text of a value, metered. */
export function meteredJson(value: Json, meter: Meter): string {
  chargeText(value, meter);
  return canonicalJson(value);
}

/** Charges for writing a value as text. */
export function chargeText(value: Json, meter: Meter): void {
  meter.text(jsonLength(value, meter));
}

/** Refuses a result that could not be stored or sent: too large when written out, too deep, or no JSON (NaN, undefined). */
export function checkResult(value: Json, meter: Meter): Json {
  meter.result(jsonLength(value, meter));
  return value;
}

/**
 * About how many characters the JSON of a value has. A list or object that occurs many times is walked once, so that this
 * is linear in what is in memory even where the written form would be exponential; that is why it costs no steps.
 */
function jsonLength(value: Json, meter: Meter, depth = 0): number {
  switch (kindOf(value)) {
    case 'string':
      return (value as string).length + 2;
    case 'number':
      if (!Number.isFinite(value))
        throw new ExpressionError(`${value} is not a JSON number and cannot be used in an expression`);
      return 8;
    case 'null':
    case 'bool':
      return 4;
    default:
  }
  const known = meter.lengths.get(value as object);
  if (known !== undefined) return known;
  if (depth >= MAX_VALUE_DEPTH) throw tooDeep();
  let length = 2;
  if (Array.isArray(value)) {
    for (const element of value) length += 1 + jsonLength(element as Json, meter, depth + 1);
  } else {
    for (const key of Object.keys(value as JsonMap)) {
      const child = (value as JsonMap)[key];
      if (child !== undefined) length += key.length + 4 + jsonLength(child, meter, depth + 1);
    }
  }
  meter.lengths.set(value as object, length);
  return length;
}

function tooDeep(): ExpressionError {
  return new ExpressionError(`a value nests deeper than ${MAX_VALUE_DEPTH} levels`);
}
