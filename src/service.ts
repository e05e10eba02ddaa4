import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { BatonConfig } from './config/config.js';
import { FolderStore } from './objects/folder-store.js';
import type { RestInterface } from './rest-interface.js';
import { StartError } from './start-error.js';
import { isPortFree } from './temporal/local-port.js';
import type { Log } from './temporal/log.js';
import { TemporalService } from './temporal/temporal-service.js';

/** What a service is started with besides its configuration. */
export interface ServiceSurroundings {
  readonly logger: Logger;
  /** Where messages go until the service is up: fetching a Temporal server takes minutes, and people wait for it. Default: the logger. */
  readonly bootLog?: Log;
}

/** How long a start waits for Temporal and the workers before it goes on without. */
const READY_MS = 20_000;

/** One Baton process: Temporal's side, and the REST interface unless its role is `worker`. */
export class Service {
  private constructor(
    private readonly temporal: TemporalService,
    private readonly http: RestInterface | undefined,
    /** Temporal and the workers were there when the start returned; else they are tried again until they come. */
    readonly ready: boolean,
    /** Rejects when the process cannot go on. */
    readonly failed: Promise<never>,
  ) {}

  /** Base address of the REST interface; undefined in the role `worker`. */
  get address(): string | undefined {
    return this.http?.address;
  }

  /** Base address of Temporal's Web UI, where it is known. */
  get temporalUi(): string | undefined {
    return this.temporal.uiUrl;
  }

  /** @throws StartError, and the errors of the parts: each with one clear message. */
  static async start(config: BatonConfig, { logger, bootLog }: ServiceSurroundings): Promise<Service> {
    const servesHttp = config.role !== 'worker';
    // Asked first: a Temporal server is not started for nothing.
    if (servesHttp && config.port !== 0 && !(await isPortFree(config.port))) throw StartError.portTaken(config.port);
    const store = new FolderStore(config.objects.root);
    const log = new SwitchedLog(bootLog ?? logger);
    const temporal = await TemporalService.open(config, store, log);
    let http: RestInterface | undefined;
    try {
      // NestJS and all that hangs on it: a worker does without.
      if (servesHttp)
        http = await (await import('./rest-interface.js')).RestInterface.start(config, { temporal, store, logger });
      const preparing = temporal.start();
      const failed = preparing.then(() => new Promise<never>(() => undefined));
      failed.catch(() => undefined);
      const over = new AbortController();
      const ready = await Promise.race([failed, untilReady(temporal, over.signal)]).finally(() => over.abort());
      log.to = logger;
      return new Service(temporal, http, ready, failed);
    } catch (error) {
      await http?.close();
      await temporal.stop();
      throw error;
    }
  }

  /** Takes no more requests, ends streams, lets workers finish, stops the Temporal server that we started. */
  async stop(): Promise<void> {
    await this.http?.close();
    await this.temporal.stop();
  }
}

async function untilReady(temporal: TemporalService, over: AbortSignal): Promise<boolean> {
  for (const until = Date.now() + READY_MS; Date.now() < until && !over.aborted; await delay(50)) {
    const { reachable, prepared, workers } = await temporal.health();
    if (reachable && prepared && (workers === 'running' || workers === 'none')) return true;
  }
  return false;
}

/** Sends everything to one log, which may change. */
class SwitchedLog implements Log {
  constructor(public to: Log) {}
  debug(fields: object, message: string): void {
    this.to.debug(fields, message);
  }
  info(fields: object, message: string): void {
    this.to.info(fields, message);
  }
  warn(fields: object, message: string): void {
    this.to.warn(fields, message);
  }
  error(fields: object, message: string): void {
    this.to.error(fields, message);
  }
  isLevelEnabled(level: 'debug'): boolean {
    return this.to.isLevelEnabled?.(level) ?? true;
  }
}
