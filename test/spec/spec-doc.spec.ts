import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EDGE_CONDITIONS } from '../../src/dag/spec.js';
import { TASK_TYPES } from '../../src/dag/task-type.js';
import { checkSpec } from '../../src/spec/check-spec.js';
import { fencedBlocks } from '../docs/fenced-blocks.js';
import { schemaProblems } from '../support/spec-schema-validator.js';

const document = readFileSync('docs/spec.md', 'utf8');

// That its tables are as in the code: test/docs/generated.spec.ts.
describe('docs/spec.md', () => {
  test('every condition of an edge stands in the table of what it makes of each state', () => {
    const section = document.split('\n## Dependencies\n')[1]?.split('\n## ')[0] ?? '';
    const first = [...section.matchAll(/^\| `([^`]+)` +\|/gm)].map((match) => match[1]);
    expect(first).toEqual(expect.arrayContaining([...EDGE_CONDITIONS]));
  });

  const dags = fencedBlocks(document).filter(({ language, text }) => language === 'yaml' && /^id: /m.test(text));
  test.each(dags.map(({ text }) => [/^id: (.*)/m.exec(text)?.[1], text]))('its DAG %s is valid', (_, text) => {
    const { issues, canonical } = checkSpec(text as string, 'yaml', { ownQueues: ['baton'] });
    expect(issues).toEqual([]);
    expect(schemaProblems(canonical)).toEqual([]);
  });

  test('every task type has a section', () => {
    for (const type of Object.keys(TASK_TYPES)) expect(document).toContain(`\n### ${type}\n`);
  });
});
