import { sha256 } from '../src/objects/sha256.js';
import type { TaskCall } from './task-call.js';

/**
 * The key by which other systems tell a repeated call from a new one: the same for every attempt of this task (of a mapped one: of
 * this item) in this execution of the run, and for nothing else; what a rejection sends back is other work. 32 hexadecimal digits of
 * the sha256 of `<prefix>\n<task>`, or of `<prefix>\n<task>\n<index>`, followed by `\nrewind <n>` once it was sent back n times.
 */
export function idempotencyKey({
  prefix,
  task,
  item,
  rewinds = 0,
}: Pick<TaskCall, 'prefix' | 'task' | 'item' | 'rewinds'>): string {
  const of = item === undefined ? `${prefix}\n${task}` : `${prefix}\n${task}\n${item.index}`;
  return sha256(rewinds === 0 ? of : `${of}\nrewind ${rewinds}`).slice(0, 32);
}
