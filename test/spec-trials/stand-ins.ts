/**
 * Stand-ins for the activities that the pipelines in `../shared/spec-trials` name. Each does something that a test can see: files below
 * the folder BATON_TEST_LAKE, which `listPartitions` and `s3List` read and in which a cluster is a folder of its own.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { currentTask } from '../../activities/task-context.js';

/** A file as `s3List` tells of it. */
interface StoredFile {
  readonly name: string;
  readonly path: string;
}

const lake = (...parts: readonly string[]): string => join(process.env['BATON_TEST_LAKE'] as string, ...parts);
const clusters = (): string => lake('clusters', currentTask().info.runId);
const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

/** Files of a kind of the day that an interval begins with. */
export async function listPartitions(kind: string, from: string, to: string): Promise<string[]> {
  if (Date.parse(to) <= Date.parse(from)) throw ApplicationFailure.nonRetryable(`nothing can be between ${from} and ${to}`);
  const folder = lake(kind, from.slice(0, 10));
  return names(folder).map((name) => join(folder, name));
}

export async function s3List(prefix: string): Promise<StoredFile[]> {
  return names(lake(prefix)).map((name) => ({ name, path: lake(prefix, name) }));
}

/** A cluster is a folder that holds what was done on it. For a run that the folder `no-clusters` names there is none to be had. */
export async function emrCreate(request: { readonly nodes: number }): Promise<{ id: string; nodes: number }> {
  if (existsSync(lake('no-clusters', currentTask().info.runId)))
    throw ApplicationFailure.nonRetryable('no capacity', 'ClusterError');
  mkdirSync(clusters(), { recursive: true });
  return { id: clusters(), nodes: request.nodes };
}

/** A file is what its work comes to: a number of rows; `broken` on each attempt; `slow` until somebody cancels it. */
export async function sparkTransform(file: StoredFile, cluster: string): Promise<{ rows: number }> {
  const content = readFileSync(file.path, 'utf8');
  if (content === 'broken') throw new Error(`${file.name} cannot be read`);
  writeFileSync(join(cluster, file.name), content);
  while (content === 'slow') await delay(60_000, undefined, { signal: Context.current().cancellationSignal });
  return { rows: Number(content) };
}

export async function fullReload(cluster: string): Promise<{ reloaded: boolean }> {
  writeFileSync(join(cluster, 'everything'), '');
  return { reloaded: true };
}

/** Returns what had been done on the cluster. */
export async function emrDelete(cluster: string): Promise<{ done: string[] }> {
  const done = names(cluster);
  rmSync(cluster, { recursive: true });
  return { done };
}

/** Copies a folder of the lake, whose `_SUCCESS` says how many rows there are. */
export async function copyOrders({ from, day }: { readonly from: string; readonly day: string }) {
  const rows = readFileSync(lake(from, '_SUCCESS'), 'utf8');
  return { path: `${day}#${rows}`, bytes: Number(rows) * 100 };
}

type Rows = readonly { readonly [column: string]: unknown }[];
type Check = { readonly check: string; readonly column?: string; readonly min?: number; readonly values?: readonly unknown[] };

/** In place of a task of type `quality`, with its `with`: throws where a check does not hold. */
export async function checkQuality(given: {
  readonly inputs?: { readonly [name: string]: Rows };
  /** What `copyOrders` has copied. */
  readonly source?: string;
  readonly checks: readonly Check[];
}) {
  const copied = Array.from({ length: Number(given.source?.split('#')[1] ?? 0) }, (_, i) => ({ order_id: i, status: 'paid' }));
  const rows: Rows = given.inputs === undefined ? copied : Object.values(given.inputs).flat();
  const values = (column?: string): unknown[] => rows.map((row) => row[column as string]);
  const holds: { readonly [check: string]: (check: Check) => boolean } = {
    row_count: ({ min = 0 }) => rows.length >= min,
    not_null: ({ column }) => values(column).every((value) => value !== null),
    accepted_values: ({ column, values: accepted = [] }) => values(column).every((value) => accepted.includes(value)),
    unique: ({ column }) => new Set(values(column)).size === rows.length,
  };
  const failed = given.checks.filter((check) => holds[check.check]?.(check) !== true);
  if (failed.length > 0) throw ApplicationFailure.nonRetryable(JSON.stringify(failed), 'QualityError');
  return { passed: true, checks: given.checks.length };
}
