import type { Json } from '../json.js';
import { ExpressionError } from './expression-error.js';
import type { Meter } from './meter.js';
import type { BinaryOperator } from './node.js';
import { aKind, checkedNumber, compare, equal, hasKey, isMap } from './value.js';

/** `-x`. */
export function negated(value: Json): number {
  if (typeof value !== 'number') throw new ExpressionError(`- needs a number, not ${aKind(value)}`);
  return checkedNumber(-value, false, '-');
}

/** The result of an operator on two values (R16): numbers are JSON numbers, equality is by value, nothing is converted. */
export function binary(operator: BinaryOperator, left: Json, right: Json, meter: Meter): Json {
  switch (operator) {
    case '==':
      return equal(left, right, meter);
    case '!=':
      return !equal(left, right, meter);
    case '<':
      return compare(left, right, meter) < 0;
    case '<=':
      return compare(left, right, meter) <= 0;
    case '>':
      return compare(left, right, meter) > 0;
    case '>=':
      return compare(left, right, meter) >= 0;
    case 'in':
      return isIn(left, right, meter);
    case '+':
      return plus(left, right, meter);
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, left, right);
    default:
      throw new Error(`unknown operator ${operator satisfies never}`);
  }
}

function isIn(element: Json, container: Json, meter: Meter): boolean {
  if (Array.isArray(container)) return container.some((candidate) => equal(element, candidate as Json, meter));
  if (isMap(container)) {
    if (typeof element === 'string') return hasKey(container, element);
    throw new ExpressionError(`in looks for a key of the object, which is text, not ${aKind(element)}`);
  }
  throw new ExpressionError(
    `in looks into a list or the keys of an object, not ${aKind(container)}${typeof container === 'string' ? "; for text write s.contains('…')" : ''}`,
  );
}

function plus(left: Json, right: Json, meter: Meter): Json {
  if (typeof left === 'number' && typeof right === 'number') return exact(left + right, left, right, '+');
  if (typeof left === 'string' && typeof right === 'string') {
    meter.text(left.length + right.length);
    return left + right;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    meter.charge(left.length + right.length);
    return [...left, ...right];
  }
  const advice = typeof left === 'string' || typeof right === 'string' ? '; string(x) makes text' : '';
  throw new ExpressionError(
    `+ cannot add ${aKind(left)} and ${aKind(right)}: both must be numbers, both text or both lists${advice}`,
  );
}

function arithmetic(operator: '-' | '*' | '/' | '%', left: Json, right: Json): number {
  if (typeof left !== 'number' || typeof right !== 'number')
    throw new ExpressionError(`${operator} needs two numbers, not ${aKind(left)} and ${aKind(right)}`);
  if ((operator === '/' || operator === '%') && right === 0) throw new ExpressionError(`${operator} by zero`);
  switch (operator) {
    case '-':
      return exact(left - right, left, right, '-');
    case '*':
      return exact(left * right, left, right, '*');
    case '/':
      // Real division: exactness is not promised, only a finite result.
      return checkedNumber(left / right, false, '/');
    case '%':
      return exact(left % right, left, right, '%');
    default:
      throw new Error(`unknown operator ${operator satisfies never}`);
  }
}

/** Of whole numbers the result must be exact; with a fraction in play it is floating point. */
function exact(result: number, left: number, right: number, operator: string): number {
  return checkedNumber(result, Number.isInteger(left) && Number.isInteger(right), operator);
}
