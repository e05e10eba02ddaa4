import { CancellationScope } from '@temporalio/workflow';
import type { Json } from '../../../src/dag/json.js';
import type { ItemKey } from '../../../src/dag/map/item-key.js';
import { itemAt, type NamedLists } from '../../../src/dag/map/item-lists.js';
import type { ItemRecord } from '../../../src/dag/map/item-result.js';
import type { CallItem, ItemSource } from '../../../src/dag/map/item-source.js';
import { type MapPlan, toleratedFailures } from '../../../src/dag/map/map-plan.js';
import { type FinalItemState, MapWalk, type MapWalkStates, statesWithSuccesses } from '../../../src/dag/map/map-walk.js';
import type { TaskPlan } from '../../../src/dag/plan.js';
import type { TaskState } from '../../../src/dag/state.js';
import type { KeptRecords, MapProgress } from '../../contract.js';
import { inlineBytesOf } from '../inline-bytes.js';

/** What has to be known of a map before its first item starts. */
export interface PreparedMap {
  readonly source: ItemSource;
  readonly total: number;
  readonly maxConcurrency: number;
  /** Names of the items, where they have others than their index. */
  readonly keys?: readonly ItemKey[];
  /** It is a piece of a larger map: where that begins, and how many failures the whole tolerates. */
  readonly shard?: { readonly offset: number; readonly tolerated: number };
  /** Records of items that need not run, since they succeeded in an attempt before: for each shard of it. */
  readonly kept?: readonly KeptRecords[];
}

/** One map whose items run inside the loop. */
export class RunningMap {
  readonly walk: MapWalk;
  readonly records = new Map<number, ItemRecord>();
  /** Bytes of the outputs among them that are held inline. */
  inlineBytes = 0;
  /** Its items are over and their results are being put together. */
  closing = false;
  /** What runs of it can be cancelled alone; only where it gives up at a failure. */
  private ownScope?: CancellationScope;
  private readonly map: MapPlan;
  /** Undefined where they are stored. */
  private readonly lists?: NamedLists;

  constructor(
    readonly index: number,
    readonly task: TaskPlan,
    readonly prepared: PreparedMap,
    /** A snapshot to go on from. */
    states?: MapWalkStates,
    /** Without a snapshot: records of items that are over already, in order. */
    done: readonly ItemRecord[] = [],
  ) {
    this.map = task.map!;
    const { source, total, maxConcurrency } = prepared;
    this.walk = new MapWalk(
      total,
      { maxConcurrency, tolerated: this.tolerated, stopOnFirstFailure: this.map.stop === true },
      states ??
        statesWithSuccesses(
          done.map((record) => record.index - this.offset),
          total,
        ),
    );
    for (const record of done) {
      this.records.set(record.index, record);
      this.inlineBytes += inlineBytesOf(record.output);
    }
    if (source.lists.every(([, list]) => 'value' in list))
      this.lists = source.lists.map(([key, list]) => [key, (list as { readonly value: Json }).value as readonly Json[]]);
  }

  get tolerated(): number {
    return this.prepared.shard?.tolerated ?? toleratedFailures(this.map, this.prepared.total);
  }

  /** Index of the first item in the whole map. */
  get offset(): number {
    return this.prepared.shard?.offset ?? 0;
  }

  /** The next item to start, by its index in the whole map; it counts as started. */
  start(): number | undefined {
    const item = this.walk.next();
    if (item === undefined) return undefined;
    this.walk.start(item);
    return this.offset + item;
  }

  finish(index: number, state: FinalItemState): void {
    this.walk.finish(index - this.offset, state);
  }

  stateOf(index: number): TaskState {
    return this.walk.stateOf(index - this.offset);
  }

  /** Records of the items that have begun, in order. */
  begun(): ItemRecord[] {
    return [...this.records.values()].sort((a, b) => a.index - b.index);
  }

  /** Records of all items, those that never began included. */
  all(): ItemRecord[] {
    return Array.from({ length: this.walk.total }, (_, i) => {
      const index = this.offset + i;
      return this.records.get(index) ?? { index, key: this.keyOf(index), state: this.walk.stateOf(i) };
    });
  }

  get progress(): MapProgress {
    return { total: this.walk.total, counts: this.walk.counts() };
  }

  /** Its name; where that could not be computed, its index. */
  keyOf(index: number): string {
    const name = this.nameOf(index);
    return 'key' in name ? name.key : String(index);
  }

  /** The item as its task is told of it; an error where its name could not be computed. */
  call(index: number): CallItem | { readonly error: string } {
    const name = this.nameOf(index);
    if ('error' in name) return name;
    const { item = false } = this.map;
    if (!item) return { index, key: name.key };
    const value = this.lists === undefined ? undefined : itemAt(this.map, this.lists, index);
    return value === undefined ? { index, key: name.key, source: this.prepared.source } : { index, key: name.key, value };
  }

  /** Starts something of this map, so that giving it up cancels that and nothing else. */
  within<T>(start: () => Promise<T>): Promise<T> {
    if (this.map.stop !== true) return start();
    this.ownScope ??= new CancellationScope();
    return this.ownScope.run(start);
  }

  cancelRunning(): void {
    this.ownScope?.cancel();
  }

  private nameOf(index: number): ItemKey {
    return this.prepared.keys?.[index - this.offset] ?? { key: String(index) };
  }
}
