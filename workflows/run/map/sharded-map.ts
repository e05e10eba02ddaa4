import type { UniformItems } from '../../../activities/system-calls.js';
import type { ChildEnd } from '../../../src/dag/child-end.js';
import { toleratedFailures } from '../../../src/dag/map/map-plan.js';
import { type FinalItemState, mapOutcome } from '../../../src/dag/map/map-walk.js';
import { type ItemRange, SHARD_ITEMS, shardCount, shardRange, shardWindow } from '../../../src/dag/map/shards.js';
import type { TaskPlan } from '../../../src/dag/plan.js';
import type { TaskState } from '../../../src/dag/state.js';
import type { ItemsPart, MapProgress, MapSnapshot, ShardResult, ShardState } from '../../contract.js';
import type { PreparedMap } from './running-map.js';

/** One map that runs in shards: which have begun, which place of the window each has, what they left. */
export class ShardedMap {
  readonly tolerated: number;
  private readonly count: number;
  private readonly window: readonly number[];
  private readonly shards = new Map<number, ShardState>();
  private nextShard = 0;
  private readonly counts: { [state in TaskState]?: number } = {};
  /** What became of the shards that never began. */
  private left?: 'skipped' | 'cancelled';

  constructor(
    readonly index: number,
    readonly task: TaskPlan,
    readonly prepared: PreparedMap,
  ) {
    const { total, maxConcurrency } = prepared;
    this.tolerated = toleratedFailures(task.map!, total);
    this.count = shardCount(total);
    this.window = shardWindow(maxConcurrency, this.count);
  }

  /** Goes on with a map of an earlier execution. */
  static restored(
    index: number,
    task: TaskPlan,
    { source, total, maxConcurrency, kept, shards = [] }: MapSnapshot,
  ): ShardedMap {
    const map = new ShardedMap(index, task, { source, total, maxConcurrency, kept });
    for (const state of shards) {
      map.nextShard = Math.max(map.nextShard, state.shard + 1);
      map.note(state);
    }
    // Given up before: that is why so few have begun.
    if (map.gaveUp) map.leave('skipped');
    return map;
  }

  /** The next shard, which counts as started; undefined while the window is full, and when none is left. */
  start(): { readonly range: ItemRange; readonly maxConcurrency: number } | undefined {
    if (this.nextShard >= this.count || this.left !== undefined) return undefined;
    const taken = new Set([...this.shards.values()].map(({ slot }) => slot));
    const slot = this.window.findIndex((_, i) => !taken.has(i));
    if (slot < 0) return undefined;
    const shard = this.nextShard++;
    this.shards.set(shard, { shard, slot });
    return { range: shardRange(shard, this.prepared.total), maxConcurrency: this.window[slot]! };
  }

  /** What a shard would come to of which every item succeeded in an attempt before: it need not run. */
  keptResult({ from, to }: ItemRange): ShardResult | undefined {
    const kept = this.prepared.kept?.[from / SHARD_ITEMS];
    if (kept?.count !== to - from || !('pages' in kept)) return undefined;
    return { pages: kept.pages, counts: { success: kept.count }, reasons: [] };
  }

  ended(shard: number, result: ShardResult | undefined, { state, failure }: ChildEnd): void {
    if (this.shards.get(shard)?.slot === undefined) return;
    if (result !== undefined) this.note({ shard, result });
    else this.note({ shard, lost: { state: state === 'cancelled' ? 'cancelled' : 'failed', failure } });
  }

  /** More items have failed than may, and the rest is not to run. */
  get gaveUp(): boolean {
    return this.task.map!.stop === true && (this.counts.failed ?? 0) > this.tolerated;
  }

  /** What has not begun never will. */
  leave(state: 'skipped' | 'cancelled'): void {
    if (this.left !== undefined || this.nextShard >= this.count) return;
    this.left = state;
    this.add(state, this.prepared.total - shardRange(this.nextShard, this.prepared.total).from);
  }

  get isDone(): boolean {
    const running = [...this.shards.values()].some(({ slot }) => slot !== undefined);
    return !running && (this.nextShard >= this.count || this.left !== undefined);
  }

  outcome(stopped: boolean): FinalItemState {
    return mapOutcome(this.counts, this.tolerated, stopped);
  }

  /** Items of shards that run count as running. */
  get progress(): MapProgress {
    const { total } = this.prepared;
    const ended = Object.values(this.counts).reduce((sum, n) => sum + n, 0);
    let running = 0;
    for (const { shard, slot } of this.shards.values()) {
      const { from, to } = shardRange(shard, total);
      if (slot !== undefined) running += to - from;
    }
    const pending = total - ended - running;
    return { total, counts: { ...this.counts, ...(running > 0 ? { running } : {}), ...(pending > 0 ? { pending } : {}) } };
  }

  /** The first failures, with their reasons. */
  reasons(): string[] {
    return this.inOrder().flatMap(({ result, lost }) => result?.reasons ?? [lost?.failure?.message ?? 'a shard was lost']);
  }

  /** Where the records of all items are. */
  pages(): (string | UniformItems)[] {
    const { total } = this.prepared;
    const begun = this.inOrder().flatMap(({ shard, result, lost }): (string | UniformItems)[] =>
      result === undefined ? [{ ...shardRange(shard, total), state: lost!.state, failure: lost!.failure }] : [...result.pages],
    );
    if (this.left === undefined) return begun;
    return [...begun, { from: shardRange(this.nextShard, total).from, to: total, state: this.left }];
  }

  parts(runIdOf: (item: number) => string): ItemsPart[] {
    return this.inOrder().map(({ shard, result }) => {
      const range = shardRange(shard, this.prepared.total);
      return result === undefined ? { ...range, runId: runIdOf(range.from) } : { ...range, pages: result.pages };
    });
  }

  snapshot(): MapSnapshot {
    const { source, total, maxConcurrency, kept } = this.prepared;
    const nothing = { states: '', records: { records: [] } };
    return { taskId: this.task.id, source, total, maxConcurrency, kept, ...nothing, shards: this.inOrder() };
  }

  private inOrder(): ShardState[] {
    return [...this.shards.values()].sort((a, b) => a.shard - b.shard);
  }

  private note(state: ShardState): void {
    this.shards.set(state.shard, state);
    for (const [name, n] of Object.entries(state.result?.counts ?? {})) this.add(name as TaskState, n);
    const { from, to } = shardRange(state.shard, this.prepared.total);
    if (state.lost !== undefined) this.add(state.lost.state, to - from);
  }

  private add(state: TaskState, n: number): void {
    this.counts[state] = (this.counts[state] ?? 0) + n;
  }
}
