import { sha256 } from '../src/objects/sha256.js';

/**
 * The key by which other systems tell a repeated call from a new one: the same for every attempt of this task (of a mapped one: of
 * this item) in this execution of the run, and for nothing else; after a rewind it is other work. 32 hexadecimal digits of the
 * sha256 of `<prefix>\n<task>`, `<prefix>\n<task>\n<index>`, followed by `\nafter <attempts of earlier rounds>` where there are such.
 */
export function idempotencyKey(prefix: string, task: string, index?: number, before = 0): string {
  const of = index === undefined ? `${prefix}\n${task}` : `${prefix}\n${task}\n${index}`;
  return sha256(before === 0 ? of : `${of}\nafter ${before}`).slice(0, 32);
}
