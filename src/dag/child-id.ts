import { textHash } from './text-hash.js';

/** Ids of children are no longer than this many bytes: on SQL stores Temporal takes 255, and lists show them. */
export const MAX_CHILD_ID = 200;
/** Longest id of a run that has children: less a `/` and a hash, so that every child's id still begins with it. */
export const MAX_PARENT_ID = 166;
/** A `~` and 32 hex digits. */
const TAIL = 33;

/** Which child of a run: of which task, of which item of its map (or where a shard begins), and for which attempt, from 1. */
export interface ChildKey {
  /** Index of the task in the plan. */
  readonly task: number;
  readonly item?: number;
  readonly attempt: number;
}

/**
 * Id of a child workflow: `<parent>/<task>`, then `[<item>]` for an item of a map and `#<attempt>` from the second attempt
 * on. Where that is longer than {@link MAX_CHILD_ID}, its end is a hash of the whole.
 */
export function childRunId(parentId: string, taskId: string, { item, attempt }: Omit<ChildKey, 'task'>): string {
  const id = `${parentId}/${taskId}${item === undefined ? '' : `[${item}]`}${attempt === 1 ? '' : `#${attempt}`}`;
  return id.length <= MAX_CHILD_ID ? id : `${id.slice(0, MAX_CHILD_ID - TAIL)}~${textHash(id)}`;
}

/**
 * `run.key`: a run id, safe as a file name (R2), and different for different ids: `:` is dropped, `@` becomes `=`; in ids of
 * children `/` becomes `+`, `[0]` `@0`, `#2` `=2` and the `~` before a hash `==`.
 */
export function runKeyOf(runId: string): string {
  return runId
    .replaceAll(':', '')
    .replace('@', '=')
    .replaceAll('/', '+')
    .replaceAll('[', '@')
    .replaceAll(']', '')
    .replaceAll('#', '=')
    .replaceAll('~', '==');
}

/** Prefix of a child's objects, all below those of the root: made of ids alone, so that a reader finds them too. */
export function childPrefix(rootPrefix: string, rootId: string, childId: string): string {
  const key = runKeyOf(childId);
  const rootKey = runKeyOf(rootId);
  return `${rootPrefix}children/${key.startsWith(`${rootKey}+`) ? key.slice(rootKey.length + 1) : key}/`;
}
