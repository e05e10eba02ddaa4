import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/dag/json.js';
import { checkSchema, validateJson } from '../../src/dag/json-schema.js';
import { specSchema } from '../../src/spec/spec-schema.js';
import { BAD_SPECS } from './bad-specs.js';

const schema = specSchema();

test('the JSON Schema of specs is a schema that our own subset understands, and made anew on each call', () => {
  expect(checkSchema(schema)).toEqual([]);
  expect(specSchema()).toEqual(schema);
  expect(JSON.stringify(schema)).not.toContain('#/definitions/');
});

test('every $ref has its definition', () => {
  const defs = Object.keys(schema.$defs as object);
  for (const [, name] of JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)) expect(defs).toContain(name);
});

describe('refuses wrong shapes as reading does', () => {
  const shapes = new Set([
    'wrong_type',
    'missing_field',
    'unknown_field',
    'foreign_name',
    'not_yet_supported',
    'unknown_task_type',
    'yaml_boolean_key',
  ]);
  const specs = BAD_SPECS.filter(
    ({ code, contentType, body }) => shapes.has(code) && contentType === 'application/json' && typeof body === 'string',
  );
  test.each(specs.map((bad) => [bad.name, bad] as const))('%s', (_, { body }) => {
    expect(validateJson(schema, JSON.parse(body as string) as Json)).not.toEqual([]);
  });
});
