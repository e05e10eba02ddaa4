import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Json } from '../dag/json.js';
import type { BlobRef } from '../dag/state.js';
import type { ObjectStore } from './object-store.js';
import { ObjectStoreError } from './object-store-error.js';
import { sha256 } from './sha256.js';

/** JSON above this many bytes is stored gzipped. */
const GZIP_ABOVE = 1024;
/** No blob may unpack to more: 256 MiB. */
const MAX_UNPACKED = 256 * 1024 * 1024;

/** JSON text ready to be stored: `sha256` and `size` (bytes) are of the text, not of its packed form. */
export interface JsonText {
  readonly text: string;
  readonly size: number;
  readonly sha256: string;
}

/** Serializes a value once, with its size and hash. */
export function jsonText(value: unknown): JsonText {
  const text = JSON.stringify(value);
  return { text, size: Buffer.byteLength(text), sha256: sha256(text) };
}

/**
 * Stores a value (or one serialized already) under a key. Storing the same JSON again is fine, also where another version
 * of the compressor packs it differently; throws `ObjectStoreError` (`conflict`) when the key holds other JSON.
 */
export async function writeJson(store: ObjectStore, key: string, value: unknown): Promise<BlobRef> {
  return writeJsonText(store, key, jsonText(value));
}

/** As {@link writeJson}, for a value that is text already. */
export async function writeJsonText(store: ObjectStore, key: string, json: JsonText): Promise<BlobRef> {
  try {
    await store.put(key, await pack(json.text));
  } catch (error) {
    if (!(error instanceof ObjectStoreError) || error.code !== 'conflict') throw error;
    if ((await readJsonText(store, key)) !== json.text) throw error;
  }
  return { ref: key, size: json.size, sha256: json.sha256 };
}

/** Reads a stored value; `undefined` when there is none. Throws `ObjectStoreError` (`corrupt`) when it is not JSON. */
export async function readJson<T = Json>(store: ObjectStore, key: string): Promise<T | undefined> {
  const text = await readJsonText(store, key);
  return text === undefined ? undefined : parseJson<T>(key, text);
}

/** The JSON text of a blob; `undefined` when there is none. */
export async function readJsonText(store: ObjectStore, key: string): Promise<string | undefined> {
  const bytes = await store.get(key);
  return bytes === undefined ? undefined : unpack(key, bytes);
}

/** Parses the text of a blob, naming the blob when that fails. */
export function parseJson<T>(key: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw corrupt(key, error);
  }
}

async function pack(text: string): Promise<Uint8Array> {
  const bytes = Buffer.from(text);
  return bytes.length > GZIP_ABOVE ? promisify(gzip)(bytes) : bytes;
}

/** No JSON text starts with gzip's first two bytes, so the bytes themselves say how they were stored. */
async function unpack(key: string, bytes: Uint8Array): Promise<string> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    return (await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNPACKED })).toString('utf8');
  } catch (error) {
    throw corrupt(key, error);
  }
}

function corrupt(key: string, cause: unknown): ObjectStoreError {
  return new ObjectStoreError(
    'corrupt',
    key,
    `object ${key} is damaged: it is not the JSON that was stored; restore it from a backup`,
    { cause },
  );
}
