import { expect, test } from 'vitest';
import { glob } from '../../../activities/handlers/glob.js';

test.each([
  ['in/*.csv', 'in/a.csv', true],
  ['in/*.csv', 'in/a.csv.part', false],
  ['in/*.csv', 'in/deep/a.csv', false],
  ['in/**/*.csv', 'in/a.csv', true],
  ['in/**/*.csv', 'in/x/y/a.csv', true],
  ['in/**', 'in/x/y/a.csv', true],
  ['in/**', 'other/a', false],
  ['in/part-?', 'in/part-7', true],
  ['in/part-?', 'in/part-17', false],
  ['a+(b)[c].{d}$^|\\?', 'a+(b)[c].{d}$^|\\e', true],
  ['*/_SUCCESS', '2024-01-31/_SUCCESS', true],
  ['größe-*', 'größe-1', true],
])('%s and %s: %s', (pattern, path, fits) => expect(glob(pattern).test(path)).toBe(fits));

test('only what is below the folder before the first wildcard is looked at', () => {
  expect(glob('a/b/c*/d').folder).toBe('a/b');
  expect(glob('*.csv').folder).toBe('');
  expect(glob('a/b.csv')).toMatchObject({ literal: true, folder: 'a/b.csv' });
});

test('a pattern with many wildcards is matched in linear time', () => {
  const hard = glob(`${'*a'.repeat(40)}b`);
  expect(hard.test('a'.repeat(10_000))).toBe(false);
});

test('a pattern that is too long is refused by name', () => {
  expect(() => glob(`${'x'.repeat(300)}*`)).toThrow(/with.file: .* cannot be used/);
});
