import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../src/temporal/server-record.js';
import { until } from '../support/api-caller.js';
import { ROOT } from '../support/built-service.js';
import { temporalBinary } from '../support/temporal-binary.js';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** A Baton as a process of its own. */
class Baton {
  output = '';
  readonly ended: Promise<number | null>;
  private constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk));
    this.ended = new Promise((resolve) => child.on('close', resolve));
  }

  static start(env: Record<string, string>, entry = 'main'): Baton {
    const args = ['--enable-source-maps', join(ROOT, `dist/src/${entry}.js`)];
    return new Baton(
      spawn(process.execPath, args, {
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  async address(): Promise<string> {
    let found: string | undefined;
    await until(() => {
      found = /^REST API\s+(http:\/\/\S+)\/api\/v1/m.exec(this.output)?.[1];
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.output}`);
      return found !== undefined;
    }, 90_000);
    return found as string;
  }
}

describe('the process', () => {
  let home: string;
  let env: Record<string, string>;
  const started: Baton[] = [];
  const start = (settings: Record<string, string>, entry?: string) => {
    const baton = Baton.start({ ...env, ...settings }, entry);
    started.push(baton);
    return baton;
  };
  beforeAll(async () => {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'pipe' });
    home = await mkdtemp(join(tmpdir(), 'baton-process-'));
    env = {
      BATON_HOME: home,
      PORT: '0',
      BATON_TEMPORAL_PORT: '0',
      BATON_TEMPORAL_UI_PORT: '0',
      BATON_TEMPORAL_BIN: await temporalBinary(),
      BATON_SHUTDOWN_GRACE: '20s',
      BATON_ACTIVITIES: path('activities.mjs'),
    };
  });
  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      // Asked, not killed: it takes its Temporal server along.
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    }
  });
  afterAll(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));

  const temporalPid = async () => (JSON.parse(await readFile(join(home, 'temporal.pid'), 'utf8')) as { server: number }).server;

  it('says what is wrong with its settings, all at once and without a stack', async () => {
    const baton = start({ PORT: 'http', BATON_ROLE: 'boss', HOST: '0.0.0.0' });
    expect(await baton.ended).toBe(1);
    for (const name of ['PORT', 'BATON_ROLE', 'HOST']) expect(baton.output).toContain(`${name}=`);
    expect(baton.output).not.toMatch(/^\s+at /m);
  });

  it('says that its port is taken, and starts no Temporal server for nothing', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const baton = start({ PORT: String(port) });
    expect(await baton.ended).toBe(1);
    server.close();
    expect(baton.output).toMatch(new RegExp(`^Port ${port} is taken .*PORT`));
    expect(baton.output.trim().split('\n')).toHaveLength(1);
  });

  it('says which module of activities does not load', async () => {
    const baton = start({ BATON_ACTIVITIES: '/nowhere/activities.js' });
    expect(await baton.ended).toBe(1);
    expect(baton.output).toContain('/nowhere/activities.js');
    expect(baton.output).not.toMatch(/^\s+at /m);
  });

  it('stops everything it started when asked to, and finds its data again', async () => {
    const first = start({});
    const address = await first.address();
    await until(async () => (await fetch(`${address}/health/ready`)).ok);
    await fetch(`${address}/api/v1/dags/kept`, {
      method: 'PUT',
      headers: { 'content-type': 'application/yaml' },
      body: 'id: kept\ntasks: { a: { type: activity, with: { name: sleepUntilCancelled } } }\n',
    });
    const { runId } = (await (await fetch(`${address}/api/v1/dags/kept/runs`, { method: 'POST' })).json()) as { runId: string };
    const stream = await fetch(`${address}/api/v1/runs/${encodeURIComponent(runId)}/events`);
    const pid = await temporalPid();
    await fetch(`${address}/api/v1/runs/${encodeURIComponent(runId)}/cancel`, { method: 'POST' });
    expect(await stream.text()).toContain('"state":"cancelled"');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);

    const second = start({});
    const again = await second.address();
    await until(async () => (await fetch(`${again}/api/v1/dags/kept`)).status === 200);
    expect(((await (await fetch(`${again}/api/v1/runs/${encodeURIComponent(runId)}`)).json()) as { state: string }).state).toBe(
      'cancelled',
    );
  });

  it('stops at once when asked twice', async () => {
    const baton = start({});
    const address = await baton.address();
    await until(async () => (await fetch(`${address}/health/ready`)).ok);
    await fetch(`${address}/api/v1/dags/busy`, {
      method: 'PUT',
      headers: { 'content-type': 'application/yaml' },
      body: 'id: busy\ntasks: { a: { type: activity, with: { name: sleepUntilCancelled } } }\n',
    });
    const { runId } = (await (await fetch(`${address}/api/v1/dags/busy/runs`, { method: 'POST' })).json()) as { runId: string };
    await until(
      async () =>
        ((await (await fetch(`${address}/api/v1/runs/${encodeURIComponent(runId)}/tasks/a`)).json()) as { state: string })
          .state === 'running',
    );
    const pid = await temporalPid();
    baton.child.kill('SIGINT');
    await until(() => baton.output.includes('Stopping'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(baton.child.exitCode).toBeNull();
    baton.child.kill('SIGINT');
    expect(await baton.ended).toBe(130);
    await until(() => !isAlive(pid), 15_000);
  });
});
