import { CancellationScope } from '@temporalio/workflow';
import type { JsonObject } from '../../../src/dag/json.js';
import { itemAttemptsBefore } from '../../../src/dag/map/item-attempts.js';
import { hookResult } from '../../../src/dag/map/item-result.js';
import type { CallItem } from '../../../src/dag/map/item-source.js';
import type { FinalItemState } from '../../../src/dag/map/map-walk.js';
import { shardCount } from '../../../src/dag/map/shards.js';
import type { DagPlan, TaskPlan } from '../../../src/dag/plan.js';
import type { Failure, HookRecord, OutputValue } from '../../../src/dag/state.js';
import type { DagRunInput, ItemsQueryInput, ItemsQueryResult, MapSnapshot, ShardResult } from '../../contract.js';
import { system } from '../dispatch.js';
import { inlineBytesOf } from '../inline-bytes.js';
import { itemPrefix } from '../item-facts.js';
import { reaches } from '../reach-of-cancel.js';
import type { RunLedger } from '../run-ledger.js';
import type { RunValues } from '../run-values.js';
import { loadRecords, storeAll, storeRecords } from '../stored-records.js';
import type { TaskEnding } from '../task-ending.js';
import type { TaskHost, TaskPart } from '../task-host.js';
import { itemsFailed } from './items-failed.js';
import { type EarlierItems, withKept } from './kept-items.js';
import { collectedEnding, inlineEnding, reasonsOf } from './map-results.js';
import { type NoMap, prepareMap, withKeys } from './prepare-map.js';
import { type PreparedMap, RunningMap } from './running-map.js';
import type { ShardRuns } from './shard-runs.js';

/** An item that is to be carried out like a task, or that has failed already since it cannot be named. */
export interface ItemToRun {
  readonly task: number;
  readonly call: CallItem;
  readonly failure?: Failure;
}

/** Hooks between attempts that an item tells of: the newest. */
const KEPT_HOOKS = 20;

/**
 * The maps of a run that are under way: hands their items to the loop, hears how they ended, and ends their tasks. Items are
 * carried out by the loop as tasks are, within its budgets; they take no place of `maxActiveTasks` (R13).
 */
export class MapRuns implements TaskPart {
  private readonly open = new Map<number, RunningMap>();
  private readonly moved = new Set<RunningMap>();
  /** The map of a shard once it is over: its items are asked for here until the parent has heard of its end. */
  private shard: RunningMap | undefined;

  private readonly prefix: string;

  constructor(
    input: DagRunInput,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly host: TaskHost,
    /** Those with so many items that they run in shards. */
    private readonly shards: ShardRuns,
    private readonly earlier: EarlierItems,
    /** A map has given up: what its items run in children is to stop. */
    private readonly cancelChildren: (task: number) => void,
  ) {
    this.prefix = itemPrefix(input);
  }

  /** The task has been started: finds out over what it is a map. */
  begin(index: number, task: TaskPlan): void {
    const wanted = this.host.wanted(index);
    const preparing = CancellationScope.nonCancellable(() => this.prepare(task));
    this.host.settle(index, preparing, (prepared) => {
      if ('failure' in prepared) return this.host.end(index, { state: 'failed', failure: prepared.failure });
      if ('ended' in prepared) return this.host.end(index, { state: prepared.ended });
      if (!wanted()) return this.host.end(index, { state: 'cancelled' });
      this.add(index, task, prepared);
    });
  }

  /** Whether {@link next} may have another item; it may turn out to have none. */
  get mayHaveNext(): boolean {
    return this.open.size > 0;
  }

  /** The next item to carry out; it counts as started. */
  next(): ItemToRun | undefined {
    for (const map of this.open.values()) {
      const item = map.start();
      if (item === undefined) continue;
      this.moved.add(map);
      const named = map.call(item);
      const call = 'error' in named ? { index: item, key: map.keyOf(item) } : named;
      map.records.set(item, { index: item, key: call.key, state: 'running', startedAt: Date.now() });
      const started = { task: map.index, call };
      if (!('error' in named)) return started;
      const message = `mapKey of task ${map.task.id}, item ${item}: ${named.error}`;
      return { ...started, failure: { kind: 'expression', message } };
    }
    return undefined;
  }

  /** An item is over. */
  ended(index: number, item: number, ending: TaskEnding): void {
    const map = this.open.get(index);
    if (map === undefined) return;
    const known = map.records.get(item);
    const key = known?.key ?? map.keyOf(item);
    const state = ending.state as FinalItemState;
    const { output, failure, attempts, startedAt = known?.startedAt, endedAt = Date.now() } = ending;
    const hooks = ending.hooks?.map(hookResult) ?? known?.hooks;
    map.records.set(item, {
      index: item,
      key,
      state,
      startedAt,
      endedAt,
      ...(attempts === undefined || attempts.length === 0
        ? {}
        : { attempts: attempts.at(-1)!.attempt - this.attemptsBefore(map) }),
      ...(output === undefined ? {} : { output }),
      ...(failure === undefined ? {} : { failure }),
      ...(hooks === undefined ? {} : { hooks }),
    });
    this.holdInline(map, output);
    map.finish(item, state);
    this.moved.add(map);
    if (map.walk.gaveUp) {
      map.cancelRunning();
      this.cancelChildren(index);
    }
    if (map.walk.isDone) this.close(map);
  }

  private attemptsBefore({ index, task }: RunningMap): number {
    return itemAttemptsBefore(task, this.ledger.recordOf(index)?.rewinds);
  }

  /** A hook between attempts of an item has ended. */
  noteHook(index: number, item: number, hook: HookRecord): void {
    const map = this.open.get(index);
    const known = map?.records.get(item);
    if (map === undefined || known === undefined) return;
    map.records.set(item, { ...known, hooks: [...(known.hooks ?? []), hookResult(hook)].slice(-KEPT_HOOKS) });
  }

  /** An item that was started before, as its task is told of it; undefined when it has ended. */
  callOf(index: number, item: number): CallItem | undefined {
    const map = this.open.get(index);
    if (map === undefined || map.stateOf(item) !== 'running') return undefined;
    const call = map.call(item);
    return 'error' in call ? undefined : call;
  }

  /** Starts something of an item of that map. */
  within<T>(index: number, start: () => Promise<T>): Promise<T> {
    const map = this.open.get(index);
    return map === undefined ? start() : map.within(start);
  }

  /** Nothing more starts; what runs of the items is cancelled where it runs. */
  cancel(only?: number): void {
    for (const map of [...this.open.values()]) {
      if (map.closing || !reaches(this.plan, map.index, only)) continue;
      map.walk.stop();
      this.moved.add(map);
      if (map.walk.isDone) this.close(map);
    }
  }

  withdraw(index: number): void {
    const map = this.open.get(index);
    if (map !== undefined) this.forget(map);
  }

  /** Writes into the ledger how far the maps are that have moved. */
  noteProgress(): void {
    for (const map of this.moved) this.ledger.noteMap(map.index, map.progress);
    this.moved.clear();
  }

  /** Answers the items query. */
  page({ taskId, after = -1, limit, state }: ItemsQueryInput): ItemsQueryResult {
    const map = [...this.open.values(), ...(this.shard === undefined ? [] : [this.shard])].find(
      ({ task }) => task.id === taskId,
    );
    const known = (map?.begun() ?? []).filter((item) => item.index > after && (state === undefined || item.state === state));
    return { items: known.slice(0, limit), more: known.length > limit };
  }

  /** What continue-as-new carries of the maps; only while nothing is in flight. */
  async snapshot(name: string): Promise<readonly MapSnapshot[]> {
    const snapshots: MapSnapshot[] = [];
    for (const map of this.open.values()) {
      const { task, prepared, walk } = map;
      const records = await storeRecords(map.begun(), this.prefix, `${name}-${task.id}`, `items of ${task.id} so far`);
      const stopped = walk.isStopped ? { stopped: true as const } : {};
      snapshots.push({ taskId: task.id, ...prepared, states: walk.snapshot(), records, ...stopped });
    }
    return snapshots;
  }

  /** Goes on with the maps of an earlier execution. */
  async restore(snapshots: readonly MapSnapshot[]): Promise<void> {
    for (const { taskId, records, states, shards, stopped, kept, ...carried } of snapshots) {
      if (shards !== undefined) continue;
      const index = this.plan.tasks.findIndex(({ id }) => id === taskId);
      const task = this.plan.tasks[index]!;
      const prepared = carried.keys === undefined ? await withKeys(task, carried, this.values, system) : carried;
      const done = kept === undefined ? undefined : await loadRecords(kept[0]!);
      const map = new RunningMap(index, task, prepared, done === undefined ? states : undefined, done);
      this.ledger.inlineBytes += map.inlineBytes;
      for (const record of await loadRecords(records)) {
        map.records.set(record.index, record);
        this.holdInline(map, record.output);
      }
      if (stopped === true) map.walk.stop();
      this.open.set(index, map);
    }
  }

  private prepare(task: TaskPlan): Promise<PreparedMap | NoMap> {
    const items = this.earlier.take(task);
    const preparing = prepareMap(task, this.values, this.prefix, system);
    if (items === undefined) return preparing;
    const { inlineLimit } = this.values;
    return preparing.then((prepared) => withKept(task, prepared, items, { prefix: this.prefix, inlineLimit, system }));
  }

  private add(index: number, task: TaskPlan, prepared: PreparedMap): void {
    if (shardCount(prepared.total) > 0) return this.shards.begin(index, task, prepared);
    const { kept, ...rest } = prepared;
    const map = new RunningMap(
      index,
      task,
      rest,
      undefined,
      kept?.flatMap((some) => ('records' in some ? some.records : [])),
    );
    this.ledger.inlineBytes += map.inlineBytes;
    this.open.set(index, map);
    this.moved.add(map);
    if (map.walk.isDone) this.close(map);
  }

  private holdInline(map: RunningMap, output: OutputValue | undefined): void {
    const bytes = inlineBytesOf(output);
    map.inlineBytes += bytes;
    this.ledger.inlineBytes += bytes;
  }

  /** All items are over: their outputs become one list, all of them another; large ones are stored. */
  private close(map: RunningMap): void {
    map.closing = true;
    const { index, task, walk } = map;
    const state = walk.outcome()!;
    if (map.prepared.shard !== undefined) return this.closeShard(map);
    const failure = state === 'failed' ? itemsFailed(map.progress, map.tolerated, reasonsOf(map.begun())) : undefined;
    const { inlineLimit } = this.values;
    const records = map.all();
    const inline = inlineEnding({ state, failure }, records, inlineLimit);
    if (inline !== undefined) return this.over(map, inline);
    const collecting = collectedEnding({ state, failure }, this.values.allowance, async () => {
      const stored = await storeRecords(records, this.prefix, `maps/${task.id}/items`, `items of ${task.id}`);
      return { task: task.id, prefix: this.prefix, records: stored, inlineLimit };
    });
    this.host.settle(index, collecting, (ending) => this.over(map, ending));
  }

  /** A shard leaves the records of its items, and how they ended; what that makes of the map is its parent's to say. */
  private closeShard(map: RunningMap): void {
    const { index, task, walk, offset } = map;
    const storing = CancellationScope.nonCancellable(() =>
      storeAll(map.all(), this.prefix, `maps/${task.id}/items-${offset}`, `items ${offset} to ${offset + walk.total - 1}`),
    );
    this.host.settle(index, storing, (pages) => {
      const result: ShardResult = { pages, counts: walk.counts(), reasons: reasonsOf(map.begun()) };
      this.ledger.outputs = result as unknown as JsonObject;
      this.shard = map;
      this.over(map, { state: walk.outcome() === 'cancelled' ? 'cancelled' : 'success' });
    });
  }

  private over(map: RunningMap, ending: TaskEnding): void {
    this.ledger.noteMap(map.index, map.progress);
    this.forget(map);
    this.host.end(map.index, ending);
  }

  /** What is kept of its items the ledger counts with the ending. */
  private forget(map: RunningMap): void {
    this.moved.delete(map);
    this.open.delete(map.index);
    this.ledger.inlineBytes -= map.inlineBytes;
  }
}
