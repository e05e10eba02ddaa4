import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedServerError } from './embedded-server-error.js';
import type { Log } from './log.js';
import { claimRecord, endProcess, isAlive, isServerOn, readRecord, removeRecord, type ServerRecord } from './server-record.js';

/** A server gets so long to end when it is asked to. */
export const STOP_MS = 10_000;

/** What is wanted in which folder; port 0 = any. */
interface WantedServer {
  readonly home: string;
  readonly port: number;
  readonly uiPort: number;
  readonly log: Log;
}

interface LiveServer {
  readonly pid: number;
  readonly port: number;
  readonly uiPort: number;
}

/** Which Baton process started which server: {@link ServerRecord}. */
export const recordFile = (home: string): string => join(home, 'temporal.pid');
/** All that Temporal knows. */
export const databaseFile = (home: string): string => join(home, 'temporal.db');
/** What the server says. */
export const logFile = (home: string): string => join(home, 'temporal.log');

/** Makes the folder. @throws EmbeddedServerError where it cannot be written. */
export async function checkHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true });
    await access(home, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new EmbeddedServerError(
      `BATON_HOME=${home} cannot be written (${(error as NodeJS.ErrnoException).code}). Make it writable or choose another folder.`,
    );
  }
}

/** Makes BATON_HOME ours. Returns the server that a killed Baton left on the wanted ports. @throws EmbeddedServerError where another Baton uses it. */
export async function takeOver(options: WantedServer): Promise<LiveServer | undefined> {
  const file = recordFile(options.home);
  for (let attempt = 0; !(await claimRecord(file)); attempt++) {
    const record = await readRecord(file);
    const server = await liveServer(record, options.home);
    const ownerLives = record !== undefined && record.owner !== process.pid && isAlive(record.owner);
    // It is just starting its server; a record that stays like that was left by one that was killed right then.
    if (ownerLives && record.server === undefined && attempt < 20) {
      await delay(100);
      continue;
    }
    if (ownerLives && server) {
      throw new EmbeddedServerError(
        `Another Baton (process ${record.owner}) uses BATON_HOME=${options.home}. Stop it, or set BATON_HOME to another folder.`,
      );
    }
    if (server) {
      const wanted = (port: number, has: number) => port === 0 || port === has;
      if (wanted(options.port, server.port) && wanted(options.uiPort, server.uiPort)) return server;
      options.log.info({ pid: server.pid }, 'Stopping the Temporal server that an earlier Baton left running on other ports.');
      await endProcess(server.pid, STOP_MS);
    }
    await removeRecord(file);
  }
  return undefined;
}

async function liveServer(record: ServerRecord | undefined, home: string): Promise<LiveServer | undefined> {
  if (record?.server === undefined || record.port === undefined || record.uiPort === undefined) return undefined;
  return (await isServerOn(record.server, databaseFile(home)))
    ? { pid: record.server, port: record.port, uiPort: record.uiPort }
    : undefined;
}
