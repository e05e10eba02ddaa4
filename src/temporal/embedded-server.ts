import { spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedServerError } from './embedded-server-error.js';
import { freePort, isPortFree } from './local-port.js';
import type { Log } from './log.js';
import { serverArguments } from './server-arguments.js';
import { checkHome, databaseFile, logFile, recordFile, STOP_MS, takeOver } from './server-home.js';
import { endProcess, isAlive, removeRecord, writeRecord } from './server-record.js';
import { type BinarySearch, findTemporalBinary } from './temporal-binary.js';
import { identityOf, TemporalConnection } from './temporal-connection.js';

export interface EmbeddedServerOptions extends BinarySearch {
  /** BATON_HOME. */
  readonly home: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  readonly log: Log;
}

const READY_MS = 60_000;
/** One that lived longer was sound: its end begins a new count. */
const STEADY_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;
const LOG_BYTES = 10 * 1_048_576;
/** How often the first start is tried while a port is taken under its hands. */
const LAUNCHES = 3;
const ADDRESS_TAKEN = /address already in use/;
const READY = Symbol('ready');

/** In an object, since a promise of a promise would wait for both. */
interface Ended {
  readonly end: Promise<string>;
}

/**
 * `temporal server start-dev` on 127.0.0.1, with its data in BATON_HOME. It runs in a process group of its own, so that Ctrl-C
 * reaches it only through us; it is started again when it dies; one that a killed Baton left behind is used on when its
 * ports are the wanted ones, else stopped.
 */
export class EmbeddedServer {
  private pid = 0;
  private readonly stopped = new AbortController();
  private supervision?: Promise<void>;
  private readonly killAtExit = () => {
    if (this.pid !== 0 && isAlive(this.pid)) process.kill(this.pid, 'SIGTERM');
  };

  private constructor(
    private readonly options: EmbeddedServerOptions,
    readonly port: number,
    readonly uiPort: number,
    private readonly binary: string,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }
  /** Base address of the Web UI. */
  get uiUrl(): string {
    return `http://127.0.0.1:${this.uiPort}`;
  }

  /** Ready to be used when it returns. @throws EmbeddedServerError, TemporalBinaryError */
  static async start(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    await checkHome(options.home);
    const binary = await findTemporalBinary(options, options.log);
    const left = await takeOver(options);
    if (left) {
      const server = new EmbeddedServer(options, left.port, left.uiPort, binary);
      options.log.info({ pid: left.pid }, 'Using the Temporal server that an earlier Baton left running.');
      await server.adopt(left.pid);
      return server;
    }
    try {
      const port = await choosePort('BATON_TEMPORAL_PORT', options.port, []);
      const uiPort = await choosePort('BATON_TEMPORAL_UI_PORT', options.uiPort, [port]);
      const server = new EmbeddedServer(options, port, uiPort, binary);
      server.supervision = server.supervise(await server.firstLaunch());
      return server;
    } catch (error) {
      await removeRecord(recordFile(options.home));
      throw error;
    }
  }

  /** Asks it to end, and ends it after 10 s. */
  async stop(): Promise<void> {
    if (this.stopped.signal.aborted) return;
    this.stopped.abort();
    await endProcess(this.pid, STOP_MS);
    await this.supervision;
    process.off('exit', this.killAtExit);
    await removeRecord(recordFile(this.options.home));
  }

  /**
   * The server picks ports for its own inner services when it starts, and another program can take one of them before it
   * listens there: the next try picks others.
   */
  private async firstLaunch(): Promise<Ended> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.launch();
      } catch (error) {
        if (tried === LAUNCHES || !(error instanceof EmbeddedServerError) || !ADDRESS_TAKEN.test(error.message)) throw error;
        this.options.log.warn({ tried }, 'A port that the embedded Temporal server had picked was taken; starting it again.');
      }
    }
  }

  /** Starts the process and waits until it is ready; what comes back is settled with the reason when it ends. */
  private async launch(): Promise<Ended> {
    const { pid, end } = await this.spawn();
    this.pid = pid;
    await this.own();
    const waiting = new AbortController();
    let why: string | typeof READY;
    try {
      why = await Promise.race([end, this.untilReady(waiting.signal)]);
    } catch (error) {
      // Alive but not ready: left running it would keep the port from the next one.
      await endProcess(this.pid, STOP_MS);
      throw error;
    } finally {
      waiting.abort();
    }
    if (why !== READY)
      throw new EmbeddedServerError(
        `The embedded Temporal server ended at once (${why}). The end of ${logFile(this.options.home)}:\n${await this.lastLines()}`,
      );
    this.options.log.info(
      { port: this.port, pid: this.pid },
      `The embedded Temporal server listens on ${this.address}, its Web UI on ${this.uiUrl}.`,
    );
    return { end };
  }

  private async adopt(pid: number): Promise<void> {
    this.pid = pid;
    await this.own();
    await this.untilReady(this.stopped.signal);
    const gone = async () => {
      while (isAlive(pid)) await delay(500, undefined, { ref: false });
      return 'unknown';
    };
    this.supervision = this.supervise({ end: gone() });
  }

  private async supervise(running: Ended): Promise<void> {
    let failures = 0;
    for (;;) {
      const began = Date.now();
      let why = await running.end;
      if (Date.now() - began > STEADY_MS) failures = 0;
      for (;;) {
        if (this.stopped.signal.aborted) return;
        await this.pauseAfter(++failures, why);
        if (this.stopped.signal.aborted) return;
        try {
          running = await this.launch();
          break;
        } catch (error) {
          why = (error as Error).message;
        }
      }
      // It came up while we were asked to stop.
      if (this.stopped.signal.aborted) return endProcess(this.pid, STOP_MS);
    }
  }

  /** The first restart is at once; one that dies again and again comes ever more rarely, and is never given up: a full disk is freed some day. */
  private async pauseAfter(failures: number, why: string): Promise<void> {
    const pause = failures === 1 ? 0 : Math.min(LONGEST_PAUSE_MS, 250 * 2 ** (failures - 1));
    const when = failures === 1 ? '' : ` in ${pause / 1_000} s, after ${failures} failures in a row`;
    const message = `The embedded Temporal server has ended (${why}); starting it again${when}. Its log: ${logFile(this.options.home)}`;
    this.options.log.error({ why, failures }, message);
    await delay(pause, undefined, { signal: this.stopped.signal }).catch(() => undefined);
  }

  /** From here on whoever finds the process knows whose it is, and it ends with us. */
  private async own(): Promise<void> {
    process.off('exit', this.killAtExit);
    process.on('exit', this.killAtExit);
    await writeRecord(recordFile(this.options.home), {
      owner: process.pid,
      server: this.pid,
      port: this.port,
      uiPort: this.uiPort,
    });
  }

  private async spawn(): Promise<Ended & { readonly pid: number }> {
    const { home, namespace, env } = this.options;
    const file = logFile(home);
    if (((await stat(file).catch(() => undefined))?.size ?? 0) > LOG_BYTES) await rename(file, `${file}.1`);
    const log = await open(file, 'a');
    const args = serverArguments({ port: this.port, uiPort: this.uiPort, namespace, database: databaseFile(home) });
    try {
      const child = spawn(this.binary, args, { detached: true, cwd: home, env, stdio: ['ignore', log.fd, log.fd] });
      // Listened to before anything is awaited: a program that ends at once would end unheard.
      const end = new Promise<string>((resolve) => {
        child.once('error', (error) => resolve(error.message));
        child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
      });
      return { pid: child.pid ?? 0, end };
    } finally {
      await log.close();
    }
  }

  private async untilReady(signal: AbortSignal): Promise<typeof READY> {
    const connection = new TemporalConnection({
      address: this.address,
      namespace: this.options.namespace,
      identity: identityOf('start'),
    });
    try {
      for (const until = Date.now() + READY_MS; !(await connection.ready(500)); await delay(50)) {
        if (signal.aborted) break;
        if (Date.now() > until)
          throw new EmbeddedServerError(
            `The embedded Temporal server is not ready after ${READY_MS / 1_000} s. Look at ${logFile(this.options.home)}.`,
          );
      }
      return READY;
    } finally {
      await connection.close();
    }
  }

  private async lastLines(): Promise<string> {
    return (await readFile(logFile(this.options.home), 'utf8').catch(() => '')).trimEnd().split('\n').slice(-5).join('\n');
  }
}

async function choosePort(variable: string, wanted: number, taken: readonly number[]): Promise<number> {
  if (wanted === 0) {
    let port: number;
    do port = await freePort();
    while (taken.includes(port));
    return port;
  }
  if (await isPortFree(wanted)) return wanted;
  throw new EmbeddedServerError(
    `Port ${wanted} is taken by another program. Set ${variable} to a free one, or to 0 to have one picked; or point TEMPORAL_ADDRESS to the Temporal server that runs there.`,
  );
}
