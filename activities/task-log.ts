import { attemptLogPrefix, logKey } from '../src/objects/keys.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { ObjectStoreError } from '../src/objects/object-store-error.js';
import type { SecretMask } from './secret-mask.js';

const CHUNK_BYTES = 64 * 1024;
const FLUSH_MS = 1000;
const MAX_LINE = 16 * 1024;
const MAX_BYTES = 10 * 1024 * 1024;

/** Who says a line: the task's code by level, or a stream of its process. */
export type LogSource = 'debug' | 'info' | 'warn' | 'error' | 'stdout' | 'stderr';

export interface TaskLogOptions {
  readonly objects: ObjectStore;
  readonly prefix: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly mask: SecretMask;
  /** Of one attempt; then the log says that it is cut. Default 10 MiB. */
  readonly maxBytes?: number;
}

/**
 * The log of one attempt: lines `<RFC 3339 time> <source> <text>`, stored in chunks each second or 64 KiB (R30), secrets hidden.
 * A log that cannot be stored is dropped, never the task. Nothing is stored for a task that says nothing.
 */
export class TaskLog {
  private lines: string[] = [];
  private pending = 0;
  private offset = 0;
  private total = 0;
  private cut = false;
  private timer?: NodeJS.Timeout;
  private storing?: Promise<void>;

  constructor(readonly options: TaskLogOptions) {}

  debug(message: string, fields?: object): void {
    this.write('debug', message, fields);
  }
  info(message: string, fields?: object): void {
    this.write('info', message, fields);
  }
  warn(message: string, fields?: object): void {
    this.write('warn', message, fields);
  }
  error(message: string, fields?: object): void {
    this.write('error', message, fields);
  }

  /** Writes text, one log line for each of its lines; `fields` follow as JSON. */
  write(source: LogSource, text: string, fields?: object): void {
    if (this.cut) return;
    const time = new Date().toISOString();
    for (const line of this.shown(text, fields).split(/\r?\n/)) {
      const shown = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} … (${line.length - MAX_LINE} more characters)` : line;
      this.push(`${time} ${source} ${shown}\n`);
      if (this.cut) break;
    }
    if (this.pending >= CHUNK_BYTES) this.store();
    else if (this.pending > 0) this.timer ??= setTimeout(() => this.store(), FLUSH_MS).unref();
  }

  /** A text with its fields as it is written, secrets hidden, without a last line that is empty. */
  protected shown(text: string, fields: object | undefined): string {
    const whole = fields === undefined || Object.keys(fields).length === 0 ? text : `${text} ${safeJson(fields)}`;
    return this.options.mask.text(whole).replace(/\r?\n$/, '');
  }

  /** A text with the task's secrets hidden, for other places that show it. */
  masked(text: string): string {
    return this.options.mask.text(text);
  }

  /** Nothing was written, so there is nothing to {@link close}. */
  get isEmpty(): boolean {
    return this.total === 0;
  }

  /** Stores what is left; resolves when all is stored. */
  async close(): Promise<void> {
    this.store();
    await this.storing;
  }

  private push(line: string): void {
    const size = Buffer.byteLength(line);
    const max = this.options.maxBytes ?? MAX_BYTES;
    const text =
      this.total + size > max ? `${new Date().toISOString()} warn log truncated: it is longer than ${max} bytes\n` : line;
    this.cut = text !== line;
    this.lines.push(text);
    this.pending += Buffer.byteLength(text);
    this.total += Buffer.byteLength(text);
  }

  private store(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length === 0) return;
    const bytes = Buffer.from(this.lines.join(''));
    this.lines = [];
    this.pending = 0;
    this.storing = (this.storing ?? Promise.resolve()).then(() => this.put(bytes)).catch(() => undefined);
  }

  private async put(bytes: Uint8Array): Promise<void> {
    const { objects, prefix, taskId, attempt } = this.options;
    try {
      await objects.put(logKey(prefix, taskId, attempt, this.offset), bytes);
    } catch (error) {
      if (!(error instanceof ObjectStoreError) || error.code !== 'conflict') throw error;
      // A history that was reset runs an attempt again: its log goes on behind the old one.
      this.offset = await this.endOfLog();
      await objects.put(logKey(prefix, taskId, attempt, this.offset), bytes);
    }
    this.offset += bytes.length;
  }

  private async endOfLog(): Promise<number> {
    const { objects, prefix, taskId, attempt } = this.options;
    let last: string | undefined;
    for await (const key of objects.list(attemptLogPrefix(prefix, taskId, attempt))) last = key;
    if (last === undefined) return 0;
    return Number(last.slice(last.lastIndexOf('/') + 1)) + ((await objects.get(last))?.length ?? 0);
  }
}

function safeJson(fields: object): string {
  try {
    return JSON.stringify(fields, (_, v) =>
      typeof v === 'bigint' ? String(v) : v instanceof Error ? `${v.name}: ${v.message}` : v,
    );
  } catch {
    return '(fields that are no JSON)';
  }
}
