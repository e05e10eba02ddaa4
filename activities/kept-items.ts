import type { Json } from '../src/dag/json.js';
import { type ItemRecord, type ItemResult, recordOf } from '../src/dag/map/item-result.js';
import { SHARD_ITEMS } from '../src/dag/map/shards.js';
import { inPages } from '../src/dag/record-pages.js';
import { writeJson } from '../src/objects/json-blob.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import type { KeptItemsInput, StoredItems } from './system-calls.js';
import { outputValue } from './task-output.js';

/** See {@link SystemActivities.keptItems}. */
export async function keptItems(
  objects: ObjectStore,
  outputs: JsonBlobs,
  { task, items, total, prefix, inlineLimit }: KeptItemsInput,
): Promise<readonly StoredItems[] | undefined> {
  const results = (await outputs.read(items.ref)) as unknown as readonly ItemResult[] | undefined;
  if (results?.length !== total) return undefined;
  const shards: StoredItems[] = [];
  for (let from = 0; from < total; from += SHARD_ITEMS) {
    const records: ItemRecord[] = [];
    for (const result of results.slice(from, from + SHARD_ITEMS)) {
      if (result.state !== 'success') continue;
      records.push(
        recordOf(result, await outputValue(objects, prefix, `${task}[${result.index}]`, result.output, inlineLimit)),
      );
    }
    const pages = inPages(records);
    const keys = pages.map((_, n) => `${prefix}maps/${task}/kept-${from}-${n}.json`);
    for (const [n, page] of pages.entries()) await writeJson(objects, keys[n]!, page as unknown as Json);
    shards.push({ pages: keys, count: records.length });
  }
  return shards;
}
