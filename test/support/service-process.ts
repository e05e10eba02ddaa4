import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ApiCaller, until } from './api-caller.js';
import { ROOT } from './built-service.js';

/** One process of the built program, in any role, that a test may kill. */
export class ServiceProcess extends ApiCaller {
  log = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly port: string,
    readonly role: string,
  ) {
    super();
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
  }

  /** `env` is the whole environment; returns when the process exists. See {@link up}. */
  static spawn(env: NodeJS.ProcessEnv): ServiceProcess {
    const child = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist/src/main.js')], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServiceProcess(child, env.PORT ?? '3000', env.BATON_ROLE ?? 'all');
  }

  override get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until it is ready: a worker polls, everything else says so itself. */
  async up(): Promise<this> {
    await until(() => {
      if (!this.alive)
        throw new Error(
          `the process in role ${this.role} ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.log}`,
        );
      return this.role === 'worker' ? this.log.includes('The workers run.') : this.answers('/health/ready');
    });
    return this;
  }

  /** Whether a GET succeeds; false also while nobody listens. */
  answers(path: string): Promise<boolean> {
    return this.get(path).then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  /** Returns when it is gone: SIGKILL cannot be refused, SIGTERM lets it end in order. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.alive) return;
    const gone = new Promise((done) => this.child.once('close', done));
    this.child.kill(signal);
    await gone;
  }
}
