import { attemptLogPrefix, taskLogPrefix } from './keys.js';
import type { ObjectStore } from './object-store.js';

/** A piece of a log. Lines are `<RFC 3339 time> <source> <text>`; offsets are bytes from the start of the attempt's log. */
export interface LogPiece {
  readonly text: string;
  /** Where to read on. Equal to the offset asked for when there is nothing new. */
  readonly nextOffset: number;
}

/**
 * Reads the log of one attempt from byte `offset` on: whole chunks until at least `limit` bytes (default 1 MiB) are together. A log that is still being
 * written grows each second; its chunk names say where they start, so what was read is not read again.
 */
export async function readLog(
  store: ObjectStore,
  prefix: string,
  taskId: string,
  attempt: number,
  { offset = 0, limit = 1024 * 1024 }: { readonly offset?: number; readonly limit?: number } = {},
): Promise<LogPiece> {
  const chunks: { key: string; start: number }[] = [];
  for await (const key of store.list(attemptLogPrefix(prefix, taskId, attempt))) {
    chunks.push({ key, start: Number(key.slice(key.lastIndexOf('/') + 1)) });
  }
  const parts: Uint8Array[] = [];
  let next = offset;
  for (const [i, { key, start }] of chunks.entries()) {
    const after = chunks[i + 1]?.start ?? Number.POSITIVE_INFINITY;
    if (after <= next) continue;
    if (next - offset >= limit) break;
    const bytes = await store.get(key);
    if (bytes === undefined || start + bytes.length <= next) continue;
    const part = bytes.subarray(Math.max(0, next - start));
    parts.push(part);
    next = start + bytes.length;
  }
  return { text: Buffer.concat(parts).toString('utf8'), nextOffset: next };
}

/** Numbers of the attempts of a task that wrote a log, in order. */
export async function loggedAttempts(store: ObjectStore, prefix: string, taskId: string): Promise<number[]> {
  const below = taskLogPrefix(prefix, taskId);
  const attempts = new Set<number>();
  for await (const key of store.list(below)) attempts.add(Number(key.slice(below.length).split('/')[0]));
  return [...attempts];
}
