import { sha256 } from '../src/objects/sha256.js';

/**
 * The key by which other systems tell a repeated call from a new one: the same for every attempt of this task (of a mapped one: of
 * this item) in this execution of the run, and for nothing else. 32 hexadecimal digits of the sha256 of
 * `<prefix>\n<task>` or `<prefix>\n<task>\n<index>`.
 */
export function idempotencyKey(prefix: string, task: string, index?: number): string {
  return sha256(index === undefined ? `${prefix}\n${task}` : `${prefix}\n${task}\n${index}`).slice(0, 32);
}
