import { sha256 } from '../src/objects/sha256.js';
import type { TaskCall } from './task-call.js';

/**
 * The key by which other systems tell a repeated call from a new one: the same for every attempt of this task (of a mapped one: of
 * this item) in this execution of the run, and for nothing else; what a rejection sends back is other work. 32 hexadecimal digits of
 * the sha256 of `<prefix>\n<task>`, or of `<prefix>\n<task>\n<index>`, followed by `\nrewind <n>` once it was sent back n times, and
 * for a hook between attempts by `\nafter <number of the attempt that failed>`.
 */
export function idempotencyKey({
  prefix,
  task,
  item,
  rewinds = 0,
  failedAttempt,
}: Pick<TaskCall, 'prefix' | 'task' | 'item' | 'rewinds' | 'failedAttempt'>): string {
  let of = item === undefined ? `${prefix}\n${task}` : `${prefix}\n${task}\n${item.index}`;
  if (rewinds > 0) of += `\nrewind ${rewinds}`;
  if (failedAttempt !== undefined) of += `\nafter ${failedAttempt}`;
  return sha256(of).slice(0, 32);
}
