import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/temporal/local-port.js';
import { serverArguments } from '../../src/temporal/server-arguments.js';
import { identityOf, TemporalConnection } from '../../src/temporal/temporal-connection.js';
import { until } from './api-caller.js';
import { temporalBinary } from './temporal-binary.js';

/** A Temporal server that belongs to the test, which may kill it and start it again on the same port and database. */
export class TemporalProcess {
  private child?: ChildProcess;

  private constructor(
    private readonly folder: string,
    private readonly binary: string,
    readonly port: number,
    private readonly uiPort: number,
  ) {}

  static async start(folder: string): Promise<TemporalProcess> {
    const server = new TemporalProcess(folder, await temporalBinary(), await freePort(), await freePort());
    await server.start();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Returns when it answers; the server picks inner ports as it starts, and is started again when one of them was taken by then. */
  async start(): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.launch();
      } catch (error) {
        if (tried === 3 || !/address already in use/.test((error as Error).message)) throw error;
      }
    }
  }

  private async launch(): Promise<void> {
    const log = openSync(this.logFile, 'a');
    const { size } = fstatSync(log);
    const args = serverArguments({
      port: this.port,
      uiPort: this.uiPort,
      namespace: 'default',
      database: join(this.folder, 'temporal.db'),
    });
    const child = spawn(this.binary, args, { cwd: this.folder, stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    const connection = new TemporalConnection({ address: this.address, namespace: 'default', identity: identityOf('test') });
    try {
      await until(() => {
        if (child.exitCode !== null)
          throw new Error(`the Temporal server ended with ${child.exitCode}:\n${this.logSince(size).slice(-2_000)}`);
        return connection.ready();
      });
    } finally {
      await connection.close();
    }
  }

  /** Which attempt an activity is at that has not ended; 0 when there is none. */
  async attemptOf(workflowId: string, activityId: string): Promise<number> {
    const connection = new TemporalConnection({ address: this.address, namespace: 'default', identity: identityOf('test') });
    try {
      const { raw } = await connection.client.workflow.getHandle(workflowId).describe();
      return raw.pendingActivities?.find((pending) => pending.activityId === activityId)?.attempt ?? 0;
    } finally {
      await connection.close();
    }
  }

  /** Of each open workflow its id, its events with their times, and its pending activities. */
  async openWorkflows(): Promise<string[]> {
    const connection = new TemporalConnection({ address: this.address, namespace: 'default', identity: identityOf('test') });
    const told: string[] = [];
    try {
      for await (const { workflowId } of connection.client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
        const handle = connection.client.workflow.getHandle(workflowId);
        const { events } = await handle.fetchHistory();
        const { raw } = await handle.describe();
        told.push(
          workflowId,
          ...(events ?? []).map(
            (event) => `  ${new Date(Number(event.eventTime?.seconds) * 1_000).toISOString()} ${event.eventType}`,
          ),
          `  pending: ${JSON.stringify(raw.pendingActivities)}, ${JSON.stringify(raw.pendingWorkflowTask)}`,
        );
      }
    } finally {
      await connection.close();
    }
    return told;
  }

  /** SIGKILL unless told otherwise; returns when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await gone;
  }

  private logSince(size: number): string {
    return readFileSync(this.logFile).subarray(size).toString('utf8');
  }

  private get logFile(): string {
    return join(this.folder, 'temporal.log');
  }
}
