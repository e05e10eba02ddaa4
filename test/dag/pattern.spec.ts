import { describe, expect, it } from 'vitest';
import { compilePattern, PatternError, patternSize } from '../../src/dag/pattern.js';

describe('compilePattern', () => {
  it.each<[string, string, boolean]>([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['^[a-z]+-[0-9]{4}\\.csv$', 'sales-2026.csv', true],
    ['(?i)SALES', 'sales', true],
    ['^\\pL+$', 'été', true],
    ['^(a+)+$', `${'a'.repeat(50_000)}b`, false],
    ['', '', true],
  ])('/%s/ on %s', (pattern, text, matches) => expect(compilePattern(pattern).test(text)).toBe(matches));

  it.each(['(', '[a', 'a**', '(?=a)', '(?<=a)b', '(a)\\1', 'a'.repeat(257), '(a{100}){100}', 'a{2000}'])(
    'refuses %s',
    (pattern) => {
      expect(() => compilePattern(pattern)).toThrow(PatternError);
    },
  );
});

it('takes more steps for a pattern of many parts, which may all be looked at for each character', () => {
  const small = compilePattern('^[a-z]+$').steps(1_000);
  const large = compilePattern('(?i)(\\pL?){200}1').steps(1_000);
  expect(small).toBeLessThan(2_000);
  expect(large).toBeGreaterThan(500_000);
});

it.each<[string, number]>([
  ['abc', 4],
  ['a{10}', 11],
  ['(ab){10}', 31],
  ['((a{10}){10}){10}', 1_111],
  ['[a-z]{5}', 6],
  ['[]({9}]{5}', 6],
  ['\\({3}', 4],
  ['a{,5}', 6],
])('patternSize of %s is about %d', (pattern, size) =>
  expect(Math.abs(patternSize(pattern) - size)).toBeLessThanOrEqual(size / 2),
);
