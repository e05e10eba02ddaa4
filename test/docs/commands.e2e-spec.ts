import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BuiltService, ROOT } from '../support/built-service.js';
import { fencedBlocks } from './fenced-blocks.js';

const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
const pages = ['README.md', ...docs.map((file) => join('docs', file))];
const blocks = pages.flatMap((page) =>
  fencedBlocks(readFileSync(join(ROOT, page), 'utf8')).map((block) => ({ page, ...block })),
);
const ofPage = (page: string, language: string) => blocks.filter((block) => block.page === page && block.language === language);

describe('the commands of the documentation', () => {
  let service: BuiltService;
  let folder: string;
  const modules = join(ROOT, 'dist', 'docs-test');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'baton-docs-'));
    mkdirSync(modules, { recursive: true });
    const [source] = ofPage('docs/writing-activities.md', 'ts');
    const { outputText } = ts.transpileModule(source!.text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(modules, 'partitions.js'), outputText);
    service = await BuiltService.start({ BATON_ACTIVITIES: join(modules, 'partitions.js') });
  });

  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
    rmSync(modules, { recursive: true, force: true });
  });

  const withCurl = blocks.filter(({ language, text }) => language === 'sh' && text.includes('curl '));
  it.each(withCurl.map((block, i) => [`${block.page} (${i + 1})`, block.text]))('%s: every call succeeds', (_name, text) => {
    const script = text.replaceAll('http://127.0.0.1:3000', service.address).replaceAll('curl ', 'curl --fail-with-body ');
    const output = execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, encoding: 'utf8' });
    expect(output).not.toContain('"status":4');
  });

  it('README.md: the first DAG says hello', async () => {
    const page = (await service.api.get('/runs?dagId=hello')) as { readonly items: readonly { readonly runId: string }[] };
    const run = await service.api.get(`/runs/${encodeURIComponent(page.items[0]!.runId)}`);
    expect(run).toMatchObject({ state: 'success', outputs: { greeting: 'Hello reader, the squares add up to 30' } });
  });

  it('docs/writing-activities.md: the function runs, after the retry that it asks for', async () => {
    const spec = ofPage('docs/writing-activities.md', 'yaml').find(({ text }) => text.startsWith('id: partitions'))!;
    const result = await service.run('partitions', spec.text.replace('interval: 5s', 'interval: 100ms'));
    expect(result.run).toMatchObject({ state: 'success' });
    expect(result.tasks.list!.attempts.map(({ failure }) => failure?.type)).toEqual(['SourceNotReady', undefined]);
    expect(result.tasks.list!.output).toEqual([
      expect.stringMatching(/^events\/.*\/0\.parquet$/),
      expect.stringMatching(/1\.parquet$/),
    ]);
  });
});
