import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/api/logging/pino-logger.service.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Environment } from '../../src/config/setting-reader.js';
import { Service } from '../../src/service.js';
import { ApiCaller, until } from './api-caller.js';
import { temporalBinary } from './temporal-binary.js';

/** A whole Baton of its own: Temporal server, worker, REST interface, in a folder that is removed at the end. Nothing is faked. */
export class TestService extends ApiCaller {
  private constructor(
    readonly home: string,
    private readonly service: Service,
  ) {
    super();
  }

  /** `settings` as in the environment; ports are free ones. */
  static async start(settings: Environment = {}): Promise<TestService> {
    const home = await mkdtemp(join(tmpdir(), 'baton-test-'));
    const env = {
      BATON_HOME: home,
      PORT: '0',
      BATON_TEMPORAL_PORT: '0',
      BATON_TEMPORAL_UI_PORT: '0',
      BATON_TEMPORAL_BIN: await temporalBinary(),
      BATON_LOG_LEVEL: 'silent',
      BATON_SHUTDOWN_GRACE: '1s',
    };
    const config = loadConfig({ ...env, ...settings });
    const service = await Service.start(config, { logger: createLogger(config.logLevel) });
    const test = new TestService(home, service);
    await until(async () => (await test.get('/health/ready')).status === 200);
    return test;
  }

  override get address(): string {
    return this.service.address as string;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Process id of the Temporal server. */
  async temporalPid(): Promise<number> {
    return (JSON.parse(await readFile(join(this.home, 'temporal.pid'), 'utf8')) as { server: number }).server;
  }
}
