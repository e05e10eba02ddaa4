import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DURATION_PATTERN, DurationError, parseDuration } from '../../src/dag/duration.js';
import type { IssueCode } from '../../src/dag/issue.js';
import { parseSize, SIZE_PATTERN, SizeError } from '../../src/dag/size.js';
import { specSchema } from '../../src/spec/spec-schema.js';
import { propertySeed } from '../support/property-seed.js';
import { schemaProblems } from '../support/spec-schema-validator.js';
import { BAD_SPECS } from './bad-specs.js';

const schema = specSchema();

test('the JSON Schema of specs is made anew on each call', () => {
  expect(specSchema()).toEqual(schema);
  expect(specSchema()).not.toBe(schema);
});

test('it has a name by which editors and tools can tell it from others', () => {
  expect(schema.$id).toBe('urn:baton:dag:v1');
});

test('every heading that it sends a reader to stands in docs/spec.md', () => {
  const headings = [...readFileSync('docs/spec.md', 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  const named = [...JSON.stringify(schema).matchAll(/docs\/spec\.md, \*(.*?)\*/g)].map(([, heading]) => heading);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((heading) => !headings.includes(heading))).toEqual([]);
});

test('every $ref has its definition, and nothing stands beside it that draft-07 would not read', () => {
  const definitions = Object.keys(schema.definitions as object);
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { $ref } = node as { readonly $ref?: unknown };
    if (typeof $ref === 'string') {
      expect(definitions).toContain($ref.replace('#/definitions/', ''));
      expect(Object.keys(node)).toEqual(['$ref']);
    }
    Object.values(node).forEach(visit);
  };
  visit(schema);
});

test('every field says what it is', () => {
  for (const [name, shape] of Object.entries({ DAG: schema, ...(schema.definitions as object) })) {
    if (name === 'JsonSchema') continue;
    // What `with` is depends on the type, which says it.
    for (const [field, part] of Object.entries((shape as { properties: object }).properties))
      if (field !== 'with') expect((part as { description?: string }).description, `${name}.${field}`).toMatch(/\w/);
  }
});

describe('refuses wrong shapes as reading does', () => {
  const shapes = new Set<IssueCode>([
    'bad_duration',
    'bad_size',
    'expression_not_allowed',
    'foreign_name',
    'invalid_id',
    'missing_field',
    'not_yet_supported',
    'unknown_field',
    'unknown_task_type',
    'wrong_type',
    'yaml_boolean_key',
  ]);
  // Where a secret is known, that a time is not zero and where files are is meaning, not shape.
  const meaning = /\$\{\{ *(secrets|attempt)\b|: ?"?(0s|PT0S)|s3:\/\//;
  const specs = BAD_SPECS.filter(({ code, body }) => shapes.has(code) && typeof body === 'string' && !meaning.test(body));
  test.each(specs.map((bad) => [bad.name, bad] as const))('%s', (_, { body }) => {
    expect(schemaProblems(parse(body as string, { uniqueKeys: false }))).not.toEqual([]);
  });
});

const seed = propertySeed();

test(`its pattern of durations accepts what is read as one, and nothing else (seed ${seed})`, () => {
  const pattern = new RegExp(DURATION_PATTERN, 'u');
  const reads = (text: string): boolean => {
    try {
      return parseDuration(text) >= 0;
    } catch (error) {
      if (!(error instanceof DurationError)) throw error;
      // What is longer than the longest is meaning, not shape.
      return error.message.includes('longer than');
    }
  };
  const parts = fc.array(
    fc.constantFrom('1', '20', 'd', 'h', 'm', 's', 'ms', 'P', 'T', 'D', 'H', 'M', 'S', 'W', ' ', '.', '-'),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(parts, (each) => {
      const text = each.join('');
      expect(pattern.test(text), text).toBe(reads(text));
    }),
    { seed, numRuns: 5_000 },
  );
});

test(`its pattern of sizes accepts what is read as one, and nothing else (seed ${seed})`, () => {
  const pattern = new RegExp(SIZE_PATTERN, 'u');
  const reads = (text: string): boolean => {
    try {
      return parseSize(text) >= 0;
    } catch (error) {
      if (!(error instanceof SizeError)) throw error;
      // What is larger than any number is meaning, not shape.
      return error.message.includes('larger than');
    }
  };
  const parts = fc.array(fc.constantFrom('1', '20', '.', '.5', 'B', 'KB', 'kB', 'MiB', 'Gi', 'TiB', ' ', '-', 'e3'), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(parts, (each) => {
      const text = each.join('');
      expect(pattern.test(text), text).toBe(reads(text));
    }),
    { seed, numRuns: 5_000 },
  );
});
