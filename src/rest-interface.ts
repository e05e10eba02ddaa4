import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { BlobStore } from './api/blob-store.js';
import { Readiness } from './api/health/readiness.js';
import { createHttpApplication } from './api/http-application.js';
import { PinoLoggerService } from './api/logging/pino-logger.service.js';
import { ApiSettings } from './api/settings.js';
import { AppModule } from './app.module.js';
import type { BatonConfig } from './config/config.js';
import type { ObjectStore } from './objects/object-store.js';
import { StartError } from './start-error.js';
import type { TemporalService } from './temporal/temporal-service.js';

/** What the REST interface stands on. */
interface Ground {
  readonly temporal: TemporalService;
  readonly store: ObjectStore;
  readonly logger: Logger;
}

/** The REST interface of a process, listening. */
export class RestInterface {
  private constructor(
    private readonly http: NestExpressApplication,
    /** Its base address. */
    readonly address: string,
  ) {}

  /** @throws StartError when it cannot listen where it is told to. */
  static async start(config: BatonConfig, { temporal, store, logger }: Ground): Promise<RestInterface> {
    const readiness = new Readiness(async () => {
      const { reachable, prepared, workers } = await temporal.health();
      return { temporal: reachable && prepared, ...(workers === 'none' ? {} : { worker: workers === 'running' }) };
    });
    const settings = new ApiSettings(config, temporal.uiUrl);
    const blobs = new BlobStore(store);
    const { dags, runs, schedules, versions, inputs, queues, approvals, pools, backfills } = temporal;
    const parts = { dags, runs, schedules, versions, inputs, queues, approvals, pools, backfills, blobs, settings, readiness };
    const http = await createHttpApplication(AppModule.of(parts), new PinoLoggerService(logger));
    try {
      await http.listen(config.port, config.host);
    } catch (error) {
      await http.close();
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw StartError.portTaken(config.port);
      throw new StartError(
        `The REST interface cannot listen on ${config.host}, port ${config.port} (${code}). Change HOST or PORT.`,
        { cause: error },
      );
    }
    return new RestInterface(http, addressOf(http, config.host));
  }

  /** Takes no more requests, and ends streams. */
  async close(): Promise<void> {
    await this.http.close();
  }
}

function addressOf(http: NestExpressApplication, host: string): string {
  const { port } = http.getHttpServer().address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
