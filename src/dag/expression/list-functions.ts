import type { Json } from '../json.js';
import { listArgument, numbersArgument, textArgument, wholeArgument } from './arguments.js';
import { ExpressionError } from './expression-error.js';
import type { ExpressionFunction } from './function-catalogue.js';
import type { Meter } from './meter.js';
import { characters } from './text-functions.js';
import { aKind, checkedNumber, compare, isMap, keysOf, meteredJson, meteredText } from './value.js';

/** Elements that `range` makes at most. */
const MAX_RANGE = 100_000;

/** Functions over lists (R16). */
export const LIST_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  [
    'size',
    {
      usage: 'size(x)',
      gives: 'characters of a text, elements of a list, keys of a map',
      minArgs: 1,
      maxArgs: 1,
      call: ([x], meter) => size(x as Json, meter),
    },
  ],
  [
    'sum',
    {
      usage: 'sum(numbers)',
      gives: 'the sum',
      minArgs: 1,
      maxArgs: 1,
      call: ([list], meter) => sum(numbersArgument(list, 'sum()'), meter),
    },
  ],
  [
    'avg',
    {
      usage: 'avg(numbers)',
      gives: 'the mean; an error for an empty list',
      minArgs: 1,
      maxArgs: 1,
      call: ([list], meter) => average(numbersArgument(list, 'avg()'), meter),
    },
  ],
  [
    'min',
    {
      usage: 'min(list) or min(a, b, …)',
      gives: 'the smallest',
      minArgs: 1,
      maxArgs: 32,
      call: (args, meter) => extreme('min()', args, -1, meter),
    },
  ],
  [
    'max',
    {
      usage: 'max(list) or max(a, b, …)',
      gives: 'the largest',
      minArgs: 1,
      maxArgs: 32,
      call: (args, meter) => extreme('max()', args, 1, meter),
    },
  ],
  [
    'sort',
    {
      usage: 'sort(list)',
      gives: 'the list in order: numbers or texts',
      minArgs: 1,
      maxArgs: 1,
      call: ([list], meter) => sort(listArgument(list, 'sort()'), meter),
    },
  ],
  [
    'distinct',
    {
      usage: 'distinct(list)',
      gives: 'the list without repetitions, first ones kept',
      minArgs: 1,
      maxArgs: 1,
      call: ([list], meter) => distinct(listArgument(list, 'distinct()'), meter),
    },
  ],
  [
    'flatten',
    {
      usage: 'flatten(list)',
      gives: 'one list of the elements of its lists, one level deep',
      minArgs: 1,
      maxArgs: 1,
      call: ([list], meter) => flatten(listArgument(list, 'flatten()'), meter),
    },
  ],
  [
    'range',
    {
      usage: 'range(end), range(start, end) or range(start, end, step)',
      gives: 'numbers from start (0) up to end, not included',
      minArgs: 1,
      maxArgs: 3,
      call: range,
    },
  ],
  [
    'join',
    {
      usage: 'join(list, separator)',
      gives: 'one text of a list',
      minArgs: 1,
      maxArgs: 2,
      call: ([list, separator], meter) => join(list as Json, separator ?? '', meter),
    },
  ],
];

function size(x: Json, meter: Meter): number {
  if (typeof x === 'string') return characters(x, meter);
  if (Array.isArray(x)) return x.length;
  if (isMap(x)) return keysOf(x, meter).length;
  throw new ExpressionError(`size() needs a list, an object or text, not ${aKind(x)}`);
}

function sum(numbers: readonly number[], meter: Meter): number {
  meter.charge(numbers.length);
  let total = 0;
  let whole = true;
  for (const number of numbers) {
    total += number;
    whole &&= Number.isInteger(number);
  }
  return checkedNumber(total, whole, 'sum()');
}

function average(numbers: readonly number[], meter: Meter): number {
  meter.charge(numbers.length);
  if (numbers.length === 0) throw new ExpressionError('avg() of an empty list');
  return checkedNumber(numbers.reduce((total, number) => total + number, 0) / numbers.length, false, 'avg()');
}

function extreme(call: string, args: readonly Json[], sign: number, meter: Meter): Json {
  const candidates = args.length === 1 ? listArgument(args[0], call) : args;
  if (candidates.length === 0) throw new ExpressionError(`${call} of an empty list; test size() first`);
  let best = candidates[0] as Json;
  // Against itself first, so that a single element of a kind without order is refused too.
  for (const candidate of candidates) if (compare(candidate, best, meter) * sign > 0) best = candidate;
  return best;
}

function sort(list: readonly Json[], meter: Meter): Json {
  if (list.length === 1) compare(list[0] as Json, list[0] as Json, meter);
  meter.charge(list.length);
  return [...list].sort((a, b) => compare(a, b, meter));
}

function distinct(list: readonly Json[], meter: Meter): Json {
  const seen = new Set<string>();
  return list.filter((element) => {
    const key = meteredJson(element, meter);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function flatten(list: readonly Json[], meter: Meter): Json {
  const flat: Json[] = [];
  for (const element of list) {
    if (Array.isArray(element)) {
      meter.charge(1 + element.length);
      for (const inner of element) flat.push(inner as Json);
    } else {
      meter.charge(1);
      flat.push(element);
    }
  }
  return flat;
}

function range(args: readonly Json[], meter: Meter): Json {
  const [first, second, third] = args;
  const start = args.length === 1 ? 0 : wholeArgument(first, 'range()', 'start');
  const end = wholeArgument(args.length === 1 ? first : second, 'range()', 'end');
  const step = third === undefined ? 1 : wholeArgument(third, 'range()', 'step');
  if (step === 0) throw new ExpressionError('range() needs a step other than 0');
  const count = Math.max(0, Math.ceil((end - start) / step));
  if (count > MAX_RANGE) throw new ExpressionError(`range() would make ${count} elements; at most ${MAX_RANGE} are allowed`);
  meter.charge(count);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

function join(list: Json, separator: Json, meter: Meter): string {
  const between = textArgument(separator, 'join()', 'separator');
  const parts = listArgument(list, 'join()').map((element) => {
    const text = meteredText(element, meter);
    meter.text(text.length + between.length);
    return text;
  });
  return parts.join(between);
}
