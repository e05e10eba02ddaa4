import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkSpec } from '../../src/spec/check-spec.js';
import { schemaProblems } from '../support/spec-schema-validator.js';

const FOLDER = 'examples';
const EXAMPLES = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .filter((name) => name.endsWith('.yaml'))
      .sort()
  : [];

describe.skipIf(EXAMPLES.length === 0)('examples', () => {
  test.each(EXAMPLES)('%s is valid and conforms to the JSON Schema', (name) => {
    const { dag, issues, canonical } = checkSpec(readFileSync(join(FOLDER, name)), 'yaml', { ownQueues: ['baton'] });
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(dag).toBeDefined();
    expect(schemaProblems(canonical)).toEqual([]);
  });
});
