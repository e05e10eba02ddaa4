import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/workflow-bundle.js';

let folder: string;
beforeAll(async () => {
  // Beside the sources, so that packages are found.
  folder = await mkdtemp(join(import.meta.dirname, '.bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function bundleOf(code: string): Promise<string> {
  const file = join(folder, `w${Math.random().toString(36).slice(2)}.ts`);
  await writeFile(file, `${code}\nexport async function some(): Promise<void> {}\n`);
  return bundleWorkflows(file);
}

test('the workflows bundle without anything that would break determinism', async () => {
  const code = await bundleWorkflows();
  // Without the source map at its end, which is twice as long. A package too many would be half a megabyte.
  expect(code.indexOf('sourceMappingURL=data:')).toBeGreaterThan(0);
  expect(code.indexOf('sourceMappingURL=data:')).toBeLessThan(2_000_000);
  for (const name of ['dagRun', 'dagEntity', 'retention']) expect(code).toContain(name);
}, 60_000);

test('what workflows may use bundles', async () => {
  expect(await bundleOf("export { sleep } from '@temporalio/workflow';")).toContain('some');
}, 60_000);

test.each([
  "import { readFileSync } from 'node:fs'; export const read = () => readFileSync('x');",
  "import { createServer } from 'http'; export const serve = () => createServer();",
  "import { Client } from '@temporalio/client'; export const client = () => new Client();",
])(
  'what would break determinism does not: %s',
  async (code) => {
    await expect(bundleOf(code)).rejects.toThrow(/disallowed modules|Webpack finished with errors/);
  },
  60_000,
);
