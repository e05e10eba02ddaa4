import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../src/temporal/local-port.js';
import { DATA_CONVERTER } from '../src/temporal/temporal-connection.js';
import { Rest } from './rest.js';

/** Of the compiled benchmark itself; a test that runs from source names it. */
const DIST = fileURLToPath(new URL('..', import.meta.url));

/**
 * What is measured, on loopback and in a folder of its own: the service as `npm start` runs it (REST, worker and embedded Temporal
 * server with its tuned settings), and the floor's worker on the same server.
 */
export class Stage {
  private readonly children: ChildProcess[] = [];

  private constructor(
    readonly home: string,
    readonly rest: Rest,
    readonly temporalAddress: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly dist: string,
  ) {}

  /** Starts the service and waits until it is ready. @throws Error with the end of its log when it is not. */
  static async start(dist = DIST): Promise<Stage> {
    const [port, temporalPort, uiPort] = (await Promise.all([freePort(), freePort(), freePort()])) as [number, number, number];
    const home = mkdtempSync(join(tmpdir(), 'baton-bench-'));
    const env = {
      ...withoutSettings(process.env),
      BATON_HOME: home,
      PORT: String(port),
      BATON_TEMPORAL_PORT: String(temporalPort),
      BATON_TEMPORAL_UI_PORT: String(uiPort),
      BATON_ACTIVITIES: join(dist, 'bench', 'activities.js'),
      BATON_LOG_LEVEL: 'warn',
    };
    const stage = new Stage(home, new Rest(`http://127.0.0.1:${port}`), `127.0.0.1:${temporalPort}`, env, dist);
    try {
      const service = stage.spawn('service', 'src/main.js', env);
      await stage.until('the service is ready', 600_000, service, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
        return answer?.ok === true;
      });
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** Starts the floor's worker, once. */
  async startFloor(): Promise<void> {
    if (this.children.length > 1) return;
    const env = { ...this.env, TEMPORAL_ADDRESS: this.temporalAddress };
    const floor = this.spawn('floor', 'bench/floor/worker.js', env);
    await this.until('the worker of the floor is ready', 60_000, floor, async () => this.log('floor').includes('ready\n'));
  }

  /** A plain Temporal client, for starting the floor and for reading histories. */
  async connect(): Promise<Client> {
    const connection = await Connection.connect({ address: this.temporalAddress });
    return new Client({ connection, dataConverter: DATA_CONVERTER });
  }

  /** The process of service and worker. */
  get servicePid(): number {
    return this.children[0]!.pid!;
  }

  /** Stops what was started and deletes the folder. */
  async stop(): Promise<void> {
    for (const child of this.children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = new Promise((done) => child.once('close', done));
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await closed;
      clearTimeout(hard);
    }
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private spawn(name: string, script: string, env: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(process.execPath, ['--enable-source-maps', join(this.dist, script)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(this.home, `${name}.log`));
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    this.children.push(child);
    return child;
  }

  private log(name: string): string {
    return readFileSync(join(this.home, `${name}.log`), 'utf8');
  }

  private async until(what: string, timeoutMs: number, child: ChildProcess, holds: () => Promise<boolean>): Promise<void> {
    const name = this.children.indexOf(child) === 0 ? 'service' : 'floor';
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (!ended && (await holds().catch(() => false))) return;
      if (ended || Date.now() > deadline) {
        const why = ended ? `it ended with ${child.exitCode ?? child.signalCode}` : `not within ${timeoutMs} ms`;
        throw new Error(
          `waited until ${what}: ${why}; the end of its log:\n${this.log(name).split('\n').slice(-30).join('\n')}`,
        );
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** The caller's environment without settings that would point the benchmark elsewhere, or give one side other limits. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['BATON_TEMPORAL_BIN'];
  const ours = (name: string): boolean => /^(BATON_|TEMPORAL_)/.test(name) || name === 'PORT' || name === 'HOST';
  return Object.fromEntries(Object.entries(env).filter(([name]) => kept.includes(name) || !ours(name)));
}
