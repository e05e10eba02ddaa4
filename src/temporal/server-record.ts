import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** `temporal.pid` in BATON_HOME: which Baton process started which server. */
export interface ServerRecord {
  /** The Baton process that owns it. */
  readonly owner: number;
  /** The Temporal process; absent while it is being started. */
  readonly server?: number;
  readonly port?: number;
  readonly uiPort?: number;
}

/** `undefined` when there is none, or none that can be read. */
export async function readRecord(file: string): Promise<ServerRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(file, 'utf8')) as ServerRecord;
    return Number.isInteger(record?.owner) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** False when somebody else's record is there already. */
export async function claimRecord(file: string): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify({ owner: process.pid } satisfies ServerRecord), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

export async function writeRecord(file: string, record: ServerRecord): Promise<void> {
  await writeFile(file, JSON.stringify(record));
}

export async function removeRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Whether a process of that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether that process is a Temporal server on that database file: a process id may have gone to somebody else. */
export async function isServerOn(pid: number, database: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await commandLine(pid);
  return command.includes('start-dev') && command.includes(database);
}

/** Asks a process to end, and ends it when it does not within `graceMs`. Nothing for 0, which never started: to the system it means our own group. */
export async function endProcess(pid: number, graceMs: number): Promise<void> {
  if (pid === 0) return;
  signal(pid, 'SIGTERM');
  for (const until = Date.now() + graceMs; Date.now() < until; await delay(50)) {
    if (!isAlive(pid)) return;
  }
  signal(pid, 'SIGKILL');
  for (const until = Date.now() + 5_000; isAlive(pid) && Date.now() < until; ) await delay(50);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    // No /proc on this system.
  }
  try {
    return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return '';
  }
}
