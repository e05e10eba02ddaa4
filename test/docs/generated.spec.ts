import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { specSchema } from '../../src/spec/spec-schema.js';
import { settingsTable } from './settings-table.js';
import { SPEC_PARTS } from './spec-parts.js';

/** `npm run docs` sets it: what differs is written anew instead of reported. */
const WRITE = process.env.UPDATE_DOCS !== undefined;
const OUT_OF_DATE = 'is out of date: run `npm run docs`';

function upToDate(file: string, make: (text: string) => string): void {
  const text = readFileSync(file, 'utf8');
  const wanted = make(text);
  if (WRITE) writeFileSync(file, wanted);
  else expect(text, `${file} ${OUT_OF_DATE}`).toBe(wanted);
}

test('docs/dag.schema.json is the JSON Schema of specs', () => {
  upToDate('docs/dag.schema.json', () => `${JSON.stringify(specSchema(), null, 2)}\n`);
});

test('docs/operations.md has every setting with its default', () => {
  upToDate('docs/operations.md', (text) =>
    text.replace(
      /(<!-- settings:.*-->\n)[\s\S]*(<!-- \/settings -->)/,
      (_, begin: string, end: string) => `${begin}\n${settingsTable()}\n\n${end}`,
    ),
  );
});

describe('docs/spec.md', () => {
  const block = (name: string): RegExp => new RegExp(`(<!-- ${name} -->\\n)([\\s\\S]*?)(<!-- end -->)`);

  test.each(Object.keys(SPEC_PARTS))('has a place for %s: <!-- %s --> <!-- end -->', (name) => {
    expect(readFileSync('docs/spec.md', 'utf8')).toMatch(block(name));
  });

  test.each(Object.entries(SPEC_PARTS))('%s is as in the code', (name, part) => {
    upToDate('docs/spec.md', (text) =>
      text.replace(block(name), (_, open: string, __, close: string) => `${open}${part}\n${close}`),
    );
  });

  test('has no place that nothing fills', () => {
    const places = [...readFileSync('docs/spec.md', 'utf8').matchAll(/^<!-- (.*) -->$/gm)].map((match) => match[1] as string);
    expect(places.filter((name) => name !== 'end' && !Object.hasOwn(SPEC_PARTS, name))).toEqual([]);
  });
});
