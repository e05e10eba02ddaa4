import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/dag/canonical-json.js';
import type { Json } from '../../src/dag/json.js';

describe('canonicalJson', () => {
  it.each<[Json, string]>([
    [null, 'null'],
    [[], '[]'],
    [{}, '{}'],
    [[56, { d: true, '10': null, '1': [] }], '[56,{"1":[],"10":null,"d":true}]'],
    // The examples of RFC 8785: numbers in the shortest form of ECMAScript, keys by UTF-16 unit, control characters escaped.
    [
      {
        numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
        literals: [null, true, false],
      },
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ],
    [
      {
        '\u20ac': 'Euro Sign',
        '\r': 'Carriage Return',
        '\ufb33': 'Hebrew Letter Dalet With Dagesh',
        '1': 'One',
        '\ud83d\ude00': 'Emoji: Grinning Face',
        '\u0080': 'Control',
        '\u00f6': 'Latin Small Letter O With Diaeresis',
      },
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ],
    [
      [-0, 1e21, 1e-7, 123456789012345680000, 5e-324, 1.7976931348623157e308],
      '[0,1e+21,1e-7,123456789012345680000,5e-324,1.7976931348623157e+308]',
    ],
    [JSON.parse('{"b":1,"__proto__":{"a":1},"a":2}') as Json, '{"__proto__":{"a":1},"a":2,"b":1}'],
    ['\ud800', '"\\ud800"'],
    [{ a: undefined, b: 1 } as unknown as Json, '{"b":1}'],
  ])('of %j', (value, text) => expect(canonicalJson(value)).toBe(text));

  it('refuses what is no JSON', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, undefined, [undefined]])
      expect(() => canonicalJson(value as unknown as Json)).toThrow(TypeError);
  });

  it('writes 200,000 levels without overflow', () => {
    let deep: Json = 1;
    for (let i = 0; i < 100_000; i++) deep = { a: [deep] };
    expect(canonicalJson(deep)).toBe(`${'{"a":['.repeat(100_000)}1${']}'.repeat(100_000)}`);
  });

  it('is the same for equal values whatever the order of their keys, and reads back', () => {
    const shuffled = (value: Json): Json => {
      if (Array.isArray(value)) return value.map((element) => shuffled(element as Json));
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, inner]) => [key, shuffled(inner)]),
        );
      return value;
    };
    fc.assert(
      fc.property(fc.jsonValue() as fc.Arbitrary<Json>, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(JSON.stringify(JSON.parse(text))).toHaveLength(text.length);
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
