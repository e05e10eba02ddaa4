import { describe, expect, it, vi } from 'vitest';
import {
  ExpressionBudgetError,
  ExpressionError,
  ExpressionSyntaxError,
  evaluateExpression,
  parseExpression,
  parseTemplate,
  renderTemplate,
} from '../../../src/dag/expression/index.js';
import type { Json } from '../../../src/dag/json.js';

/** What is caught here would take minutes or for ever: the time limit of a test is enough of a bound. */
vi.setConfig({ testTimeout: 60_000 });

const soon = (work: () => void): void => work();

describe('hostile source gives a clean error at once:', () => {
  it.each([
    '(',
    '-',
    '!',
    '[',
    '{',
    'a[',
    'f(',
    '-(',
    '!(-',
    'a?',
    'a?b:',
    '1+',
    '[[1],',
    "{'a':",
    'a.',
    'a.map(x,',
    "'",
    '"',
    "'''",
    '/',
    '//',
    '}',
    ')',
    '\\',
    '\u0000',
    '\ud800',
    '😀',
    '- ',
    '-\n',
  ])('4,096 characters of %j', (piece) => {
    soon(() => {
      const source = piece.repeat(Math.floor(4_096 / piece.length));
      expect(() => parseExpression(source)).toThrow(ExpressionSyntaxError);
    });
  });

  it.each(['1+1', 'a.b', 'a[0]', '!true', 'a||b', 'a?b:c', '(1)'])(
    'a chain of %s as long as allowed parses and evaluates, or is refused',
    (piece) => {
      const joins: Record<string, string> = {
        '1+1': '+',
        'a.b': '.',
        'a||b': '||',
        '!true': '&&',
        'a?b:c': '==',
        '(1)': '*',
        'a[0]': '+',
      };
      soon(() => {
        const source = Array.from({ length: Math.floor(4_000 / (piece.length + 2)) }, () => piece).join(joins[piece]);
        try {
          evaluateExpression(parseExpression(source), {});
        } catch (error) {
          expect(error instanceof ExpressionSyntaxError || error instanceof ExpressionError).toBe(true);
        }
      });
    },
  );

  it('one character more than 4,096', () => {
    expect(() => parseExpression('1'.repeat(4_097))).toThrow(expect.objectContaining({ code: 'expression_too_long' }));
  });

  it('a pattern whose repetitions multiply', () => {
    soon(() => {
      for (const pattern of [
        '(a{1000}){1000}',
        '((a{100}){100}){100}',
        `${'(a{50}'.repeat(20)}${')'.repeat(20)}`,
        '(.{0,999}z)'.repeat(20),
        'a{999999999}',
      ]) {
        expect(() => parseExpression(`params.s.matches('${pattern}')`), pattern).toThrow(ExpressionSyntaxError);
      }
    });
  });
});

describe('hostile evaluation ends within its budget:', () => {
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const scope = {
    params: {
      list: numbers,
      text: 'a'.repeat(200_000),
      pattern: '^(a+)+$',
      big: Array.from({ length: 100_000 }, (_, i) => `k${i}`),
    },
  };

  it.each([
    'params.list.all(a, params.list.all(b, params.list.all(c, a + b + c >= 0)))',
    'params.list.exists(a, params.list.exists(b, params.list.exists(c, a.x == b)))',
    'range(100000).map(x, range(100000))',
    'range(100000).map(x, params.text + params.text)',
    "range(100000).map(x, params.text.replace('a', 'bbbbbbbb'))",
    "range(100000).map(x, params.text.split(''))",
    "range(100000).map(x, params.text.contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'))",
    'range(100000).map(x, params.text.matches(params.pattern))',
    "range(100000).map(x, params.text.matches('^' + string(x)))",
    'range(100000).map(x, sort(params.big))',
    'range(100000).map(x, distinct(params.big))',
    'range(100000).map(x, params.big == params.big)',
    'range(100000).map(x, json(params.big))',
    "range(100000).map(x, join(params.big, ','))",
    'range(100000).map(x, params.text.upper())',
    'range(100000).map(x, params.text.size())',
    'range(100000).map(x, params.text.substring(1, 2))',
    'range(100000).exists(x, params.missing == x)',
  ])('%s', (source) => {
    soon(() => {
      expect(() => evaluateExpression(parseExpression(source), scope)).toThrow(ExpressionError);
    });
  });

  it('a chain of maps that doubles a text', () => {
    soon(() =>
      expect(() => evaluateExpression(parseExpression(`['aaaaaaaa']${'.map(s, s + s)'.repeat(50)}`), {})).toThrow(
        ExpressionBudgetError,
      ),
    );
  });

  it('a chain of maps that doubles a list is refused for the size of its result', () => {
    const source = `[0]${'.map(s, [s, s])'.repeat(50)}`;
    soon(() => expect(() => evaluateExpression(parseExpression(source), {})).toThrow(ExpressionBudgetError));
    soon(() => expect(() => evaluateExpression(parseExpression(`json(${source})`), {})).toThrow(ExpressionBudgetError));
    soon(() => expect(() => evaluateExpression(parseExpression(`${source} == ${source}`), {})).toThrow(ExpressionBudgetError));
  });

  it('^(a+)+$ over a long text is linear', () => {
    soon(() => {
      const text = `${'a'.repeat(100_000)}b`;
      expect(evaluateExpression(parseExpression("params.t.matches('^(a+)+$')"), { params: { t: text } })).toBe(false);
    });
  });

  it('data nested 100,000 deep is refused where it would be walked', () => {
    let deep: Json = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const scope = { params: { deep } };
    for (const source of [
      'params.deep',
      'json(params.deep)',
      'params.deep == params.deep',
      '[params.deep, params.deep].distinct()',
    ]) {
      expect(() => evaluateExpression(parseExpression(source), scope), source).toThrow(/nests deeper/);
    }
    expect(evaluateExpression(parseExpression('params.deep.size()'), scope)).toBe(1);
  });

  it('a template that writes the same large value many times is bounded', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: i, name: `row ${i}` }));
    const text = parseTemplate('${{ params.rows }},'.repeat(5_000));
    const values = parseTemplate(Array.from({ length: 5_000 }, () => '${{ params.rows }}'));
    soon(() => expect(() => renderTemplate(text, { params: { rows } })).toThrow(ExpressionBudgetError));
    soon(() => expect(() => renderTemplate(values, { params: { rows } })).toThrow(ExpressionBudgetError));
  });
});
