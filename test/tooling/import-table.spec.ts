import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseOptions, type ICruiseResult, type IReporterOutput } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDERS = ['src', 'workflows', 'activities'];

/** Violations of the import table below `baseDir`, as `rule: from -> to`. */
async function violations(baseDir: string): Promise<string[]> {
  const config = await extractConfig(join(root, '.dependency-cruiser.mjs'));
  const options: ICruiseOptions = {
    ...config.options,
    baseDir,
    ruleSet: { forbidden: config.forbidden ?? [] },
    validate: true,
  };
  const tsConfig = extractTSConfig(join(root, 'tsconfig.json'));
  const result: IReporterOutput = await cruise(FOLDERS, options, {}, { tsConfig });
  return (result.output as ICruiseResult).summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

describe('the import table', () => {
  it('holds for every import of src, workflows and activities', async () => {
    expect(await violations(root)).toEqual([]);
  }, 60_000);

  describe('bites', () => {
    const tree = mkdtempSync(join(tmpdir(), 'baton-imports-'));
    afterAll(() => rmSync(tree, { recursive: true }));
    const forbidden: readonly (readonly [file: string, source: string])[] = [
      ['src/dag/a.ts', "import 'node:fs';"],
      ['src/dag/b.ts', "import '@nestjs/common';"],
      ['src/dag/c.ts', "import '../objects/store.js';"],
      ['src/dag/d.ts', "import type { Client } from '@temporalio/client'; export type C = Client;"],
      ['src/time/a.ts', "import '../dag/json.js';"],
      ['src/api/a.ts', "import '@temporalio/client';"],
      ['src/api/b.ts', "import '../../workflows/run.js';"],
      ['src/api/c.ts', "import '../../activities/http.js';"],
      ['src/temporal/a.ts', "import '../api/a.js';"],
      ['src/temporal/b.ts', "import { run } from '../../workflows/run.js'; run();"],
      ['src/temporal/c.ts', "import { http } from '../../activities/http.js'; http();"],
      ['activities/a.ts', "import { run } from '../workflows/run.js'; run();"],
      ['activities/b.ts', "import '../src/temporal/a.js';"],
      ['activities/c.ts', "import '@temporalio/client';"],
      ['workflows/a.ts', "import '../src/objects/store.js';"],
      ['workflows/b.ts', "import 'node:crypto';"],
      ['workflows/c.ts', "import '@temporalio/client';"],
      ['workflows/d.ts', "import { http } from '../activities/http.js'; http();"],
    ];
    const allowed: readonly (readonly [file: string, source: string])[] = [
      ['src/dag/json.ts', 'export const json = 1;'],
      ['src/objects/store.ts', "import 'node:fs'; import '../dag/json.js';"],
      ['src/temporal/worker.ts', "import { http } from '../../activities/http.js'; http(); import '@temporalio/worker';"],
      [
        'src/api/ok.ts',
        "import '../dag/json.js'; import '@nestjs/common'; import '../temporal/worker.js'; import '../../workflows/contract.js';",
      ],
      ['workflows/contract.ts', "export const A = 'a';"],
      [
        'workflows/run.ts',
        "import type { http } from '../activities/http.js'; import '../src/dag/json.js'; export type H = typeof http; export const run = () => 1;",
      ],
      [
        'activities/http.ts',
        "import '../src/objects/store.js'; import 'undici'; import 'node:net'; export const http = () => 1;",
      ],
    ];
    let found: string[] = [];
    beforeAll(async () => {
      for (const [file, source] of [...forbidden, ...allowed]) {
        mkdirSync(dirname(join(tree, file)), { recursive: true });
        writeFileSync(join(tree, file), source);
      }
      symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
      writeFileSync(join(tree, 'package.json'), readFileSync(join(root, 'package.json')));
      writeFileSync(join(tree, 'tsconfig.json'), readFileSync(join(root, 'tsconfig.json')));
      found = await violations(tree);
    }, 60_000);

    it.each(forbidden)('on %s: %s', (file) => {
      expect(found.filter((line) => line.includes(`: ${file} -> `))).not.toEqual([]);
    });

    it.each(allowed)('not on %s: %s', (file) => {
      expect(found.filter((line) => line.includes(`: ${file} -> `))).toEqual([]);
    });
  });
});

/** Uses of global names in a file, as `name` or `Math.random`; types, comments and strings do not count. */
function globalsUsed(path: string): Set<string> {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  const used = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression))
      used.add(`${node.expression.text}.${node.name.text}`);
    const parent = node.parent;
    const isName = parent && 'name' in parent && parent.name === node;
    if (ts.isIdentifier(node) && !isName) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return used;
}

function sources(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('what a folder may use of its surroundings', () => {
  it.each(['src/dag', 'src/time', 'workflows'])('%s has no process, console, random or timer of the host', (folder) => {
    const forbidden = [
      'process',
      'console',
      'Math.random',
      'setImmediate',
      'fetch',
      'performance',
      'globalThis',
      'eval',
      'Function',
    ];
    const clock = folder === 'src/dag' ? ['Date'] : [];
    const found = sources(folder).flatMap((path) => {
      const used = globalsUsed(path);
      return [...forbidden, ...clock].filter((name) => used.has(name)).map((name) => `${path}: ${name}`);
    });
    expect(found).toEqual([]);
  });

  it('only src/config reads the environment', () => {
    const found = FOLDERS.flatMap(sources)
      .filter((path) => !path.startsWith(join(root, 'src/config/')))
      .filter((path) => globalsUsed(path).has('process.env'));
    // The two entry points hand the environment to the configuration, unread.
    expect(found.filter((path) => !/src\/(main|worker)\.ts$/.test(path))).toEqual([]);
  });
});
