import type { SystemActivities } from '../../../activities/system-calls.js';
import { type ItemResult, recordOf } from '../../../src/dag/map/item-result.js';
import { shardCount } from '../../../src/dag/map/shards.js';
import type { TaskPlan } from '../../../src/dag/plan.js';
import type { OutputValue } from '../../../src/dag/state.js';
import { edgeUpstream } from '../../../src/dag/walk-layout.js';
import type { KeptItems, KeptRecords } from '../../contract.js';
import type { RunLedger } from '../run-ledger.js';
import { loadRecords } from '../stored-records.js';
import type { NoMap } from './prepare-map.js';
import type { PreparedMap } from './running-map.js';

/**
 * Items that an attempt before succeeded with, for maps that begin again: each is told of once, and only while what led to its map
 * is still of that attempt.
 */
export class EarlierItems {
  private readonly items: Map<string, OutputValue>;
  private readonly revision: number;

  constructor(
    kept: KeptItems | undefined,
    private readonly ledger: Pick<RunLedger, 'recordOf'>,
  ) {
    this.items = new Map(Object.entries(kept?.items ?? {}));
    this.revision = kept?.revision ?? 0;
  }

  /** All items of a map that begins now, as the attempt before left them. */
  take({ id, upstream = [] }: TaskPlan): OutputValue | undefined {
    const items = this.items.get(id);
    this.items.delete(id);
    const isOfThen = (task: number): boolean => (this.ledger.recordOf(task)?.revision ?? 0) <= this.revision;
    return upstream.every((edge) => isOfThen(edgeUpstream(edge))) ? items : undefined;
  }

  /** For continue-as-new; undefined when nothing is left. */
  snapshot(): KeptItems | undefined {
    if (this.items.size === 0) return undefined;
    return { revision: this.revision, items: Object.fromEntries(this.items) };
  }
}

/** What it takes to read and to store items. */
interface KeptItemsHost {
  readonly prefix: string;
  readonly inlineLimit: number;
  readonly system: (summary: string) => Pick<SystemActivities, 'keptItems'>;
}

/** A map that begins again: with the records of those items that need not run. Without any where it is not as long as it was. */
export async function withKept(
  task: TaskPlan,
  prepared: PreparedMap | NoMap,
  items: OutputValue,
  host: KeptItemsHost,
): Promise<PreparedMap | NoMap> {
  if (!('source' in prepared)) return prepared;
  const kept = await recordsToKeep(task, items, prepared.total, host);
  if (kept === undefined || shardCount(prepared.total) > 0) return { ...prepared, kept };
  const records = await loadRecords(kept[0]!);
  return { ...prepared, kept: [{ records, count: records.length }] };
}

async function recordsToKeep(
  task: TaskPlan,
  items: OutputValue,
  total: number,
  { prefix, inlineLimit, system }: KeptItemsHost,
): Promise<readonly KeptRecords[] | undefined> {
  if ('ref' in items) {
    const summary = `items of ${task.id} that succeeded before`;
    return (await system(summary).keptItems({ task: task.id, items, total, prefix, inlineLimit })) ?? undefined;
  }
  const results = items.value as unknown as readonly ItemResult[];
  // What is told inline is far less than a shard.
  if (results.length !== total || shardCount(total) > 0) return undefined;
  const records = results
    .filter(({ state }) => state === 'success')
    .map((result) => recordOf(result, { value: result.output }));
  return [{ records, count: records.length }];
}
