/**
 * The whole key scheme of the object store, in one place. Everything below a key is immutable.
 *
 * ```
 * dags/<dagId>/specs/<sha256>.json             a spec version: canonical JSON and the text as it was sent
 * dags/<dagId>/plans/<sha256>.json             a compiled plan
 * dags/<dagId>/bodies/<sha256>.json            a chunk of task bodies
 * dags/<dagId>/versions/<n>.json               the list of version headers as it was when version n came
 * runs/<dagId>/<runKey>/<execution>/           the prefix of one execution of a run (R3, R4); below it:
 *   report.json                                  the report, its last act
 *   outputs/<task>/<sha256>.json                 outputs over the inline limit (R15)
 *   logs/<task>/<attempt>/<byte offset>          log chunks, plain text; the name is where the chunk starts (R30)
 *   maps/<task>/items-<n>.json                   records of the items of a map, when they are many
 *   maps/<task>/items.jsonl                      its items, one JSON object a line, when they are many; plain text
 *   report/tasks-<n>.json                        task records of the report, when they are many
 *   snapshots/<n>-<page>.json                    task records that continue-as-new carries, when they are many
 *   dags.json                                    versions of the DAGs that its SubDAGs name, when they are many (R9)
 *   outputs.json                                 outputs of a child, when they are large
 *   children/<key of the child>/                 the prefix of a child, however deep: SubDAGs, shards of maps; the same again below it
 * backfills/<id>/report.json                   what became of a backfill, its last act
 * days/<YYYY-MM-DD>/<dagId>/<runKey>/<execution> marker by the UTC day the run was accepted, for the retention sweep
 * days/<YYYY-MM-DD>/=backfills/<id>             the same of a backfill: no id of a DAG is escaped so
 * cache/<dagId>/<task>/<sha256 of the key>/<ms>-<unique>.json a result that later runs may take over; <ms> is when it was stored
 * cached/<YYYY-MM-DD>/<sha256 of its key>      marker of such a result by the UTC day it was stored, for the retention sweep
 * ```
 * JSON is stored gzipped once it is over 1 KiB (see json-blob.ts); `zcat -f` reads both. Ids of people stand in a key
 * escaped by {@link escapePart}. On a file system that ignores case, ids that differ only by case must not be used.
 */
import { childPrefix } from '../dag/child-id.js';
import type { RunScope } from '../dag/scope.js';
import { ObjectStoreError } from './object-store-error.js';
import { sha256 } from './sha256.js';

const PART = /^[A-Za-z0-9_.=@+-]+$/;
/** File systems allow 255 bytes per name. */
const MAX_PART = 255;

/** Throws `ObjectStoreError` (`bad_key`) unless every part of the key is safe as a file name. */
export function checkKey(key: string): void {
  for (const part of key.split('/')) {
    if (!PART.test(part) || part === '.' || part === '..' || part.length > MAX_PART) {
      throw new ObjectStoreError(
        'bad_key',
        key,
        `not a key of the object store: ${JSON.stringify(key)}; parts are separated by / and made of A-Z a-z 0-9 _ . = @ + - (at most ${MAX_PART})`,
      );
    }
  }
}

/** Throws `ObjectStoreError` (`bad_key`) unless the prefix is a key followed by `/`. */
export function checkPrefix(prefix: string): void {
  if (!prefix.endsWith('/'))
    throw new ObjectStoreError(
      'bad_key',
      prefix,
      `not a prefix of the object store: ${JSON.stringify(prefix)}; a prefix ends with /`,
    );
  checkKey(prefix.slice(0, -1));
}

/**
 * Any text as one safe part of a key, reversibly: letters, digits, `_`, `-`, `@`, `+` and inner dots stand for themselves, every other
 * byte of its UTF-8 becomes `=XX`. Task ids of today stay as they are; `/` of nested tasks becomes `=2F`.
 */
export function escapePart(text: string): string {
  if (text === '') return '=';
  return text.replace(/^\.+$|[^A-Za-z0-9_.@+-]+/g, (run) =>
    Array.from(new TextEncoder().encode(run), (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Undoes {@link escapePart}. */
export function unescapePart(part: string): string {
  if (part === '=') return '';
  return part.replace(/(?:=[0-9A-F]{2})+/g, (run) =>
    new TextDecoder().decode(Uint8Array.from(run.slice(1).split('='), (hex) => Number.parseInt(hex, 16))),
  );
}

/** A run key is part of keys as it stands where it can be (`run.key` of R2 always can). */
const runPart = (runKey: string): string => (PART.test(runKey) && !/^\.+$/.test(runKey) ? runKey : escapePart(runKey));

/** Prefix of one execution (from 1) of a run; ends with `/`. `runKey` is `run.key` (R2). */
export const runPrefix = (dagId: string, runKey: string, execution: number): string =>
  `runs/${escapePart(dagId)}/${runPart(runKey)}/${execution}/`;

/** Prefix of an execution of any run: of a child it lies below that of its root, of the same execution. */
export function prefixOfRun(run: {
  readonly runId: string;
  readonly dagId: string;
  readonly execution: number;
  readonly scope: RunScope;
}): string {
  const { root, key } = run.scope;
  if (root === undefined || root.id === run.runId) return runPrefix(run.dagId, key, run.execution);
  return childPrefix(runPrefix(root.dagId, root.key, run.execution), root.id, run.runId);
}

/** All that is stored of a backfill; ends with `/`. */
export const backfillPrefix = (id: string): string => `backfills/${escapePart(id)}/`;

/** Versions of the DAGs that SubDAGs of a run name. */
export const dagsKey = (prefix: string): string => `${prefix}dags.json`;

/** The report of an execution (R3), or of a backfill. */
export const reportKey = (prefix: string): string => `${prefix}report.json`;

/** An output of a task, by the sha256 of its JSON: attempts that overlap cannot overwrite one another. */
export const outputKey = (prefix: string, taskId: string, hash: string): string =>
  `${prefix}outputs/${escapePart(taskId)}/${hash}.json`;

/** The items of a map as JSON lines. */
export const itemLinesKey = (prefix: string, taskId: string): string => `${prefix}maps/${escapePart(taskId)}/items.jsonl`;

/** All logs of a task; ends with `/`. */
export const taskLogPrefix = (prefix: string, taskId: string): string => `${prefix}logs/${escapePart(taskId)}/`;

/** The log of one attempt; ends with `/`. */
export const attemptLogPrefix = (prefix: string, taskId: string, attempt: number): string =>
  `${taskLogPrefix(prefix, taskId)}${padded(attempt, 6)}/`;

/** The chunk of a log that starts at byte `offset`. */
export const logKey = (prefix: string, taskId: string, attempt: number, offset: number): string =>
  `${attemptLogPrefix(prefix, taskId, attempt)}${padded(offset, 12)}`;

/** The spec of a version, by its hash (R30). */
export const specKey = (dagId: string, hash: string): string => `dags/${escapePart(dagId)}/specs/${hash}.json`;

/** A plan, by the sha256 of its JSON. */
export const planKey = (dagId: string, hash: string): string => `dags/${escapePart(dagId)}/plans/${hash}.json`;

/** A chunk of task bodies, by the sha256 of its JSON. */
export const bodiesKey = (dagId: string, hash: string): string => `dags/${escapePart(dagId)}/bodies/${hash}.json`;

/** The list of version headers at the time of a version: a new key each time, since blobs never change. */
export const versionsKey = (dagId: string, version: number): string =>
  `dags/${escapePart(dagId)}/versions/${padded(version, 8)}.json`;

/** All that is stored of a DAG's versions; ends with `/`. */
export const dagPrefix = (dagId: string): string => `dags/${escapePart(dagId)}/`;

/** Prefix of all markers, in order of day. */
export const DAYS_PREFIX = 'days/';

/** Marker of an execution, by the UTC day (`YYYY-MM-DD`) on which it was accepted. */
export const dayMarkerKey = (day: string, dagId: string, runKey: string, execution: number): string =>
  `${DAYS_PREFIX}${day}/${escapePart(dagId)}/${runPart(runKey)}/${execution}`;

/** Marker of a backfill, by the UTC day on which it was accepted. */
export const backfillDayKey = (day: string, id: string): string => `${DAYS_PREFIX}${day}/=backfills/${escapePart(id)}`;

/** The day of a marker's key. */
export const dayOfMarker = (key: string): string => key.slice(DAYS_PREFIX.length, DAYS_PREFIX.length + 10);

/** All results of one task with one cache key, whose hash this is; ends with `/`. */
export const cachePrefix = (dagId: string, taskId: string, hash: string): string =>
  `cache/${escapePart(dagId)}/${escapePart(taskId)}/${hash}/`;

/** One of them, stored at `ms`: in order of time. */
export const cacheEntryKey = (prefix: string, ms: number, unique: string): string =>
  `${prefix}${padded(ms, 15)}-${unique}.json`;

/** Prefix of all markers of cached results, in order of day. */
export const CACHE_DAYS_PREFIX = 'cached/';

/** Marker of the cached result under `entry`, by the UTC day (`YYYY-MM-DD`) on which it was stored. */
export const cacheDayKey = (day: string, entry: string): string => `${CACHE_DAYS_PREFIX}${day}/${sha256(entry)}`;

/** The day of such a marker's key. */
export const dayOfCacheMarker = (key: string): string => key.slice(CACHE_DAYS_PREFIX.length, CACHE_DAYS_PREFIX.length + 10);

function padded(n: number, width: number): string {
  return String(n).padStart(width, '0');
}
