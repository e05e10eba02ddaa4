import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { taskFacts } from '../../activities/handlers/task-facts.js';
import { compile } from '../../src/dag/compile.js';
import { simulate } from '../../src/dag/simulate.js';
import { checkSpec } from '../../src/spec/check-spec.js';
import { DagDto } from '../../src/spec/dto/dag.dto.js';
import { fieldsOf } from '../../src/spec/field-facts.js';
import { schemaProblems } from '../support/spec-schema-validator.js';
import { fencedBlocks } from './fenced-blocks.js';
import { settingsTable } from './settings-table.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdown('docs')];

function markdown(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return entries.filter((entry) => entry.endsWith('.md')).map((entry) => join(folder, entry));
}

describe('the documentation', () => {
  it.each(pages)('%s has no broken link to a file', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it.each(pages)('%s names only npm scripts that exist', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm (?:run )?(demo|start|test|bench|docs|lint|check|format|build|test:\w+)\b/g)].map(
      (match) => match[1]!,
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it.each(pages)('%s has YAML and JSON blocks that parse', (page) => {
    for (const { language, text } of fencedBlocks(read(page))) {
      if (language === 'yaml') expect(() => parse(text, { strict: true, uniqueKeys: true })).not.toThrow();
      if (language === 'json') expect(() => JSON.parse(text)).not.toThrow();
    }
  });

  it.each(pages)('%s shows no DAG that is not valid', (page) => {
    for (const { language, text } of fencedBlocks(read(page))) {
      if (language !== 'yaml' || !/^id: /m.test(text) || !/^tasks:/m.test(text)) continue;
      const { issues } = checkSpec(text, 'yaml', { ownQueues: ['baton'] });
      expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    }
  });

  const dags = pages.flatMap((page) =>
    fencedBlocks(read(page))
      .filter(({ language, text }) => language === 'yaml' && /^id: /m.test(text) && /^tasks:/m.test(text))
      .map(({ text }) => [/^id: (.*)/m.exec(text)?.[1], page, text] as const),
  );
  it.each(dags)('its DAG %s of %s runs to its end where every task is a success', (_, __, text) => {
    const { dag, canonical } = checkSpec(text, 'yaml', { ownQueues: ['baton'] });
    expect(schemaProblems(canonical)).toEqual([]);
    const { bodies, plan } = compile(dag!, { ownQueues: ['baton'] });
    const run = simulate(plan(bodies.map((_, i) => String(i))), () => ({}));
    expect(run.state).toBe('success');
    expect(run.tasks.map(({ state }) => state)).not.toContain('pending');
  });

  it('shows no piece of a DAG in docs/spec.md whose fields do not exist', () => {
    const pieces = fencedBlocks(read('docs/spec.md')).filter(
      ({ language, text }) => language === 'yaml' && !/^id: /m.test(text),
    );
    for (const { text } of pieces) {
      const piece = parse(text) as { readonly [name: string]: unknown };
      const isDag = Object.keys(piece).every((name) => fieldsOf(DagDto).has(name));
      const tasks = typeof piece.type === 'string' ? { a: piece } : piece;
      const spec = isDag ? { tasks: { a: { type: 'noop' } }, ...piece, id: 'a' } : { id: 'a', tasks };
      expect(schemaProblems(spec), text).toEqual([]);
    }
  });

  it.each(pages)('%s names only settings that exist', (page) => {
    const known = new Set([...settingsTable().matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]!));
    const families = /^BATON_(SECRET|CONNECTION)_/;
    // What a program of a shell task finds in its environment is no setting.
    for (const name of ['RUN_ID', 'TASK_ID', 'ATTEMPT', 'IDEMPOTENCY_KEY']) known.add(`BATON_${name}`);
    const named = [...read(page).matchAll(/\bBATON_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
    // What the property tests read.
    for (const name of ['TEST_RUNS', 'TEST_SEED']) known.add(`BATON_${name}`);
    // What processes of tasks are told, not what we read.
    const resources = { cpu: 1, memory: 1, storage: 1 };
    for (const name of Object.keys(taskFacts({ info: { resources } } as never))) known.add(name);
    const unknown = named.filter((name) => !known.has(name) && !families.test(`${name}_`) && !families.test(name));
    expect(unknown).toEqual([]);
  });

  it('opens the README with the two commands', () => {
    expect(read('README.md').split('\n').slice(0, 6).join('\n')).toMatch(/npm run demo[\s\S]*npm test/);
  });

  it('opens CONTRIBUTING with what is refused', () => {
    expect(read('CONTRIBUTING.md')).toMatch(/^# Contributing\n\n## What is refused\n/);
  });
});
