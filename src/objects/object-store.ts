/**
 * The port to immutable blobs. A blob is written once: writing the same key again with the same bytes is fine, and a
 * reader sees either nothing or the whole blob. Keys are `/`-separated, each part `[A-Za-z0-9_.=@+-]+`, never `.` or `..`.
 */
export interface ObjectStore {
  /** Durable when it returns (fsync + rename on a folder). */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** `undefined` when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  /** Keys below `prefix` (which ends with `/`), in order of key. */
  list(prefix: string): AsyncIterable<string>;
  delete(key: string): Promise<void>;
  /** Deletes all below `prefix` (which ends with `/`). */
  deleteAll(prefix: string): Promise<void>;
}
