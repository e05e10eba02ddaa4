import { parseTemplate, renderTemplate } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import { expandMap } from '../src/dag/map/expand-map.js';
import { type ItemKey, itemNames } from '../src/dag/map/item-key.js';
import { itemAt } from '../src/dag/map/item-lists.js';
import { type ItemRecord, type ItemResult, itemResult } from '../src/dag/map/item-result.js';
import type { Failure } from '../src/dag/state.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import { itemLinesKey } from '../src/objects/keys.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { ObjectStoreError } from '../src/objects/object-store-error.js';
import type {
  CollectedItems,
  CollectItemsInput,
  ExpandedLists,
  ExpandMapInput,
  ItemKeysInput,
  UniformItems,
} from './system-calls.js';
import { inTurn } from './taking-turns.js';
import { TaskError } from './task-error.js';
import { expressionFailure, loadLists, loadTasks } from './task-input.js';
import { outputValue } from './task-output.js';

/** Outputs of all items of a map together, at most: 64 MiB, as of any task (R15). */
const MAX_COLLECTED = 64 * 1024 * 1024;

/** Evaluates what a map is over with the full budget, and stores its lists where they are large. */
export async function expandStored(
  objects: ObjectStore,
  outputs: JsonBlobs,
  { task, map, scope, prefix, inlineLimit }: ExpandMapInput,
): Promise<ExpandedLists | { readonly failure: Failure }> {
  try {
    const values: Json[] = [];
    for (const [key, source] of map.sources) {
      try {
        const template = parseTemplate(source);
        const tasks = await loadTasks(scope.tasks ?? {}, template.references, outputs);
        values.push(await inTurn(() => renderTemplate(template, { ...scope, tasks })));
      } catch (error) {
        throw expressionFailure(error, `${map.zip === true ? 'zip' : 'expand'}.${key} of task ${task}`);
      }
    }
    const expanded = expandMap(task, map, values);
    if ('failure' in expanded) return expanded;
    const lists: ExpandedLists['source']['lists'][number][] = [];
    for (const [key, list] of expanded.lists)
      lists.push([key, await outputValue(objects, prefix, `${task}.${key}`, list as Json, inlineLimit)]);
    const { zip, fill, batch } = map;
    return { source: { zip, fill, batch, lists }, total: expanded.total };
  } catch (error) {
    // What is wrong with the lists is a result; trouble with the store is worth another try.
    if (error instanceof TaskError)
      return { failure: { kind: error.kind === 'error' ? 'expression' : error.kind, message: error.message } };
    throw error;
  }
}

/** Names of items whose lists are stored; one that cannot be computed is an error of that item. */
export async function storedItemKeys(
  outputs: JsonBlobs,
  { source, template, scope, from, to }: ItemKeysInput,
): Promise<readonly ItemKey[]> {
  const lists = await loadLists(source, outputs);
  const name = itemNames(template);
  const keys: ItemKey[] = [];
  for (let index = from; index < to; index++) {
    const item = name.needsItem ? itemAt(source, lists, index) : null;
    keys.push(await inTurn(() => name.of({ ...scope, item, index })));
  }
  return keys;
}

/** Puts the outputs of items in order, their stored values included, and writes both lists where they are large. */
export async function collectItems(
  objects: ObjectStore,
  outputs: JsonBlobs,
  { task, prefix, records, inlineLimit }: CollectItemsInput,
): Promise<CollectedItems | { readonly error: string }> {
  try {
    const all = 'records' in records ? records.records : await pagesOf(outputs, records.pages);
    let bytes = 0;
    const items: ItemResult[] = [];
    for (const record of all) {
      if (record.output !== undefined && 'ref' in record.output) bytes += record.output.size;
      if (bytes > MAX_COLLECTED) return { error: tooLarge(task) };
      items.push(itemResult(record, await outputOf(task, record, outputs)));
    }
    const output = items.filter(({ state }) => state === 'success').map((item) => item.output);
    const collected = {
      output: await outputValue(objects, prefix, task, output, inlineLimit),
      items: await outputValue(objects, prefix, `${task}.items`, items as unknown as Json, inlineLimit),
    };
    if ('ref' in collected.items) await storeLines(objects, itemLinesKey(prefix, task), items);
    return collected;
  } catch (error) {
    if (error instanceof TaskError) return { error: error.message };
    throw error;
  }
}

async function pagesOf(outputs: JsonBlobs, pages: readonly (string | UniformItems)[]): Promise<ItemRecord[]> {
  const records: ItemRecord[] = [];
  for (const key of pages) {
    if (typeof key !== 'string') {
      const { from, to, state, failure } = key;
      for (let index = from; index < to; index++) records.push({ index, key: String(index), state, failure });
      continue;
    }
    const page = await outputs.read(key);
    if (page === undefined)
      throw new TaskError('BlobMissing', `the records of items ${key} are not in the object store any more`, {
        kind: 'blob_missing',
      });
    records.push(...(page as unknown as ItemRecord[]));
  }
  return records;
}

async function outputOf(task: string, { index, output }: ItemRecord, outputs: JsonBlobs): Promise<Json> {
  if (output === undefined) return null;
  if ('value' in output) return output.value;
  const value = await outputs.read(output.ref);
  if (value !== undefined) return value;
  throw new TaskError('BlobMissing', `the output of item ${index} of task ${task} is not in the object store any more`, {
    kind: 'blob_missing',
  });
}

/** What an operator's reset made again counts: the lines of an earlier life are replaced. */
async function storeLines(objects: ObjectStore, key: string, items: readonly ItemResult[]): Promise<void> {
  const lines = Buffer.from(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  try {
    await objects.put(key, lines);
  } catch (error) {
    if (!(error instanceof ObjectStoreError) || error.code !== 'conflict') throw error;
    await objects.delete(key);
    await objects.put(key, lines);
  }
}

function tooLarge(task: string): string {
  return `the outputs of the items of task ${task} have more than ${MAX_COLLECTED} bytes together; write them to files and return their names`;
}
