import { expect, it } from 'vitest';
import { closestName } from '../../src/dag/closest-name.js';

it.each<[string, string | undefined]>([
  ['dependOn', 'dependsOn'],
  ['dependson', 'dependsOn'],
  ['tiemout', 'timeout'],
  ['timeout', 'timeout'],
  ['retries', undefined],
  ['xyz', undefined],
  ['ab', undefined],
  ['', undefined],
  ['x'.repeat(1_000), undefined],
])('the closest name to %s is %s', (written, name) =>
  expect(closestName(written, ['dependsOn', 'timeout', 'retry', 'queue', 'a'])).toBe(name),
);
