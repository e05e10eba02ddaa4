import { watchMemory } from './memory.js';
import type { Outcome } from './outcome.js';
import { verdict } from './outcome.js';
import { progress } from './progress.js';
import { readHistory } from './run-history.js';
import { chain, fan, layers, type Spec } from './shapes.js';
import type { Stage } from './stage.js';
import { printTable, time } from './statistics.js';

const MAX_EVENTS = 10_240;
const MAX_MIB = 1_024;

/** A large DAG and how long it may take. */
export interface LargeShape {
  readonly name: string;
  readonly tasks: number;
  readonly spec: Spec;
  readonly limitMs: number;
}

const SHAPES: readonly LargeShape[] = [
  { name: 'chain of 10,000', tasks: 10_000, spec: chain('bench_chain_10000', 10_000), limitMs: 300_000 },
  { name: '1 -> 9,998 -> 1', tasks: 10_000, spec: fan('bench_fan_10000', 9_998, 200), limitMs: 120_000 },
  // Every task needs four of the layer above: all 200 would be two million dependencies.
  { name: '50 layers of 200', tasks: 10_000, spec: layers('bench_layers_10000', 50, 200, 4, 200), limitMs: 120_000 },
];

/** DAGs of 10,000 explicit tasks: how long, how many events each execution has, how much memory service and worker take. */
export async function measureLarge(stage: Stage, shapes = SHAPES): Promise<Outcome[]> {
  const client = await stage.connect();
  const outcomes: Outcome[] = [];
  const rows: string[][] = [];
  for (const { name, tasks, spec, limitMs } of shapes) {
    await stage.rest.put(spec);
    const memory = watchMemory([stage.servicePid]);
    const { runId } = await stage.rest.start(spec.id);
    progress(`${name} …`);
    try {
      await stage.rest.finished(runId, limitMs * 2);
    } finally {
      progress();
    }
    const peak = memory.stop();
    const history = await readHistory(client, runId, 'benchNoop');
    if (history.completed.benchNoop !== tasks)
      throw new Error(`${name}: ${history.completed.benchNoop} activities, not ${tasks}`);
    const longest = Math.max(...history.lengths);
    const here: Outcome[] = [
      { name, value: history.ms / 1_000, limit: limitMs / 1_000, unit: 's', details: { lengths: history.lengths } },
      { name: `${name}: events of the longest execution`, value: longest, limit: MAX_EVENTS, unit: 'events' },
    ];
    if (peak !== undefined)
      here.push({ name: `${name}: peak memory of service and worker`, value: peak, limit: MAX_MIB, unit: 'MiB' });
    outcomes.push(...here);
    rows.push([
      name,
      time(history.ms),
      `${(history.ms / tasks).toFixed(1)} ms`,
      ...here.map(verdict),
      String(history.lengths.length),
    ]);
  }
  await client.connection.close();
  printTable(
    'Large DAGs of explicit tasks',
    ['shape', 'time', 'per task', '', 'longest execution', 'memory', 'executions'],
    rows,
  );
  return outcomes;
}
