import { expect, test } from 'vitest';
import { typedInputs } from '../../src/dag/typed-inputs.js';

const SCHEMAS = {
  limit: { type: 'integer', minimum: 1 },
  region: { type: 'string', default: 'eu' },
  'a/b': { type: 'object' },
};

test('defaults fill in what is not given', () => {
  expect(typedInputs(SCHEMAS, { limit: 3, 'a/b': {} })).toEqual({ values: { 'a/b': {}, limit: 3, region: 'eu' }, faults: [] });
});

test('every fault is named with its place', () => {
  const { faults } = typedInputs(SCHEMAS, { limit: 0, other: 1 });
  expect(faults.map(({ pointer }) => pointer)).toEqual(['/a~1b', '/limit', '/other']);
  expect(faults[2]!.message).toContain('asked for are a/b, limit, region');
  expect(typedInputs({}, { x: 1 }).faults[0]!.message).toContain('none is asked for');
});

test('what is partial lacks nothing, but must fit', () => {
  expect(typedInputs(SCHEMAS, {}, { partial: true }).faults).toEqual([]);
  expect(typedInputs(SCHEMAS, { limit: 'x' }, { partial: true }).faults).toHaveLength(1);
});

test('names of prototypes are names like any other', () => {
  expect(typedInputs({}, JSON.parse('{"__proto__": 1, "constructor": 2}')).faults).toHaveLength(2);
});
