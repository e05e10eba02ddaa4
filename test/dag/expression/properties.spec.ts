import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  ExpressionError,
  ExpressionSyntaxError,
  evaluateExpression,
  expressionSource,
  FUNCTIONS,
  parseExpression,
  parseTemplate,
  renderTemplate,
  TemplateError,
  textOf,
} from '../../../src/dag/expression/index.js';
import type { Json } from '../../../src/dag/json.js';
import type { Scope } from '../../../src/dag/scope.js';

/** Printed when a property fails, by fast-check too; set it to see the same cases again. */
const seed = Number(process.env.BATON_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const cases = (numRuns: number): fc.Parameters<unknown> => ({ seed, numRuns });
vi.setConfig({ testTimeout: 60_000 });
console.log(`expression properties: BATON_TEST_SEED=${seed}`);

const names = ['a', 'b', 'k', 'constructor', '__proto__', 'length', 'output'];
/** What JSON can carry: it has no -0, which the library makes all the same. */
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const { source } = fc.letrec<{ source: string }>((tie) => {
  const inner = tie('source');
  return {
    source: fc.oneof(
      { maxDepth: 6, depthSize: 'large' },
      fc.constantFrom(
        '0',
        '1',
        '2',
        '-3',
        '0.5',
        '1e300',
        '9007199254740991',
        "''",
        "'a'",
        "'a,b'",
        "'2026-01-02T03:04:05Z'",
        "'1d'",
        "'(a+)+$'",
        'true',
        'false',
        'null',
        '[]',
        '{}',
        'x',
        'y',
        'params',
        'tasks',
        'item',
        'index',
        'run.ds',
        'unknown',
        "'😀'",
      ),
      fc.constantFrom(...names).map((name) => `params.${name}`),
      fc.tuple(inner, fc.constantFrom(...names)).map(([object, name]) => `(${object}).${name}`),
      fc.tuple(inner, inner).map(([object, key]) => `(${object})[${key}]`),
      fc
        .tuple(inner, fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', ' in ', '&&', '||'), inner)
        .map(([left, operator, right]) => `(${left}${operator}${right})`),
      fc.tuple(fc.constantFrom('!', '-'), inner).map(([operator, operand]) => `${operator}(${operand})`),
      fc.tuple(inner, inner, inner).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
      fc.array(inner, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
      fc
        .array(fc.tuple(inner, inner), { maxLength: 3 })
        .map((entries) => `{${entries.map(([key, value]) => `${key}: ${value}`).join(', ')}}`),
      fc
        .tuple(
          inner,
          fc.constantFrom('all', 'exists', 'exists_one', 'filter', 'map'),
          fc.constantFrom('x', 'y', 'params'),
          inner,
        )
        .map(([list, macro, variable, body]) => `(${list}).${macro}(${variable}, ${body})`),
      fc
        .tuple(fc.constantFrom(...FUNCTIONS.keys()), fc.array(inner, { maxLength: 3 }))
        .map(([name, args]) => `${name}(${args.join(', ')})`),
      fc.tuple(inner, fc.constantFrom(...names)).map(([object, name]) => `has((${object}).${name})`),
    ),
  };
});
const scope = fc.record({
  params: fc.dictionary(fc.constantFrom(...names), json),
  item: json,
  index: fc.nat(),
}) as fc.Arbitrary<Scope>;

function outcome(text: string, within: Scope, budget?: number): { value: Json } | { error: string } {
  try {
    return { value: evaluateExpression(parseExpression(text), within, { budget }) };
  } catch (error) {
    if (error instanceof ExpressionError || error instanceof ExpressionSyntaxError) return { error: error.message };
    throw error;
  }
}

describe('whatever the expression and the data,', () => {
  it('evaluation ends with JSON or an error of its own, the same each time', () => {
    let values = 0;
    fc.assert(
      fc.property(source, scope, (text, within) => {
        const before = JSON.stringify(within);
        const first = outcome(text, within);
        expect(outcome(text, within)).toEqual(first);
        expect(JSON.stringify(within)).toBe(before);
        if ('value' in first) {
          values++;
          expect(JSON.parse(JSON.stringify(first.value))).toEqual(first.value);
        } else expect(first.error).not.toBe('');
      }),
      cases(5_000),
    );
    // Not vacuous: a good share of the random expressions is valid.
    expect(values).toBeGreaterThan(500);
  });

  it('a small budget only turns values into errors, never into other values', () => {
    fc.assert(
      fc.property(source, scope, fc.integer({ min: 0, max: 200 }), (text, within, budget) => {
        const little = outcome(text, within, budget);
        if ('value' in little) expect(outcome(text, within)).toEqual(little);
      }),
      cases(2_000),
    );
  });

  it('any text parses or gives a syntax error with an offset inside it', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          '(',
          ')',
          '[',
          ']',
          '{',
          '}',
          '.',
          ',',
          ':',
          '?',
          "'",
          '"',
          "'''",
          '\\',
          '//',
          '\n',
          '-',
          '!',
          '&&',
          '1',
          '1.',
          '0x',
          'r',
          'b',
          'tasks.',
          'map(',
          'x',
          ' in ',
          '${{',
          '}}',
        ),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        try {
          parseExpression(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionSyntaxError);
          const { offset } = error as ExpressionSyntaxError;
          expect(offset >= 0 && offset <= text.length).toBe(true);
        }
        try {
          parseTemplate([text, `\${{${text}}}`]);
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError);
        }
        expressionSource(text);
      }),
      cases(5_000),
    );
  });
});

describe('operators agree with arithmetic and logic:', () => {
  const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
  it('whole numbers', () => {
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        const within = { params: { a, b } };
        const value = (text: string): Json => evaluateExpression(parseExpression(text), within);
        expect(value('params.a + params.b')).toBe(a + b);
        expect(value('params.a - params.b')).toBe(a - b);
        expect(value('params.a * params.b')).toBe(a * b + 0);
        expect(value('params.a < params.b')).toBe(a < b);
        expect(value('params.a == params.b')).toBe(a === b);
        if (b !== 0) expect(value('params.a / params.b')).toBe(a / b + 0);
      }),
      cases(1_000),
    );
  });

  it('lists and loops', () => {
    fc.assert(
      fc.property(fc.array(whole), (list) => {
        const value = (text: string): Json => evaluateExpression(parseExpression(text), { params: { list } });
        expect(value('params.list.map(x, x + 1).filter(x, x > 0)')).toEqual(list.map((x) => x + 1).filter((x) => x > 0));
        expect(value('sort(params.list)')).toEqual([...list].sort((a, b) => a - b));
        expect(value('params.list.distinct()')).toEqual([...new Set(list)]);
        expect(value('params.list.all(x, x > 0)')).toBe(list.every((x) => x > 0));
        expect(value('params.list.exists(x, x > 0)')).toBe(list.some((x) => x > 0));
        expect(value('params.list.sum()')).toBe(list.reduce((sum, x) => sum + x, 0));
      }),
      cases(500),
    );
  });

  it('text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 1, maxLength: 2 }), (s, part) => {
        const value = (text: string): Json => evaluateExpression(parseExpression(text), { params: { s, part } });
        expect(value('size(params.s)')).toBe([...s].length);
        expect(value('params.s.split(params.part).join(params.part)')).toBe(s);
        expect(value("params.s.replace(params.part, '')")).toBe(s.replaceAll(part, ''));
        expect(value('params.s.contains(params.part)')).toBe(s.includes(part));
      }),
      cases(1_000),
    );
  });

  it('|| and && do not care for the order of their sides', () => {
    const side = fc.constantFrom('true', 'false', '1', 'params.missing', '(1 / 0 == 1)');
    fc.assert(
      fc.property(side, side, fc.constantFrom('||', '&&'), (a, b, operator) => {
        const [one, two] = [outcome(`${a} ${operator} ${b}`, { params: {} }), outcome(`${b} ${operator} ${a}`, { params: {} })];
        expect('value' in one ? one : 'error').toEqual('value' in two ? two : 'error');
      }),
      cases(200),
    );
  });
});

describe('templates', () => {
  it('give back any JSON that holds no expression, untouched', () => {
    fc.assert(
      fc.property(
        json.filter((value) => !JSON.stringify(value).includes('${{')),
        (value) => {
          const parsed = parseTemplate(value);
          expect(parsed.constant).toBe(true);
          expect(renderTemplate(parsed, {})).toEqual(value);
        },
      ),
      cases(1_000),
    );
  });

  it('keep the type of any value that stands alone, and its text among text, whatever it holds', () => {
    fc.assert(
      fc.property(json, fc.string(), fc.string(), (value, before, after) => {
        fc.pre(!before.includes('$') && !after.includes('${{'));
        const within = { params: { v: value } };
        expect(renderTemplate(parseTemplate('${{ params.v }}'), within)).toEqual(value);
        expect(renderTemplate(parseTemplate({ k: [`<${before}\${{ params.v }}${after}`] }), within)).toEqual({
          k: [`<${before}${textOf(value)}${after}`],
        });
      }),
      cases(2_000),
    );
  });
});
