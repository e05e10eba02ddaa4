import type { ItemKey } from '../../src/dag/map/item-key.js';
import type { ItemRecord } from '../../src/dag/map/item-result.js';
import type { ItemSource } from '../../src/dag/map/item-source.js';
import type { ItemRange } from '../../src/dag/map/shards.js';
import type { RunScope } from '../../src/dag/scope.js';
import type { Failure, OutputValue, TaskState } from '../../src/dag/state.js';
import type { StoredRecords, TaskCounts } from './tasks.js';

/** Query `items`: what is known of the items of a map that is under way, in order of index, those that have not begun left out. */
export const ITEMS_QUERY = 'items';

export interface ItemsQueryInput {
  readonly taskId: string;
  /** Index to start after. */
  readonly after?: number;
  readonly limit: number;
  readonly state?: TaskState;
}

export interface ItemsQueryResult {
  readonly items: readonly ItemRecord[];
  readonly more: boolean;
  /** Instead of items, where the map runs in shards: those that have begun, in order. */
  readonly parts?: readonly ItemsPart[];
}

/** A piece of a large map, run as a child. Its run facts are those of a child; its items see what they would see in the map itself. */
export interface ShardInput {
  /** Object key prefix of the run whose map it is: outputs and logs of items go there. */
  readonly prefix: string;
  readonly scope: RunScope;
}

/** Items of a map that a shard has run, as it tells its parent in `outputs`. */
export interface ShardResult {
  /** Keys of JSON blobs that hold lists of {@link ItemRecord}s, in order of index. */
  readonly pages: readonly string[];
  readonly counts: TaskCounts;
  /** The first failures, for people. */
  readonly reasons: readonly string[];
}

/** A shard of a map, as the items query tells of it: what it left, or which run to ask. */
export interface ItemsPart extends ItemRange {
  readonly pages?: readonly string[];
  readonly runId?: string;
}

/** What an attempt before succeeded with inside maps that failed (R9). */
export interface KeptItems {
  /** Records of tasks up to this revision are of that attempt. */
  readonly revision: number;
  /** By task id all items of the map, as its record has them. */
  readonly items: { readonly [taskId: string]: OutputValue };
}

/** What a run carries of a map whose items are known and not all over. */
export interface MapSnapshot {
  readonly taskId: string;
  readonly source: ItemSource;
  readonly total: number;
  readonly maxConcurrency: number;
  /** See `map-walk.ts`. */
  readonly states: string;
  /** Names of the items, where they were computed ahead. */
  readonly keys?: readonly ItemKey[];
  /** Of the items that have begun. */
  readonly records: StoredRecords<ItemRecord>;
  /** A shard: where it begins, and how many failures the whole map tolerates. */
  readonly shard?: { readonly offset: number; readonly tolerated: number };
  /** Records of items that need not run, since they succeeded in an attempt before: for each shard of the map; of a shard its own. */
  readonly kept?: readonly KeptRecords[];
  /** Nothing more of it starts: it was cancelled. Default: false. */
  readonly stopped?: true;
  /** The map runs in shards: `states` are of these. */
  readonly shards?: readonly ShardState[];
}

/** Records of items that succeeded in an attempt before, and how many they are. */
export type KeptRecords = StoredRecords<ItemRecord> & { readonly count: number };

/** What a parent remembers of a shard that has begun. */
export interface ShardState {
  readonly shard: number;
  /** Its place in the window, while it runs. */
  readonly slot?: number;
  readonly result?: ShardResult;
  /** Why nothing is known of its items. */
  readonly lost?: { readonly state: TaskState; readonly failure?: Failure };
}
