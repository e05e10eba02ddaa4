/** A map of more items than this is cut into shards of so many: each is a child with a history of its own. */
export const SHARD_ITEMS = 500;

/** Items `from` to before `to` of a map. */
export interface ItemRange {
  readonly from: number;
  readonly to: number;
}

/** How many shards a map of that many items has; 0 when it has none and runs by itself. */
export function shardCount(total: number): number {
  return total <= SHARD_ITEMS ? 0 : Math.ceil(total / SHARD_ITEMS);
}

export function shardRange(shard: number, total: number): ItemRange {
  return { from: shard * SHARD_ITEMS, to: Math.min(total, (shard + 1) * SHARD_ITEMS) };
}

/**
 * How many items each shard of the sliding window may run at a time: their sum is `maxConcurrency`, their number the width of
 * the window. Few items at a time are not spread: a shard that drains leaves its share unused.
 */
export function shardWindow(maxConcurrency: number, shards: number): readonly number[] {
  const width = Math.min(shards, maxConcurrency <= 8 ? 1 : Math.max(4, Math.ceil(maxConcurrency / 250)));
  return Array.from(
    { length: width },
    (_, slot) => Math.floor(maxConcurrency / width) + (slot < maxConcurrency % width ? 1 : 0),
  );
}
