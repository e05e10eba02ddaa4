import type { Json } from '../src/dag/json.js';
import type { OutputValue } from '../src/dag/state.js';
import { writeJsonText } from '../src/objects/json-blob.js';
import { outputKey } from '../src/objects/keys.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { sha256 } from '../src/objects/sha256.js';
import { TaskError } from './task-error.js';

const DEFAULT_INLINE = 4096;
/** A reference is longer than this, so a value up to it is never worth one. */
const ALWAYS_INLINE = 200;
/** Largest output at all, bytes of JSON. */
const MAX_OUTPUT = 64 * 1024 * 1024;

/** What a handler returned as JSON: `undefined` is null, dates are text. Throws `TaskError` for what JSON cannot carry. */
export function toJson(value: unknown): Json {
  if (value === undefined) return null;
  try {
    const text = JSON.stringify(value);
    return text === undefined ? null : (JSON.parse(text) as Json);
  } catch (error) {
    throw new TaskError(
      'OutputNotJson',
      `the output is no JSON: ${(error as Error).message}; return plain values (no BigInt, no cycles)`,
      { retryable: false },
    );
  }
}

/**
 * The output as it travels: inline, and without a promise, up to `inlineLimit` bytes of JSON, else stored by content and referred
 * to (R15). Throws `TaskError` where it is too large for that too.
 */
export function outputValue(
  objects: ObjectStore,
  prefix: string,
  task: string,
  value: Json,
  inlineLimit = DEFAULT_INLINE,
): OutputValue | Promise<OutputValue> {
  const text = JSON.stringify(value);
  const size = Buffer.byteLength(text);
  if (size <= Math.max(inlineLimit, ALWAYS_INLINE)) return { value };
  if (size > MAX_OUTPUT) {
    throw new TaskError(
      'OutputTooLarge',
      `the output has ${size} bytes of JSON, more than ${MAX_OUTPUT}; write it to a file and return its name`,
      { retryable: false },
    );
  }
  const hash = sha256(text);
  return writeJsonText(objects, outputKey(prefix, task, hash), { text, size, sha256: hash });
}
