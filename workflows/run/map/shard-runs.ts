import type { ChildEnd } from '../../../src/dag/child-end.js';
import { SHARD_ITEMS } from '../../../src/dag/map/shards.js';
import type { DagPlan, TaskPlan } from '../../../src/dag/plan.js';
import type { ChildRecord, DagRunInput, ItemsQueryResult, MapSnapshot, ShardResult } from '../../contract.js';
import type { Children } from '../children.js';
import { itemPrefix, itemRun } from '../item-facts.js';
import { reaches } from '../reach-of-cancel.js';
import type { RunLedger } from '../run-ledger.js';
import type { RunValues } from '../run-values.js';
import type { TaskHost, TaskPart } from '../task-host.js';
import { itemsFailed } from './items-failed.js';
import { collectedEnding } from './map-results.js';
import type { PreparedMap } from './running-map.js';
import { shardRun } from './shard-plan.js';
import { ShardedMap } from './sharded-map.js';

/** A shard tells of itself in few words: its records are stored. In bytes. */
const RESULT_LIMIT = 16 * 1024;

/**
 * Maps too large for one history: cut into shards that run as children in a sliding window. A shard stores the records of its
 * items and says where, so this run's own history knows nothing of any item.
 */
export class ShardRuns implements TaskPart {
  private readonly open = new Map<number, ShardedMap>();
  /** Maps of which nothing more starts. */
  private readonly stopped = new Set<number>();

  constructor(
    private readonly input: DagRunInput,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly children: Children,
    private readonly host: TaskHost,
  ) {}

  begin(index: number, task: TaskPlan, prepared: PreparedMap): void {
    this.open.set(index, new ShardedMap(index, task, prepared));
    this.noteProgress(index);
  }

  /** Whether a child of that task is a shard. */
  has(task: number): boolean {
    return this.open.has(task);
  }

  /** Whether {@link launch} may start another one; it may turn out to have none. */
  get mayHaveNext(): boolean {
    return this.open.size > 0;
  }

  /** Starts one more shard; false when none can start now. */
  launch(): boolean {
    for (const map of this.open.values()) {
      const next = map.start();
      if (next === undefined) continue;
      const known = map.keptResult(next.range);
      if (known !== undefined) {
        this.goOn(map, next.range.from, known, { state: 'success' });
        return true;
      }
      const now = Date.now();
      const { input, plan } = this;
      const upstream = this.values.callValues(map.task).tasks ?? {};
      const { tolerated } = map;
      const rules = { ...next, tolerated, now };
      const record = this.ledger.recordOf(map.index);
      const shard = shardRun(plan, map.task, upstream, map.prepared, next.range, rules, record);
      this.children.start(
        {
          task: map.index,
          item: next.range.from,
          attempt: this.attemptOf(map.index),
          part: `${next.range.from} to ${next.range.to - 1}`,
          dagId: input.run.dagId,
          plan: { version: input.run.version, planKey: input.planKey, inline: shard.plan },
          params: input.run.params,
          inlineLimit: RESULT_LIMIT,
          more: { carried: shard.carried, shard: { prefix: itemPrefix(input), scope: itemRun(input).scope } },
        },
        now,
      );
      return true;
    }
    return false;
  }

  /** A shard is over. */
  ended({ task, item = 0 }: ChildRecord, end: ChildEnd): void {
    const map = this.open.get(task);
    if (map === undefined) return;
    this.goOn(map, item, resultOf(end), end);
  }

  /** Nothing more starts; the shards that run are cancelled as children. */
  cancel(only?: number): void {
    for (const map of [...this.open.values()]) {
      if (map.isDone || !reaches(this.plan, map.index, only)) continue;
      this.stopped.add(map.index);
      map.leave('cancelled');
      this.noteProgress(map.index);
      if (map.isDone) this.close(map);
    }
  }

  /** Which shards know of the items of a map; undefined for other tasks. */
  parts(taskId: string): ItemsQueryResult['parts'] {
    const map = [...this.open.values()].find(({ task }) => task.id === taskId);
    return map?.parts((item) => this.children.runIdOf({ task: map.index, item, attempt: this.attemptOf(map.index) }));
  }

  withdraw(index: number): void {
    this.open.delete(index);
    this.stopped.delete(index);
  }

  snapshot(): readonly MapSnapshot[] {
    return [...this.open.values()].map((map) =>
      this.stopped.has(map.index) ? { ...map.snapshot(), stopped: true } : map.snapshot(),
    );
  }

  restore(snapshots: readonly MapSnapshot[]): void {
    for (const snapshot of snapshots) {
      if (snapshot.shards === undefined) continue;
      const index = this.plan.tasks.findIndex(({ id }) => id === snapshot.taskId);
      const map = ShardedMap.restored(index, this.plan.tasks[index]!, snapshot);
      if (snapshot.stopped === true) {
        this.stopped.add(index);
        map.leave('cancelled');
      }
      this.open.set(index, map);
    }
  }

  private goOn(map: ShardedMap, from: number, result: ShardResult | undefined, end: ChildEnd): void {
    map.ended(from / SHARD_ITEMS, result, end);
    if (map.gaveUp) {
      map.leave('skipped');
      this.children.cancel(map.index);
    }
    this.noteProgress(map.index);
    if (map.isDone) this.close(map);
  }

  /** Each shard runs once in a round of its map. */
  private attemptOf(index: number): number {
    return 1 + (this.ledger.recordOf(index)?.rewinds ?? 0);
  }

  private noteProgress(task: number): void {
    this.ledger.noteMap(task, this.open.get(task)!.progress);
  }

  private close(map: ShardedMap): void {
    const { index, task } = map;
    const state = map.outcome(this.stopped.has(index));
    const failure = state === 'failed' ? itemsFailed(map.progress, map.tolerated, map.reasons()) : undefined;
    const collecting = collectedEnding({ state, failure }, this.values.allowance, async () => ({
      task: task.id,
      prefix: itemPrefix(this.input),
      records: { pages: map.pages() },
      inlineLimit: this.values.inlineLimit,
    }));
    this.host.settle(index, collecting, (ending) => {
      this.open.delete(index);
      this.host.end(index, ending);
    });
  }
}

/** What a shard says of its items; undefined where it did not live to say it. */
function resultOf({ output }: ChildEnd): ShardResult | undefined {
  const value = output !== undefined && 'value' in output ? (output.value as Partial<ShardResult> | null) : undefined;
  return value?.pages === undefined ? undefined : (value as ShardResult);
}
