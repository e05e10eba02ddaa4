import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isolatedEnvironment, ROOT } from '../support/built-service.js';
import { type Figures, flightsFigures } from './flights-figures.js';

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly ms: number;
}

/** Runs the demo to its end, everything it prints included. */
function demo(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  const began = Date.now();
  const child = spawn(process.execPath, [join(ROOT, 'scripts/demo.mjs'), ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, ms: Date.now() - began }));
  });
}

describe('npm run demo', () => {
  let env: Awaited<ReturnType<typeof isolatedEnvironment>>;
  let first: Ended;
  let figures: Figures;

  beforeAll(async () => {
    env = await isolatedEnvironment();
    [first, figures] = await Promise.all([demo(env), flightsFigures()]);
  });

  afterAll(() => rmSync(env.BATON_HOME, { recursive: true, force: true, maxRetries: 5 }));

  it('ends well', () => {
    expect(first.output).toContain('The run is success');
    expect(first.code).toBe(0);
  });

  it('prints each task as it ends, with progress, and shows the retry, the skip and the condition', () => {
    const total = 17;
    const lines = first.output.split('\n').filter((line) => /^\[ ?\d+\/\d+\]/.test(line));
    expect(lines).toHaveLength(total);
    for (const [i, line] of lines.entries()) expect(line).toContain(`[${String(i + 1).padStart(2)}/${total}]`);
    const lineOf = (task: string) => lines.find((line) => line.includes(` ${task} `) || line.endsWith(` ${task}`));
    expect(lineOf('fetch_flights')).toMatch(/success .*attempt 2, after SourceNotReady/);
    expect(lineOf('quarantine')).toMatch(/success/);
    expect(lineOf('notify_failure')).toMatch(/skipped/);
  });

  it('prints the figures that an independent computation finds', () => {
    const text = (value: number | string): string => (typeof value === 'number' ? value.toLocaleString('en-US') : value);
    const cells = first.output.split('\n').map((line) => line.trim().split(/\s{2,}/));
    const rows = (wanted: readonly (number | string)[]) => expect(cells).toContainEqual(wanted.map(text));
    for (const { airport, city, flights, mean_delay, late_percent } of figures.lateAirports)
      rows([airport, city, flights, mean_delay, late_percent]);
    for (const { city, correlation } of figures.rainAndDelays) rows([city, correlation]);
    expect(first.output).toMatch(new RegExp(`flights: +${text(figures.flights)}\n`));
    expect(first.output).toMatch(new RegExp(`airports: +${text(figures.airports)}\n`));
    expect(first.output).toMatch(new RegExp(`setAside: +${text(figures.setAside)}\n`));
    expect(first.output).toContain(`hour ${figures.worstHour.hour}, late_percent ${text(figures.worstHour.late_percent)}`);
  });

  it('prints where the run can be seen, in the API and in the Web UI', () => {
    expect(first.output).toMatch(new RegExp(`http://127\\.0\\.0\\.1:${env.PORT}/api/v1/runs/flights%40`));
    expect(first.output).toMatch(
      new RegExp(`http://127\\.0\\.0\\.1:${env.BATON_TEMPORAL_UI_PORT}/namespaces/default/workflows/flights`),
    );
  });

  it('works twice in a row, and is quick then', async () => {
    const second = await demo(env);
    expect(second.output).toContain('The run is success');
    expect(second.code).toBe(0);
    // Of a machine that is busy with other things nothing can be asked.
    const isBusy = loadavg()[0]! > 1.5 * availableParallelism();
    expect(second.ms).toBeLessThan(isBusy ? 100_000 : 20_000);
  });

  it('says so when the port belongs to another program', async () => {
    const other = createServer((_, response) => response.end('hello')).listen(Number(env.PORT), '127.0.0.1');
    const { code, output } = await demo(env);
    other.close();
    expect(code).toBe(1);
    expect(output).toMatch(/is taken by another program\. Choose another port: PORT=/);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('uses the Baton that already runs on the port, and leaves it alone; Ctrl-C ends the one that was kept', async () => {
    const kept = spawn(process.execPath, [join(ROOT, 'scripts/demo.mjs'), '--keep'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const closed = new Promise<number | null>((resolve) => kept.once('close', resolve));
    await new Promise<void>((resolve) => {
      kept.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('press Ctrl-C')) resolve();
      });
      kept.once('close', () => resolve());
    });
    const second = await demo(env);
    expect(second.output).toContain('Using the Baton that already runs');
    expect(second.code).toBe(0);
    expect((await fetch(`http://127.0.0.1:${env.PORT}/health/live`)).ok).toBe(true);
    kept.kill('SIGINT');
    expect(await closed).toBe(130);
    await expect(fetch(`http://127.0.0.1:${env.PORT}/health/live`)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${env.BATON_TEMPORAL_UI_PORT}`)).rejects.toThrow();
  });
});
