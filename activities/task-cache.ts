import { canonicalJson } from '../src/dag/canonical-json.js';
import type { Json } from '../src/dag/json.js';
import { validateJson } from '../src/dag/json-schema.js';
import type { CachePlan } from '../src/dag/plan.js';
import type { Scope } from '../src/dag/scope.js';
import { readJson, writeJson } from '../src/objects/json-blob.js';
import { cacheDayKey, cacheEntryKey, cachePrefix } from '../src/objects/keys.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { sha256 } from '../src/objects/sha256.js';
import type { TaskContext } from './task-context.js';
import type { TaskLog } from './task-log.js';

/** What a success of a task with `cache` leaves for later runs: the output itself, since blobs of its run go with that run. */
export interface CacheEntry {
  readonly format: 1;
  readonly runId: string;
  /** Epoch ms. */
  readonly storedAt: number;
  readonly value: Json;
}

/** The mark that the retention sweep finds an entry by. */
export interface CacheDay {
  readonly entry: string;
}

/** Where the results of one task with one key are kept; only a hash of the key is ever written. */
export class TaskCache {
  readonly prefix: string;

  /** `key`: what the author's key comes to, or the rendered input; without secrets. */
  constructor(
    private readonly objects: ObjectStore,
    private readonly cache: CachePlan,
    task: { readonly id: string; readonly type: string },
    key: Json,
  ) {
    const hash = sha256(canonicalJson({ type: task.type, version: cache.version ?? null, key }));
    this.prefix = cachePrefix(cache.dag, task.id, hash);
  }

  /**
   * The newest result, unless it is older than `ttl` or breaks the schema of today. Reading races with nothing: entries are whole or
   * not there. Trouble with the store costs the work, never the task.
   */
  async earlier(outputSchema: Json | undefined, log: TaskLog): Promise<CacheEntry | undefined> {
    try {
      let newest: string | undefined;
      for await (const key of this.objects.list(this.prefix)) newest = key;
      const entry = newest === undefined ? undefined : await readJson<CacheEntry>(this.objects, newest);
      if (entry?.format !== 1 || this.isOver(entry)) return undefined;
      if (outputSchema !== undefined && validateJson(outputSchema, entry.value).length > 0) return undefined;
      log.info(`takes over the output of run ${entry.runId}, stored at ${new Date(entry.storedAt).toISOString()} (cache)`);
      return entry;
    } catch (error) {
      log.warn(`the cache cannot be read, so the work is done: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Keeps a result; older entries go. Trouble with the store costs later runs their hit, and nothing else. */
  async keep(value: Json, { info, log }: Pick<TaskContext, 'info' | 'log'>): Promise<void> {
    const entry: CacheEntry = { format: 1, runId: info.runId, storedAt: Date.now(), value };
    // The key of the task tells apart what two runs store in the same millisecond.
    const key = cacheEntryKey(this.prefix, entry.storedAt, info.idempotencyKey.slice(0, 8));
    const day: CacheDay = { entry: key };
    try {
      // The mark first: what a crash leaves behind is a mark without an entry, never an entry that nobody sweeps.
      await writeJson(this.objects, cacheDayKey(new Date(entry.storedAt).toISOString().slice(0, 10), key), day);
      await writeJson(this.objects, key, entry);
      for await (const other of this.objects.list(this.prefix)) if (other < key) await this.objects.delete(other);
    } catch (error) {
      log.warn(`the output could not be kept for later runs: ${(error as Error).message}`);
    }
  }

  private isOver(entry: CacheEntry): boolean {
    return this.cache.ttlMs !== undefined && entry.storedAt + this.cache.ttlMs <= Date.now();
  }
}

/** What a key is rendered with. Equal work has equal keys: a secret counts by its name, and every attempt is the first. */
export function scopeOfCacheKey(scope: Scope): Scope {
  const names = Object.keys(scope.secrets ?? {});
  return { ...scope, attempt: 1, secrets: Object.fromEntries(names.map((name) => [name, `secret ${name}`])) };
}
