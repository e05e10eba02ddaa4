import { describe, expect, it } from 'vitest';
import {
  ExpressionBudgetError,
  ExpressionError,
  evaluateExpression,
  Meter,
  parseExpression,
} from '../../../src/dag/expression/index.js';
import type { Json } from '../../../src/dag/json.js';
import type { Scope } from '../../../src/dag/scope.js';

const scope: Scope = {
  params: {
    a: 1,
    half: 0.5,
    big: 9_007_199_254_740_991,
    s: 'héllo😀',
    list: [3, 1, 2],
    empty: [],
    none: null,
    rows: [
      { n: 'x', v: 2 },
      { n: 'y', v: 3 },
    ],
    z: { k2: 2, k1: 1 },
  },
  tasks: { load: { state: 'success', output: { rows: [1] } }, 'my-id': { state: 'failed', output: null, items: [] } },
  run: {
    id: 'd@k',
    key: 'd=k',
    dagId: 'd',
    ds: '2026-01-02',
    dsNodash: '20260102',
    logicalDate: '2026-01-02T03:04:05Z',
    dataInterval: { start: '2026-01-01T03:04:05Z', end: '2026-01-02T03:04:05Z' },
    trigger: 'manual',
  },
  item: { file: 'a.csv' },
  index: 4,
};

function evaluate(source: string, within: Scope = scope): Json {
  return evaluateExpression(parseExpression(source), within);
}

describe('an expression has the value that CEL and JSON numbers give it:', () => {
  it.each<[string, Json]>([
    ['1', 1],
    ['1.5e3', 1500],
    ['0x1F', 31],
    ['-7', -7],
    ['- -7', 7],
    ['"it\'s"', "it's"],
    [`r'\\d'`, '\\d'],
    ["'''a\nb'''", 'a\nb'],
    ["'\\u00e9\\n'", 'é\n'],
    ['null', null],
    ['[1, "a", [true], {}]', [1, 'a', [true], {}]],
    ["{'a': {'b': 1}}.a.b", 1],
    ["{'__proto__': 1}['__proto__']", 1],
    ['7 / 2', 3.5],
    ['1 / 3 * 3 == 1', true],
    ['7 % 4', 3],
    ['-7 % 4', -3],
    ['0 * -1', 0],
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ["'a' + 'b'", 'ab'],
    ['[1] + [2, 3]', [1, 2, 3]],
    ['1 == 1.0', true],
    ["1 == '1'", false],
    ["{'a': [1, {'b': null}]} == {'a': [1.0, {'b': null}]}", true],
    ["{'a': 1} == {'b': 1}", false],
    ['null == null', true],
    ['params.none == null', true],
    ['1 != 2', true],
    ['2 > 1 && 1 <= 1', true],
    ["'a' < 'b'", true],
    ['false < true', true],
    ['2 in [1, 2]', true],
    ['[1] in [[1]]', true],
    ["'k1' in params.z", true],
    ["'toString' in params.z", false],
    ['params.list[1]', 1],
    ['params.list[4 / 2]', 2],
    ["params['a']", 1],
    ['params.rows[1].n', 'y'],
    ["params.a == 1 ? 'one' : 'many'", 'one'],
    ["tasks['my-id'].state == 'failed'", true],
    ['tasks.load.output.rows', [1]],
    ['run.dataInterval.start', '2026-01-01T03:04:05Z'],
    ['item.file', 'a.csv'],
    ['index + 1', 5],
    ['true || params.nothing', true],
    ['params.nothing || true', true],
    ['false && params.nothing', false],
    ['params.nothing && false', false],
    ['1 || true', true],
    ['params.list.all(x, x > 0)', true],
    ['params.list.exists(x, x == 2)', true],
    ['[0, 1].exists(x, 1 / x == 1)', true],
    ['[1, 0].all(x, 1 / x == 2)', false],
    ['params.list.exists_one(x, x > 2)', true],
    ['params.list.filter(x, x != 1)', [3, 2]],
    ['params.list.map(x, x * 2)', [6, 2, 4]],
    ['params.list.map(x, x > 1, x * 2)', [6, 4]],
    ['params.z.map(k, k)', ['k1', 'k2']],
    ['params.z.map(k, params.z[k])', [1, 2]],
    ['params.list.map(params, params + 1)', [4, 2, 3]],
    ['[[1, 2], [3]].map(x, x.map(x, x + 1))', [[2, 3], [4]]],
    [
      '[1, 2].map(x, [10, 20].map(y, x + y))',
      [
        [11, 21],
        [12, 22],
      ],
    ],
    ['[1, 2].map(x, [9].filter(y, true).size() + x)', [2, 3]],
    ['has(params.a)', true],
    ['has(params.q)', false],
    ['has(params.q.r.s)', false],
    ['has(params.none.x)', false],
    ["has(tasks['my-id'].output.rows)", false],
    ['has(params.rows[0].n)', true],
    ['has(params.rows[7])', false],
  ])('%s', (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe('a function gives:', () => {
  it.each<[string, Json]>([
    ['size(params.list)', 3],
    ['params.z.size()', 2],
    ['params.s.size()', 6],
    ['sum([])', 0],
    ['sum([1, 2.5])', 3.5],
    ['params.rows.map(r, r.v).sum()', 5],
    ['avg([1, 2])', 1.5],
    ['min(params.list)', 1],
    ['max(1, 3, 2)', 3],
    ["max(['a', 'b'])", 'b'],
    ['sort(params.list)', [1, 2, 3]],
    ["['b', 'a'].sort()", ['a', 'b']],
    ["distinct([1, 1.0, '1', [1], [1], {'a': 1}, {'a': 1}])", [1, '1', [1], { a: 1 }]],
    ['flatten([[1, [2]], 3, []])', [1, [2], 3]],
    ['range(3)', [0, 1, 2]],
    ['range(2, 5)', [2, 3, 4]],
    ['range(5, 0, -2)', [5, 3, 1]],
    ['range(3, 1)', []],
    ["join(['a', 1, null, true, [1]], '-')", 'a-1--true-[1]'],
    ["['a', 'b'].join()", 'ab'],
    ["split('a,b,', ',')", ['a', 'b', '']],
    ["'a😀'.split('')", ['a', '😀']],
    ["replace('aXbX', 'X', 'XX')", 'aXXbXX'],
    ["'$1'.replace('$', '$&')", '$&1'],
    ["lower('ÀB')", 'àb'],
    ["upper('straße')", 'STRASSE'],
    ["' a '.trim()", 'a'],
    ["substring('hello', 1, 3)", 'el'],
    ["'hello'.substring(3)", 'lo'],
    ['params.s.substring(5, 6)', '😀'],
    ["'hello'.contains('ell')", true],
    ["'hello'.startsWith('he') && 'hello'.endsWith('lo')", true],
    ["'file-12.csv'.matches('^file-[0-9]+\\\\.csv$')", true],
    ["matches('abc', 'b')", true],
    ["get(params, 'rows[1].n', 0)", 'y'],
    ["get(params, 'rows.1.n')", 'y'],
    ["get(params, 'rows[9].n', 0)", 0],
    ["get(params, 'q.r')", null],
    ["get(params, 'none', 5)", null],
    ["get(params, 'none.x', 5)", 5],
    ["get(params, 'a.b', 5)", 5],
    ["get(tasks, \"['my-id'].state\", '?')", 'failed'],
    ['params.list.get(1, 0)', 1],
    ["get(params, 'constructor', 'none')", 'none'],
    ["int('42')", 42],
    ['int(-3.9)', -3],
    ["double(' 4.25 ')", 4.25],
    ["bool('true')", true],
    ['string(1.0)', '1'],
    ['string(null)', ''],
    ["string([1, 'a'])", '[1,"a"]'],
    ["json('a')", '"a"'],
    ["json({'b': 1, 'a': null})", '{"a":null,"b":1}'],
    ['date(run.logicalDate)', '2026-01-02'],
    ["date('2026-01-02T23:30:00-01:00')", '2026-01-03'],
    ["addDuration('2024-02-28T12:00:00Z', '1d')", '2024-02-29T12:00:00Z'],
    ["run.logicalDate.addDuration('-PT4H')", '2026-01-01T23:04:05Z'],
    ["addDuration('2026-01-01', '90s')", '2026-01-01T00:01:30Z'],
  ])('%s', (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe('an expression fails, saying what and what to do:', () => {
  it.each([
    ['params.rwos', 'params has no key "rwos" (did you mean "rows"?); it has a, big, empty, half'],
    ['params.constructor', 'params has no key "constructor"'],
    ['params.__proto__', 'has no key "__proto__"'],
    ["params['__proto__']", 'has no key "__proto__"'],
    ['params.toString', 'has no key "toString"'],
    ['params.list.length', 'params.list is a list and has no length'],
    ['params.rows.n', 'params.rows.map(o, o.n)'],
    ['params.s.length', 'params.s is a string and has no length'],
    ['params.none.x', 'params.none is null, so it has no x; get('],
    ['params.list[3]', 'params.list has 3 elements; there is no element 3'],
    ['params.list[-1]', 'there is no element -1'],
    ['params.list[0.5]', 'its index is a whole number'],
    ["params.list['0']", 'its index is a whole number'],
    ['params.z[1]', 'its keys are text'],
    ['params.s[0]', 'substring(text, start, end)'],
    ['1 / 0', '/ by zero'],
    ['1 % 0', '% by zero'],
    ['1e308 * 1e10', 'no finite result'],
    ['params.big + 1', 'passes 2^53'],
    ['-params.big - 1', 'passes 2^53'],
    ['params.big * 2', 'passes 2^53'],
    ['sum([params.big, 1])', 'passes 2^53'],
    ["int('9007199254740993')", 'passes 2^53'],
    ["'a' + 1", 'string(x) makes text'],
    ['1 < "2"', 'have no order'],
    ['null < 1', 'have no order'],
    ['[1] < [2]', 'have no order'],
    ["'a' in 'abc'", 'contains'],
    ['1 in params.z', 'which is text'],
    ['!1', '! needs true or false'],
    ['-"a"', '- needs a number'],
    ['1 ? 2 : 3', 'the test of ? :'],
    ['1 || false', '|| needs true or false'],
    ['params.nothing || false', 'params has no key "nothing"'],
    ['[1, 0].exists(x, 1 / x > 5)', '/ by zero'],
    ['[1, 0].filter(x, 1 / x > 5)', '/ by zero'],
    ['params.list.filter(x, x)', 'filter() needs true or false'],
    ['(1).map(x, x)', 'map() runs over a list'],
    ["{1: 'a'}", 'keys of an object are text'],
    ["{'a': 1, 'a': 2}", 'twice'],
    ['max([])', 'empty list'],
    ['avg([])', 'empty list'],
    ["sum([1, 'a'])", 'element 1 is a string'],
    ["sort([1, 'a'])", 'have no order'],
    ['sort([null])', 'have no order'],
    ['range(1, 2, 0)', 'other than 0'],
    ['range(100001)', 'at most 100000'],
    ['range(0.5)', 'whole number'],
    ["substring('abc', 2, 9)", 'outside a text of 3 characters'],
    ["replace('a', '', 'b')", 'from is empty'],
    ["get(params, 'a..b')", 'cannot read the path'],
    ["int('4.2')", 'whole number, such as 42'],
    ['int(null)', 'not null'],
    ["date('2026-02-30')", 'RFC 3339'],
    ["addDuration('2026-01-01', '1w')", 'years, months and weeks'],
    ["addDuration('9999-12-31', '1d')", 'years 1 to 9999'],
    ['attempt', 'attempt has no value here'],
    ['prams.x', 'there is no prams'],
    ["'a'.matches(params.s + '(')", 'matches()'],
    ['has(params.list.x)', 'has() cannot look for'],
  ])('%s', (source, message) => {
    expect(() => evaluate(source)).toThrow(ExpressionError);
    expect(() => evaluate(source)).toThrow(message);
  });
});

describe('the evaluator', () => {
  it('never shows a value in an error message, since it may be a secret', () => {
    const hidden = { params: { token: 's3cr3t', list: ['s3cr3t'], map: { a: 's3cr3t' } } };
    for (const source of [
      'params.token.x',
      'params.token + 1',
      'params.token < 1',
      'int(params.token)',
      'date(params.token)',
      'params.list.x',
      "params.list['x']",
      'sum(params.list)',
      'params.map.b',
      '!params.token',
      'params.token ? 1 : 2',
      'bool(params.token)',
      'double(params.token)',
    ]) {
      expect(() => evaluate(source, hidden), source).toThrow(/^(?!.*s3cr3t)/s);
    }
  });

  it('refuses what is no JSON, wherever it comes from', () => {
    for (const value of [() => 1, 1n, Symbol('x'), Number.NaN]) {
      expect(() => evaluate('params.x', { params: { x: value as unknown as Json } })).toThrow(ExpressionError);
      expect(() => evaluate('[params.x]', { params: { x: value as unknown as Json } })).toThrow(ExpressionError);
    }
  });

  it('gives the same value whatever the order of keys', () => {
    const one = { params: { m: { b: 1, a: 2 } } };
    const two = { params: { m: { a: 2, b: 1 } } };
    for (const source of ['params.m.map(k, k)', 'json(params.m)', 'string(params.m)', 'params.m.filter(k, params.m[k] > 1)'])
      expect(JSON.stringify(evaluate(source, one))).toBe(JSON.stringify(evaluate(source, two)));
  });

  it('reads an own key named __proto__ as data and never touches a prototype', () => {
    const params = JSON.parse('{"__proto__": {"polluted": 1}}') as { [key: string]: Json };
    expect(evaluate("params['__proto__'].polluted", { params })).toBe(1);
    evaluate("{'__proto__': {'polluted': 1}}");
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('lets nothing absorb a spent budget', () => {
    const parsed = parseExpression('true in [range(1000).exists(x, range(1000).exists(y, false))] || true');
    expect(() => evaluateExpression(parsed, {}, { budget: 10_000 })).toThrow(ExpressionBudgetError);
  });

  it('refuses a result that is longer than its meter allows, however few steps made it', () => {
    const doubled = parseExpression(`[0]${'.map(s, [s, s])'.repeat(20)}`);
    const meter = new Meter(50_000, 64 * 1024);
    expect(() => evaluateExpression(doubled, {}, { meter })).toThrow(ExpressionBudgetError);
    expect(meter.used).toBeGreaterThan(64 * 64);
    expect(meter.used).toBeLessThan(50_000);
  });

  it('counts the steps of several evaluations on one meter', () => {
    const meter = new Meter(1_000);
    const parsed = parseExpression('range(300).size()');
    evaluateExpression(parsed, {}, { meter });
    const once = meter.used;
    evaluateExpression(parsed, {}, { meter });
    expect(once).toBeGreaterThan(300);
    expect(meter.used).toBeGreaterThanOrEqual(2 * once);
    evaluateExpression(parsed, {}, { meter });
    expect(() => evaluateExpression(parsed, {}, { meter })).toThrow(ExpressionBudgetError);
  });
});
