import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/temporal/local-port.js';
import { isolatedEnvironment, ROOT } from './built-service.js';
import { Ledger } from './ledger.js';
import { ServiceProcess } from './service-process.js';
import { TemporalProcess } from './temporal-process.js';

/**
 * A Baton in parts, each a process of its own: a Temporal server, the API, workers; one folder of objects, one ledger. Settings
 * given to {@link start} hold for every process.
 */
export class Cluster {
  private readonly processes = new Set<ServiceProcess>();

  private constructor(
    readonly home: string,
    readonly ledger: Ledger,
    readonly temporal: TemporalProcess,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(settings: NodeJS.ProcessEnv = {}): Promise<Cluster> {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'pipe' });
    const isolated = await isolatedEnvironment();
    const { BATON_HOME: home } = isolated;
    const ledger = new Ledger(join(home, 'ledger.jsonl'));
    const temporal = await TemporalProcess.start(home);
    const env = {
      ...isolated,
      BATON_OBJECTS: join(home, 'objects'),
      BATON_OBJECTS_SHARED: 'true',
      BATON_ACTIVITIES: fileURLToPath(new URL('ledger-activities.mjs', import.meta.url)),
      BATON_TEST_LEDGER: ledger.file,
      BATON_SHUTDOWN_GRACE: '1s',
      TEMPORAL_ADDRESS: temporal.address,
      ...settings,
    };
    return new Cluster(home, ledger, temporal, env);
  }

  /** A new process that answers REST and runs nothing, ready to be used. */
  api(settings: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    return this.add('api', settings);
  }

  /** A new worker, polling. */
  worker(settings: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    return this.add('worker', settings);
  }

  /** A new process that does both, ready to be used. */
  service(settings: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    return this.add('all', settings);
  }

  /** As the others, not waited for. */
  async spawn(role: 'all' | 'api' | 'worker', settings: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    const process = ServiceProcess.spawn({ ...this.env, BATON_ROLE: role, PORT: String(await freePort()), ...settings });
    this.processes.add(process);
    return process;
  }

  /** SIGKILL to every worker that lives. */
  async killWorkers(): Promise<void> {
    await Promise.all([...this.processes].filter(({ role }) => role === 'worker').map((process) => process.kill()));
  }

  /** For a test that failed: what every process said last, and the histories of the workflows that are open. */
  async diagnosis(): Promise<string> {
    const said = [...this.processes].map(
      ({ role, pid, alive, log }) => `--- ${role} ${pid}${alive ? '' : ' (gone)'}\n${log.slice(-1_500)}`,
    );
    return [
      ...said,
      '--- open workflows',
      ...(await this.temporal.openWorkflows().catch((error: unknown) => [String(error)])),
    ].join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes].map((process) => process.kill()));
    await this.temporal.kill();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private async add(role: 'all' | 'api' | 'worker', settings: NodeJS.ProcessEnv): Promise<ServiceProcess> {
    return (await this.spawn(role, settings)).up();
  }
}
