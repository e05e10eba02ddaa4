import type { Json } from '../../src/dag/json.js';
import type { StoredRecords, TaskRecord } from '../contract.js';
import { atHand, system } from './dispatch.js';

/** Up to this many characters of JSON travel inline; more becomes pages of about this size. A payload holds 2 MiB. */
const PAGE_CHARS = 256 * 1024;

/** Results of local activities travel together in one answer of at most 4 MiB: more pages are read one by one. */
const AT_HAND_PAGES = 4;

/** Records as they go into a snapshot or a report: inline when small, else stored page by page below `${prefix}${name}-`. `summary` is for the Web UI. */
export async function storeRecords(
  records: readonly TaskRecord[],
  prefix: string,
  name: string,
  summary: string,
): Promise<StoredRecords> {
  const pages = inPages(records);
  if (pages.length <= 1) return { records };
  const keys = pages.map((_, n) => `${prefix}${name}-${n}.json`);
  await Promise.all(
    pages.map((page, n) =>
      atHand(`${summary}, part ${n + 1} of ${pages.length}`, (objects) =>
        objects.storeJson({ key: keys[n]!, value: page as unknown as Json, replace: true }),
      ),
    ),
  );
  return { pages: keys };
}

export async function loadRecords(stored: StoredRecords): Promise<TaskRecord[]> {
  if ('records' in stored) return [...stored.records];
  const summary = 'read what is known so far';
  const few = stored.pages.length <= AT_HAND_PAGES;
  const records: TaskRecord[] = [];
  for (const key of stored.pages) {
    const page = await (few ? atHand(summary, (objects) => objects.loadJson({ key })) : system(summary).loadJson({ key }));
    records.push(...(page as unknown as TaskRecord[]));
  }
  return records;
}

function inPages(records: readonly TaskRecord[]): TaskRecord[][] {
  const pages: TaskRecord[][] = [];
  let page: TaskRecord[] = [];
  let chars = 0;
  for (const record of records) {
    const length = JSON.stringify(record).length;
    if (page.length > 0 && chars + length > PAGE_CHARS) {
      pages.push(page);
      page = [];
      chars = 0;
    }
    page.push(record);
    chars += length;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}
