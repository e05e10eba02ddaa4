import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { restClient } from '../../scripts/rest.mjs';
import { freePort } from '../../src/temporal/local-port.js';

/** The root of the repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Environment of processes that share nothing with this machine's other Batons: a home of their own, free ports. */
export async function isolatedEnvironment(
  extra: NodeJS.ProcessEnv = {},
): Promise<NodeJS.ProcessEnv & { readonly BATON_HOME: string; readonly PORT: string }> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(BATON_|TEMPORAL_|VITEST|PORT$|HOST$)/.test(name) || /^BATON_(TEST_)?TEMPORAL_BIN$/.test(name),
  );
  const [port, temporal, ui] = await Promise.all([freePort(), freePort(), freePort()]);
  return {
    ...Object.fromEntries(kept),
    BATON_HOME: mkdtempSync(join(tmpdir(), 'baton-e2e-')),
    PORT: String(port),
    BATON_TEMPORAL_PORT: String(temporal),
    BATON_TEMPORAL_UI_PORT: String(ui),
    ...extra,
  };
}

/** The service as `npm start` runs it: built, in a process of its own, with its own Temporal server. */
export class BuiltService {
  private log = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly home: string,
    readonly address: string,
    readonly temporalAddress: string,
  ) {
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
  }

  /** Builds what changed, starts, and waits until it is ready. @throws Error with the log when it is not within a minute. */
  static async start(extra: NodeJS.ProcessEnv = {}): Promise<BuiltService> {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'pipe' });
    const env = await isolatedEnvironment(extra);
    const child = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs')], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const service = new BuiltService(
      child,
      env.BATON_HOME,
      `http://127.0.0.1:${env.PORT}`,
      `127.0.0.1:${env.BATON_TEMPORAL_PORT}`,
    );
    try {
      await service.ready();
      return service;
    } catch (error) {
      await service.stop();
      throw error;
    }
  }

  /** The public API. */
  get api() {
    return restClient(`${this.address}/api/v1`);
  }

  /** Stores an example, starts a run, waits for its end and returns it with its tasks by id. */
  async run(dagId: string, text: string, request: object = {}): Promise<FinishedRun> {
    await this.api.put(`/dags/${dagId}`, text, 'application/yaml');
    const { runId } = (await this.api.post(`/dags/${dagId}/runs`, request)) as { readonly runId: string };
    const path = `/runs/${encodeURIComponent(runId)}`;
    let run = (await this.api.get(`${path}?wait=30s`)) as FinishedRun['run'];
    while (run.endedAt === undefined) run = (await this.api.get(`${path}?wait=30s`)) as FinishedRun['run'];
    const tasks: Record<string, FinishedTask> = {};
    for await (const task of this.api.list(`${path}/tasks`)) tasks[task.taskId] = task as FinishedTask;
    return { run, tasks };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = new Promise((done) => this.child.once('close', done));
      this.child.kill('SIGTERM');
      await closed;
    }
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private async ready(): Promise<void> {
    for (const until = Date.now() + 60_000; Date.now() < until; await delay(50)) {
      if (this.child.exitCode !== null) throw new Error(`the service ended with ${this.child.exitCode}:\n${this.log}`);
      const answer = await fetch(`${this.address}/health/ready`).catch(() => undefined);
      if (answer?.ok) return;
    }
    throw new Error(`the service is not ready after a minute:\n${this.log}${logOf(this.home)}`);
  }
}

export interface FinishedTask {
  readonly taskId: string;
  readonly state: string;
  readonly attempts: readonly { readonly failure?: { readonly kind: string; readonly type?: string } }[];
  readonly output?: unknown;
  readonly map?: { readonly total: number; readonly href: string };
  readonly failure?: { readonly kind: string; readonly type?: string; readonly message: string };
  readonly hooks?: readonly { readonly hook: string; readonly attempt?: number; readonly state: string }[];
  readonly resources?: { readonly [name: string]: number };
}

export interface FinishedRun {
  readonly run: {
    readonly runId: string;
    readonly state: string;
    readonly endedAt?: string;
    readonly outputs?: Record<string, unknown>;
    readonly failure?: unknown;
    readonly hooks?: readonly { readonly hook: string; readonly index?: number; readonly state: string }[];
  };
  readonly tasks: Readonly<Record<string, FinishedTask>>;
}

function logOf(home: string): string {
  try {
    return readFileSync(join(home, 'temporal.log'), 'utf8').split('\n').slice(-20).join('\n');
  } catch {
    return '';
  }
}
