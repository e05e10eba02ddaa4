import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { canonicalJson } from '../../src/dag/canonical-json.js';
import type { Json } from '../../src/dag/json.js';
import { checkSchema, validateJson } from '../../src/dag/json-schema.js';

vi.setConfig({ testTimeout: 60_000 });
const seed = Number(process.env.BATON_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`json-schema properties: BATON_TEST_SEED=${seed}`);

const tree = {
  $defs: {
    node: {
      type: 'object',
      required: ['v'],
      properties: { v: { type: 'integer' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
      additionalProperties: false,
    },
  },
  $ref: '#/$defs/node',
};

describe('validateJson', () => {
  it.each<[Json, readonly Json[], readonly Json[]]>([
    [true, [1, null, {}], []],
    [false, [], [1, null]],
    [{}, [1, 'a', null], []],
    [{ type: 'integer' }, [1, 1.0, -3, 0], [1.5, '1', null, true]],
    [{ type: 'number' }, [1, 1.5], ['1', null]],
    [{ type: ['string', 'null'] }, ['a', null], [1, false]],
    [{ type: 'boolean' }, [true], [0, 'true']],
    [{ type: 'object' }, [{}], [[], null]],
    [{ type: 'array' }, [[]], [{}, 'a']],
    [{ enum: [1, 'a', { x: [1] }] }, [1, 1.0, 'a', { x: [1] }], [2, { x: [1, 2] }, null]],
    [{ const: { a: 1, b: 2 } }, [{ b: 2, a: 1 }], [{ a: 1 }]],
    [{ const: null }, [null], [0]],
    [{ minimum: 1, maximum: 3 }, [1, 3, 'text is another matter'], [0, 4]],
    [{ exclusiveMinimum: 1, exclusiveMaximum: 3 }, [2], [1, 3]],
    [{ multipleOf: 0.1 }, [0.3, 0.7, 1.1, 0], [0.35, 0.301]],
    [{ multipleOf: 3 }, [9, -3], [10]],
    [{ multipleOf: 1e-300 }, [], [1e300]],
    [{ minLength: 2, maxLength: 3 }, ['ab', '😀😀😀'], ['a', 'abcd']],
    [{ pattern: '^[a-z]+$' }, ['abc', 5], ['ABC', '']],
    [{ pattern: 'b' }, ['abc'], ['ac']],
    [{ format: 'date' }, ['2024-02-29', 5], ['2023-02-29', '2024-2-9', '2024-01-01T00:00:00Z']],
    [
      { format: 'date-time' },
      ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123+02:00'],
      ['2026-01-02', '2026-01-02T25:00:00Z', '2026-01-02T03:04:05'],
    ],
    [
      { format: 'uri' },
      ['https://example.org/a?b=c#d', 's3://bucket/key', 'urn:a:b'],
      ['example.org', '/a', 'http://a b', 'http://a/%zz'],
    ],
    [{ format: 'email' }, ['a@example.org', "o'b+x@a.b.c"], ['a', '@b.c', 'a@', 'a..b@c.d', 'a@b..c']],
    [{ format: 'uuid' }, ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567e89b12d3a456426614174000']],
    [{ required: ['a'] }, [{ a: null }, 5], [{}, { b: 1 }]],
    [{ required: ['__proto__', 'toString'] }, [JSON.parse('{"__proto__": 1, "toString": 2}') as Json], [{}]],
    [{ properties: { a: { type: 'string' } } }, [{ a: 'x', b: 1 }, {}], [{ a: 1 }]],
    [{ properties: { a: {} }, additionalProperties: false }, [{ a: 1 }], [{ b: 1 }, { constructor: 1 }]],
    [{ additionalProperties: { type: 'integer' } }, [{ a: 1 }], [{ a: 'x' }]],
    [
      { patternProperties: { '^n_': { type: 'integer' } }, additionalProperties: false },
      [{ n_a: 1 }],
      [{ n_a: 'x' }, { b: 1 }],
    ],
    [{ minProperties: 1, maxProperties: 2 }, [{ a: 1 }], [{}, { a: 1, b: 2, c: 3 }]],
    [{ items: { type: 'integer' } }, [[1, 2], []], [[1, 'a']]],
    [{ prefixItems: [{ type: 'string' }], items: { type: 'integer' } }, [['a', 1], ['a'], []], [[1], ['a', 'b']]],
    [{ prefixItems: [{}, {}], items: false }, [[1, 2], [1]], [[1, 2, 3]]],
    [{ minItems: 1, maxItems: 2 }, [[1]], [[], [1, 2, 3]]],
    [
      { uniqueItems: true },
      [[1, '1', [1], { a: 1 }]],
      [
        [1, 1.0],
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      ],
    ],
    [{ anyOf: [{ type: 'string' }, { minimum: 5 }] }, ['a', 5], [4]],
    [{ oneOf: [{ minimum: 2 }, { maximum: 3 }] }, [1, 4], [2, 3]],
    [{ allOf: [{ minimum: 2 }, { maximum: 3 }] }, [2, 3], [1, 4]],
    [{ not: { type: 'null' } }, [1], [null]],
    [
      tree,
      [{ v: 1, children: [{ v: 2 }, { v: 3, children: [] }] }],
      [
        { v: 1, children: [{}] },
        { v: 1, x: 1 },
      ],
    ],
  ])('%j', (schema, good, bad) => {
    expect(checkSchema(schema)).toEqual([]);
    for (const value of good) expect(validateJson(schema, value), JSON.stringify(value)).toEqual([]);
    for (const value of bad) expect(validateJson(schema, value), JSON.stringify(value)).not.toEqual([]);
  });

  it('names every problem with its place, in plain words', () => {
    const schema = {
      type: 'object',
      required: ['a', 'id'],
      properties: { a: { type: 'integer' }, rows: { items: { properties: { n: { maxLength: 1 } } } }, m: { enum: ['x', 'y'] } },
      additionalProperties: false,
    };
    expect(validateJson(schema, { a: '1', rows: [{}, { n: 'ab' }], m: 'z', 'o/p': 1 })).toEqual([
      { pointer: '', message: 'needs the key "id"' },
      { pointer: '/a', message: 'must be a whole number, is text' },
      { pointer: '/rows/1/n', message: 'must have at most 1 character, has 2' },
      { pointer: '/m', message: 'must be one of "x", "y"' },
      { pointer: '/o~1p', message: 'has the unknown key "o/p"' },
    ]);
  });

  it('reports at most 100 problems', () => {
    expect(
      validateJson(
        { items: { type: 'string' } },
        Array.from({ length: 10_000 }, (_, i) => i),
      ),
    ).toHaveLength(100);
  });

  it('ends soon on schemas that multiply, values without end, and hostile patterns', () => {
    const $defs: Record<string, Json> = { d30: { type: 'string' } };
    for (let i = 0; i < 30; i++) $defs[`d${i}`] = { anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] };
    const doubling = { $defs, $ref: '#/$defs/d0' };
    expect(checkSchema(doubling)).toEqual([]);
    expect(validateJson(doubling, 1)).toEqual([{ pointer: '', message: expect.stringContaining('too intricate') }]);
    let deep: Json = { v: 1 };
    for (let i = 0; i < 100_000; i++) deep = { v: 1, children: [deep] };
    expect(validateJson(tree, deep)).toEqual([
      { pointer: expect.any(String), message: expect.stringContaining('deeper than 200') },
    ]);
    expect(validateJson({ pattern: '^(a+)+$' }, `${'a'.repeat(500_000)}b`)).toHaveLength(1);
    expect(
      validateJson(
        { uniqueItems: true },
        Array.from({ length: 100_000 }, (_, i) => i),
      ),
    ).toEqual([]);
  });

  it('never throws, nor does checkSchema, whatever they are given', () => {
    const keyword = fc.constantFrom(
      'type',
      'enum',
      'const',
      'properties',
      'required',
      'items',
      'prefixItems',
      'anyOf',
      'oneOf',
      'not',
      '$ref',
      '$defs',
      'pattern',
      'format',
      'minimum',
      'minLength',
      'multipleOf',
      'additionalProperties',
      'patternProperties',
      'uniqueItems',
      '__proto__',
      'constructor',
      'typ',
    );
    const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json[]>(
          true,
          false,
          null,
          1,
          'string',
          'integer',
          'object',
          '#/$defs/a',
          '#/$defs/b',
          '^a',
          '(',
          'date',
          [],
          ['a'],
          { a: { $ref: '#/$defs/a' }, b: { $ref: '#/$defs/a' } },
        ),
        fc.dictionary(keyword, tie('schema'), { maxKeys: 4 }),
        fc.array(tie('schema'), { maxLength: 3 }),
      ) as fc.Arbitrary<Json>,
    }));
    let accepted = 0;
    fc.assert(
      fc.property(schema, fc.jsonValue() as fc.Arbitrary<Json>, (anySchema, value) => {
        if (checkSchema(anySchema).length === 0) accepted++;
        for (const problem of [...checkSchema(anySchema), ...validateJson(anySchema, value)])
          expect(problem.message).not.toBe('');
      }),
      { seed, numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(100);
    for (const odd of [undefined, () => 1, 1n, Number.NaN])
      expect(validateJson({ type: 'string' }, odd as unknown as Json)).toHaveLength(1);
  });

  it('agrees with a schema made from the value itself', () => {
    const schemaOf = (value: Json): Json => {
      if (Array.isArray(value))
        return {
          type: 'array',
          prefixItems: value.length > 0 ? value.map((element) => schemaOf(element as Json)) : undefined,
          minItems: value.length,
          items: false,
        } as unknown as Json;
      if (typeof value === 'object' && value !== null)
        return {
          type: 'object',
          required: Object.keys(value),
          properties: Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, schemaOf(inner)])),
          additionalProperties: false,
        };
      return { const: value };
    };
    fc.assert(
      fc.property(fc.jsonValue() as fc.Arbitrary<Json>, fc.jsonValue() as fc.Arbitrary<Json>, (value, other) => {
        expect(validateJson(schemaOf(value), value)).toEqual([]);
        expect(validateJson(schemaOf(value), other).length === 0).toBe(canonicalJson(value) === canonicalJson(other));
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

describe('checkSchema refuses', () => {
  let deep: Json = {};
  for (let i = 0; i < 100_000; i++) deep = { items: deep };
  it.each<[string, Json, string, string]>([
    ['what is no schema', 5 as Json, '', 'a schema is an object'],
    ['an unknown keyword', { propertes: {} }, '/propertes', 'did you mean properties?'],
    ['a keyword of OpenAPI', { type: 'string', nullable: true }, '/nullable', 'type: [string, "null"]'],
    ['a keyword that is outside the subset', { if: {} }, '/if', 'write anyOf'],
    ['an unknown type', { type: 'int' }, '/type', 'did you mean integer?'],
    ['a type that YAML made null', { type: ['string', null] }, '/type', '"null", in quotes'],
    ['an empty enum', { enum: [] }, '/enum', 'at least one'],
    ['items as a list', { items: [{}] }, '/items', 'prefixItems'],
    ['required beside a single property', { properties: { a: { required: true } } }, '/properties/a/required', 'list of names'],
    ['a limit that is true', { exclusiveMinimum: true }, '/exclusiveMinimum', 'the limit itself'],
    ['a negative count', { minItems: -1 }, '/minItems', '0 or more'],
    ['a multiple of 0', { multipleOf: 0 }, '/multipleOf', 'above 0'],
    ['a pattern that backtracks', { pattern: '(a)\\1' }, '/pattern', 'backreferences'],
    ['a bad pattern of keys', { patternProperties: { '(': {} } }, '/patternProperties/(', 'regular expression'],
    ['an unknown format', { format: 'ipv4' }, '/format', 'date, date-time'],
    ['a reference elsewhere', { $ref: 'https://example.org/x' }, '/$ref', '#/$defs/<name>'],
    ['a reference to nothing', { $defs: { address: {} }, $ref: '#/$defs/adress' }, '/$ref', 'did you mean "address"?'],
    ['a reference to a prototype', { $defs: {}, $ref: '#/$defs/constructor' }, '/$ref', 'there is no'],
    ['a reference to itself', { $defs: { a: { $ref: '#/$defs/a' } } }, '/$defs/a', 'refers to itself'],
    [
      'a circle through anyOf and not',
      { $defs: { a: { anyOf: [{ not: { $ref: '#/$defs/b' } }] }, b: { allOf: [{ $ref: '#/$defs/a' }] } } },
      '/$defs/a',
      'a -> b',
    ],
    ['$defs inside', { items: { $defs: {} } }, '/items/$defs', 'top of the schema'],
    ['100,000 levels', deep, `${'/items'.repeat(33)}`, 'deeper than 32'],
    [
      'too many schemas',
      { properties: Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`p${i}`, { type: 'string' }])) },
      '/properties/p1999',
      'more than 2000',
    ],
  ])('%s', (_, schema, pointer, message) => {
    const [problem] = checkSchema(schema);
    expect(problem?.pointer).toBe(pointer);
    expect(problem?.message).toContain(message);
  });
});
