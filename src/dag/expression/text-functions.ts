import type { Json } from '../json.js';
import { textArgument, wholeArgument } from './arguments.js';
import { ExpressionError } from './expression-error.js';
import type { ExpressionFunction } from './function-catalogue.js';
import type { Meter } from './meter.js';

/** Functions over text. Sizes and positions count characters (code points), as CEL does. */
export const TEXT_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  [
    'contains',
    { usage: 'contains(text, part)', gives: 'whether the text holds the part', minArgs: 2, maxArgs: 2, call: contains },
  ],
  [
    'startsWith',
    { usage: 'startsWith(text, start)', gives: 'whether the text begins so', minArgs: 2, maxArgs: 2, call: startsWith },
  ],
  ['endsWith', { usage: 'endsWith(text, end)', gives: 'whether the text ends so', minArgs: 2, maxArgs: 2, call: endsWith }],
  [
    'matches',
    { usage: 'matches(text, pattern)', gives: 'whether part of the text matches (RE2)', minArgs: 2, maxArgs: 2, call: matches },
  ],
  ['split', { usage: 'split(text, separator)', gives: 'a list of the parts', minArgs: 2, maxArgs: 2, call: split }],
  [
    'replace',
    { usage: 'replace(text, from, to)', gives: 'the text with every `from` replaced', minArgs: 3, maxArgs: 3, call: replace },
  ],
  [
    'lower',
    {
      usage: 'lower(text)',
      gives: 'in lower case',
      minArgs: 1,
      maxArgs: 1,
      call: ([text], meter) => changed('lower()', text, meter, (s) => s.toLowerCase()),
    },
  ],
  [
    'upper',
    {
      usage: 'upper(text)',
      gives: 'in upper case',
      minArgs: 1,
      maxArgs: 1,
      call: ([text], meter) => changed('upper()', text, meter, (s) => s.toUpperCase()),
    },
  ],
  [
    'trim',
    {
      usage: 'trim(text)',
      gives: 'the text without blanks around it',
      minArgs: 1,
      maxArgs: 1,
      call: ([text], meter) => changed('trim()', text, meter, (s) => s.trim()),
    },
  ],
  [
    'substring',
    {
      usage: 'substring(text, start, end)',
      gives: 'the part from start (0) up to end, not included',
      minArgs: 2,
      maxArgs: 3,
      call: substring,
    },
  ],
];

/** How many code points a text has. */
export function characters(text: string, meter: Meter): number {
  meter.text(text.length);
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        count--;
        i++;
      }
    }
  }
  return count;
}

function contains([text, part]: readonly Json[], meter: Meter): boolean {
  if (Array.isArray(text)) throw new ExpressionError('contains() looks into text; for a list write x in list');
  const [whole, needle] = [textArgument(text, 'contains()'), textArgument(part, 'contains()', 'part')];
  meter.search(whole, needle);
  return whole.includes(needle);
}

function startsWith([text, start]: readonly Json[], meter: Meter): boolean {
  const [whole, needle] = [textArgument(text, 'startsWith()'), textArgument(start, 'startsWith()', 'start')];
  meter.text(needle.length);
  return whole.startsWith(needle);
}

function endsWith([text, end]: readonly Json[], meter: Meter): boolean {
  const [whole, needle] = [textArgument(text, 'endsWith()'), textArgument(end, 'endsWith()', 'end')];
  meter.text(needle.length);
  return whole.endsWith(needle);
}

function matches([text, pattern]: readonly Json[], meter: Meter): boolean {
  return meter.matches(textArgument(text, 'matches()'), textArgument(pattern, 'matches()', 'pattern'));
}

function split([text, separator]: readonly Json[], meter: Meter): Json {
  const [whole, between] = [textArgument(text, 'split()'), textArgument(separator, 'split()', 'separator')];
  meter.search(whole, between);
  if (between === '') {
    meter.charge(whole.length);
    return Array.from(whole);
  }
  const parts: string[] = [];
  let start = 0;
  for (let at = whole.indexOf(between); at !== -1; at = whole.indexOf(between, start)) {
    meter.charge(1);
    parts.push(whole.slice(start, at));
    start = at + between.length;
  }
  meter.text(whole.length);
  parts.push(whole.slice(start));
  return parts;
}

function replace([text, from, to]: readonly Json[], meter: Meter): string {
  const [whole, old, fresh] = [
    textArgument(text, 'replace()'),
    textArgument(from, 'replace()', 'from'),
    textArgument(to, 'replace()', 'to'),
  ];
  if (old === '') throw new ExpressionError('replace() needs something to replace; from is empty');
  meter.search(whole, old);
  let result = '';
  let start = 0;
  for (let at = whole.indexOf(old); at !== -1; at = whole.indexOf(old, start)) {
    meter.text(at - start + fresh.length);
    result += whole.slice(start, at) + fresh;
    start = at + old.length;
  }
  meter.text(whole.length - start);
  return result + whole.slice(start);
}

function changed(call: string, text: Json | undefined, meter: Meter, change: (text: string) => string): string {
  const whole = textArgument(text, call);
  meter.text(whole.length);
  return change(whole);
}

function substring(args: readonly Json[], meter: Meter): string {
  const whole = textArgument(args[0], 'substring()');
  const count = characters(whole, meter);
  const start = wholeArgument(args[1], 'substring()', 'start');
  const end = args[2] === undefined ? count : wholeArgument(args[2], 'substring()', 'end');
  if (start < 0 || end > count || start > end) {
    throw new ExpressionError(`substring(${start}, ${end}) is outside a text of ${count} characters`);
  }
  if (count === whole.length) return whole.slice(start, end);
  meter.charge(whole.length);
  return Array.from(whole).slice(start, end).join('');
}
