import type { Json } from '../../src/dag/json.js';
import { inPages } from '../../src/dag/record-pages.js';
import type { StoredRecords, TaskRecord } from '../contract.js';
import { atHand, system } from './dispatch.js';
import { shielded } from './shielded.js';

/** Results of local activities travel together in one answer of at most 4 MiB: more pages are read one by one. */
const AT_HAND_PAGES = 4;

/** Records as they go into a snapshot or a report: inline when small, else stored page by page below `${prefix}${name}-`. `summary` is for the Web UI. */
export async function storeRecords<T = TaskRecord>(
  records: readonly T[],
  prefix: string,
  name: string,
  summary: string,
): Promise<StoredRecords<T>> {
  const pages = inPages(records);
  if (pages.length <= 1) return { records };
  return { pages: await storePages(pages, prefix, name, summary) };
}

/** Stores records page by page, few ones too; returns the keys of the pages. */
export async function storeAll<T>(
  records: readonly T[],
  prefix: string,
  name: string,
  summary: string,
): Promise<readonly string[]> {
  return storePages(inPages(records), prefix, name, summary);
}

async function storePages<T>(pages: readonly T[][], prefix: string, name: string, summary: string): Promise<readonly string[]> {
  const keys = pages.map((_, n) => `${prefix}${name}-${n}.json`);
  await Promise.all(
    pages.map((page, n) =>
      atHand(`${summary}, part ${n + 1} of ${pages.length}`, (objects) =>
        objects.storeJson({ key: keys[n]!, value: page as unknown as Json, replace: true }),
      ),
    ),
  );
  return keys;
}

export async function loadRecords<T = TaskRecord>(stored: StoredRecords<T>): Promise<T[]> {
  if ('records' in stored) return [...stored.records];
  const summary = 'read what is known so far';
  const few = stored.pages.length <= AT_HAND_PAGES;
  const records: T[] = [];
  for (const key of stored.pages) {
    const page = await (few
      ? atHand(summary, (objects) => objects.loadJson({ key }))
      : shielded(() => system(summary).loadJson({ key })));
    records.push(...(page as unknown as T[]));
  }
  return records;
}
