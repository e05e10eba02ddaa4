import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './log.js';
import { installRuntime } from './temporal-runtime.js';
import { createWorkers, type WorkerParts, type WorkerSet } from './worker-factory.js';

/** What the workers of this process do now. */
export type WorkerState = 'idle' | 'connecting' | 'running' | 'stopping' | 'stopped';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/**
 * Keeps this process's workers running: connects once Temporal is there, and again after whatever ended them. Never throws
 * once made; {@link state} says how it is, {@link lastError} why it does not run.
 */
export class WorkerHost {
  state: WorkerState = 'idle';
  lastError?: Error;
  private readonly stopped = new AbortController();
  private loop?: Promise<void>;
  private current?: WorkerSet;

  constructor(
    private readonly parts: WorkerParts,
    private readonly log: Log,
  ) {
    installRuntime(log);
  }

  /** Returns at once. */
  start(): void {
    this.loop ??= this.run();
  }

  /** Takes no more work, lets running activities go on for the grace time, and returns when all is over. */
  async stop(): Promise<void> {
    if (this.state !== 'stopped') this.state = 'stopping';
    this.stopped.abort();
    this.shutdownWorkers();
    await this.loop;
    this.state = 'stopped';
  }

  private async run(): Promise<void> {
    let wait = FIRST_RETRY_MS;
    while (!this.stopped.signal.aborted) {
      this.state = 'connecting';
      try {
        this.current = await createWorkers(this.parts);
        wait = FIRST_RETRY_MS;
        await this.work(this.current);
      } catch (error) {
        this.lastError = error as Error;
        if (!this.stopped.signal.aborted)
          this.log.warn({ err: error }, `The workers do not run (${(error as Error).message}); trying again in ${wait} ms.`);
      } finally {
        await this.current?.connection.close().catch(() => undefined);
        this.current = undefined;
      }
      await delay(wait, undefined, { signal: this.stopped.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, LAST_RETRY_MS);
    }
  }

  private async work({ workers }: WorkerSet): Promise<void> {
    const running = workers.map((worker) => worker.run());
    if (this.stopped.signal.aborted) this.shutdownWorkers();
    else {
      this.state = 'running';
      this.lastError = undefined;
      this.log.info({ queues: this.parts.config.queues }, 'The workers run.');
    }
    try {
      await Promise.all(running);
    } finally {
      // One that ended takes the others along, so that all come back together.
      this.shutdownWorkers();
      await Promise.allSettled(running);
    }
  }

  private shutdownWorkers(): void {
    for (const worker of this.current?.workers ?? []) {
      if (worker.getState() === 'RUNNING') worker.shutdown();
    }
  }
}
