import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { BlobStore } from './api/blob-store.js';
import { Readiness } from './api/health/readiness.js';
import { createHttpApplication } from './api/http-application.js';
import { PinoLoggerService } from './api/logging/pino-logger.service.js';
import { ApiSettings } from './api/settings.js';
import { AppModule } from './app.module.js';
import type { BatonConfig } from './config/config.js';
import { FolderStore } from './objects/folder-store.js';
import { isPortFree } from './temporal/local-port.js';
import type { Log } from './temporal/log.js';
import { TemporalService } from './temporal/temporal-service.js';

/** The service cannot start; the message says what to do. */
class StartError extends Error {
  override readonly name = 'StartError';
}

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
    private readonly http: NestExpressApplication | undefined,
    /** Base address of the REST interface; undefined in the role `worker`. */
    readonly address: string | undefined,
    /** Temporal and the workers were there when the start returned; else they are tried again until they come. */
    readonly ready: boolean,
    /** Rejects when the process cannot go on. */
    readonly failed: Promise<never>,
  ) {}

  /** Base address of Temporal's Web UI, where it is known. */
  get temporalUi(): string | undefined {
    return this.temporal.uiUrl;
  }

  /** @throws StartError, and the errors of the parts: each with one clear message. */
  static async start(config: BatonConfig, { logger, bootLog }: ServiceSurroundings): Promise<Service> {
    const servesHttp = config.role !== 'worker';
    // Asked first: a Temporal server is not started for nothing.
    if (servesHttp && config.port !== 0 && !(await isPortFree(config.port))) throw portTaken(config.port);
    const store = new FolderStore(config.objects.root);
    const log = new SwitchedLog(bootLog ?? logger);
    const temporal = await TemporalService.open(config, store, log);
    let http: NestExpressApplication | undefined;
    try {
      if (servesHttp) http = await serve(config, temporal, new BlobStore(store), logger);
      const preparing = temporal.start();
      const failed = preparing.then(() => new Promise<never>(() => undefined));
      failed.catch(() => undefined);
      const over = new AbortController();
      const ready = await Promise.race([failed, untilReady(temporal, over.signal)]).finally(() => over.abort());
      log.to = logger;
      return new Service(temporal, http, http && addressOf(http, config.host), ready, failed);
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

async function serve(
  config: BatonConfig,
  temporal: TemporalService,
  blobs: BlobStore,
  logger: Logger,
): Promise<NestExpressApplication> {
  const readiness = new Readiness(async () => {
    const { reachable, prepared, workers } = await temporal.health();
    return { temporal: reachable && prepared, ...(workers === 'none' ? {} : { worker: workers === 'running' }) };
  });
  const settings = new ApiSettings(config, temporal.uiUrl);
  const { dags, runs, schedules, versions, inputs, queues, approvals, pools, backfills } = temporal;
  const parts = { dags, runs, schedules, versions, inputs, queues, approvals, pools, backfills, blobs, settings, readiness };
  const http = await createHttpApplication(AppModule.of(parts), new PinoLoggerService(logger));
  try {
    await http.listen(config.port, config.host);
  } catch (error) {
    await http.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw portTaken(config.port);
    throw new StartError(
      `The REST interface cannot listen on ${config.host}, port ${config.port} (${code}). Change HOST or PORT.`,
      { cause: error },
    );
  }
  return http;
}

function portTaken(port: number): StartError {
  return new StartError(`Port ${port} is taken by another program. Set PORT to a free one, or to 0 to have one picked.`);
}

function addressOf(http: NestExpressApplication, host: string): string {
  const { port } = http.getHttpServer().address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
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
