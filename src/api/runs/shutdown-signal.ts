import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Aborted when the service begins to shut down: whoever waits for long must then answer. */
@Injectable()
export class ShutdownSignal implements OnModuleDestroy {
  private readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  onModuleDestroy(): void {
    this.controller.abort();
  }
}
