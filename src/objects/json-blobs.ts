import type { Json } from '../dag/json.js';
import { parseJson, readJsonText } from './json-blob.js';
import type { ObjectStore } from './object-store.js';

/**
 * Reads JSON blobs through a cache that is bounded by the bytes of their JSON and drops what was used longest ago. Blobs are
 * immutable, so nothing ever goes stale; what is missing is not remembered. `prepare` turns the parsed JSON
 * into what the reader works with, once per blob. Values are shared between readers: do not change them.
 */
export class JsonBlobs<T = Json> {
  private readonly entries = new Map<string, { readonly value: T; readonly size: number }>();
  private readonly reading = new Map<string, Promise<T | undefined>>();
  private bytes = 0;

  constructor(
    private readonly store: ObjectStore,
    /** Bytes of JSON kept. Default 64 MiB. */
    private readonly maxBytes = 64 * 1024 * 1024,
    private readonly prepare: (json: Json) => T = (json) => json as T,
  ) {}

  /** What is kept under a key, without a promise; `undefined` when {@link read} has to be asked. */
  atHand(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** `undefined` when there is no such blob. Readers that come at the same time share one read. */
  async read(key: string): Promise<T | undefined> {
    const kept = this.atHand(key);
    if (kept !== undefined) return kept;
    let reading = this.reading.get(key);
    if (reading === undefined) {
      reading = this.load(key).finally(() => this.reading.delete(key));
      this.reading.set(key, reading);
    }
    return reading;
  }

  /** Bytes of JSON that are kept now. */
  get size(): number {
    return this.bytes;
  }

  private async load(key: string): Promise<T | undefined> {
    const text = await readJsonText(this.store, key);
    if (text === undefined) return undefined;
    const value = this.prepare(parseJson<Json>(key, text));
    const size = Buffer.byteLength(text);
    if (size > this.maxBytes) return value;
    this.entries.set(key, { value, size });
    this.bytes += size;
    for (const [oldest, { size: freed }] of this.entries) {
      if (this.bytes <= this.maxBytes) break;
      this.entries.delete(oldest);
      this.bytes -= freed;
    }
    return value;
  }
}
