import type { Client } from '@temporalio/client';
import { watchMemory } from './memory.js';
import type { Outcome } from './outcome.js';
import { verdict } from './outcome.js';
import { progress } from './progress.js';
import { readHistory } from './run-history.js';
import type { Stage } from './stage.js';
import { printTable, time } from './statistics.js';

const MAX_EVENTS = 10_240;
const MAX_MIB = 1_024;
/** Cost of an item of the large map, at most so many times that of the small one. */
const MAX_RATIO = 1.3;
/** Items of one shard, as docs/spec.md says. */
const SHARD = 500;

/** How large the maps are that are compared, and how wide the levels of the map of maps. */
export interface MapSizes {
  readonly small: number;
  readonly large: number;
  readonly width: number;
}

/**
 * Maps of `noop` items and of activities, a large one beside one of 1,000: time per item, events of the longest execution of the run and of
 * its shards, memory. And three levels of maps, each item of the upper ones a SubDAG.
 */
export async function measureMaps(
  stage: Stage,
  { small, large, width }: MapSizes = { small: 1_000, large: 100_000, width: 20 },
): Promise<Outcome[]> {
  const client = await stage.connect();
  const outcomes: Outcome[] = [];
  const rows: string[][] = [];
  for (const [kind, task] of Object.entries(ITEMS)) {
    // The first map of each kind warms up whatever there is to warm up.
    await measured(stage, client, kind, task, small);
    const few = await measured(stage, client, kind, task, small);
    const many = await measured(stage, client, kind, task, large);
    const name = `map of ${large.toLocaleString('en')} items, ${kind}`;
    const ratio = many.ms / large / (few.ms / small);
    const here: Outcome[] = [
      { name: `${name}: cost per item beside ${small.toLocaleString('en')}`, value: ratio, limit: MAX_RATIO, unit: 'x' },
      { name: `${name}: events of the longest execution`, value: many.longest, limit: MAX_EVENTS, unit: 'events' },
    ];
    if (many.peak !== undefined)
      here.push({ name: `${name}: peak memory of service and worker`, value: many.peak, limit: MAX_MIB, unit: 'MiB' });
    outcomes.push(...here);
    rows.push([name, time(many.ms), `${(many.ms / large).toFixed(2)} ms`, ...here.map(verdict)]);
  }
  const levels = await measuredLevels(stage, client, width);
  rows.push([`maps of maps, ${width} x ${width} x ${width}`, time(levels), `${(levels / width ** 3).toFixed(2)} ms`]);
  await client.connection.close();
  printTable('Maps', ['map', 'time', 'per item', '', 'longest execution', 'memory'], rows);
  return outcomes;
}

const ITEMS: { readonly [kind: string]: object } = {
  noop: { type: 'noop' },
  activity: { type: 'activity', with: { name: 'benchNoop' } },
};

interface Measured {
  readonly ms: number;
  readonly longest: number;
  readonly peak?: number;
}

async function measured(stage: Stage, client: Client, kind: string, task: object, items: number): Promise<Measured> {
  const id = `bench_map_${kind}_${items}`;
  const expand = { n: `\${{ range(${items}) }}` };
  await stage.rest.put({ id, tasks: { m: { ...task, expand, maxMapLength: 100_000, maxConcurrency: 200 } } } as { id: string });
  const memory = watchMemory([stage.servicePid]);
  const { runId } = await stage.rest.start(id);
  progress(`${id} …`);
  try {
    await stage.rest.finished(runId, Math.max(60_000, 20 * items));
  } finally {
    progress();
  }
  const peak = memory.stop();
  const run = await readHistory(client, runId, 'benchNoop');
  const lengths = [...run.lengths];
  for (let from = 0; items > SHARD && from < items; from += SHARD) {
    const shard = await readHistory(client, `${runId}/m[${from}]`, 'benchNoop');
    lengths.push(...shard.lengths);
  }
  const { items: last } = await stage.rest.call<{ readonly items: readonly { readonly state: string }[] }>(
    'GET',
    `/runs/${encodeURIComponent(runId)}/tasks/m/items?limit=1&cursor=${Buffer.from(String(items - 2)).toString('base64url')}`,
  );
  if (last[0]?.state !== 'success') throw new Error(`${id}: the last item is ${last[0]?.state ?? 'missing'}`);
  return { ms: run.ms, longest: Math.max(...lengths), peak };
}

async function measuredLevels(stage: Stage, client: Client, width: number): Promise<number> {
  const id = `bench_map_levels_${width}`;
  const expand = { n: `\${{ range(${width}) }}` };
  const leaf = { type: 'noop', expand };
  const level = (tasks: object): object => ({ type: 'dag', expand, with: { tasks } });
  await stage.rest.put({ id, tasks: { a: level({ b: level({ c: leaf }) }) } } as { id: string });
  const { runId } = await stage.rest.start(id);
  progress(`${id} …`);
  try {
    await stage.rest.finished(runId, 600_000);
  } finally {
    progress();
  }
  return (await readHistory(client, runId, 'benchNoop')).ms;
}
