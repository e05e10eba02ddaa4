import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { filler } from './floor/activities.js';
import { FLOOR_QUEUE } from './floor/queue.js';
import type { FloorPayload } from './floor/workflows.js';
import type { Outcome } from './outcome.js';
import { verdict } from './outcome.js';
import { progress } from './progress.js';
import { type RunHistory, readHistory } from './run-history.js';
import { chain, fan, layers, type Spec, wide } from './shapes.js';
import type { Stage } from './stage.js';
import { printTable, spread, summarize } from './statistics.js';

/** A DAG beside workflows of the same shape; the fastest of several counts. */
export interface Shape {
  readonly name: string;
  readonly tasks: number;
  readonly spec: Spec;
  readonly floor: readonly { readonly name: string; readonly workflow: string; readonly args: readonly number[] }[];
}

const SHAPES: readonly Shape[] = [
  {
    name: 'chain of 100',
    tasks: 100,
    spec: chain('bench_chain', 100),
    floor: [{ name: '', workflow: 'floorChain', args: [100] }],
  },
  {
    name: '1 -> 200 -> 1',
    tasks: 202,
    spec: fan('bench_fan', 200, 200),
    floor: [{ name: '', workflow: 'floorFan', args: [200] }],
  },
  {
    name: '50 layers of 4',
    tasks: 200,
    spec: layers('bench_layers', 50, 4, 4, 16),
    floor: [{ name: '', workflow: 'floorLayers', args: [50, 4] }],
  },
  {
    name: '2,000 wide',
    tasks: 2_000,
    spec: wide('bench_wide', 2_000, 50),
    floor: [25, 50, 100, 200].map((window) => ({ name: `window ${window}`, workflow: 'floorWide', args: [2_000, window] })),
  },
];

/** A shape of so few tasks is over soon, and a single run of it says less. */
const FEW_TASKS = 500;

/** At most this much slower than by hand. */
const LIMIT = 1.15;
const RUN_TIMEOUT_MS = 180_000;

/** A pair is one run of ours and one of each floor. */
export interface Pairs {
  readonly measured: number;
  /** Small shapes are measured so many times as often. Default: 4. */
  readonly oftener?: number;
  readonly warmUp: number;
}

/**
 * Our `dagRun` against the same shape written by hand, in interleaved pairs on the same server. Both sides are timed by the
 * server's clock from the start of the workflow to its close, and every task must have its ActivityTaskCompleted event.
 */
export async function compareWithFloor(stage: Stage, pairs: Pairs, shapes = SHAPES): Promise<Outcome[]> {
  const { warmUp, oftener = 4 } = pairs;
  await stage.startFloor();
  const client = await stage.connect();
  const outcomes: Outcome[] = [];
  const rows: string[][] = [];
  for (const shape of shapes) {
    const measured = shape.tasks <= FEW_TASKS ? oftener * pairs.measured : pairs.measured;
    await stage.rest.put(shape.spec);
    const first = await runOurs(stage, client, shape);
    // The floor sends and gets as many bytes per activity as ours did.
    const payload: FloorPayload = { input: filler(first.inputBytes), resultSize: first.resultBytes };
    const ours: RunHistory[] = [];
    const floors: RunHistory[][] = shape.floor.map(() => []);
    for (let pair = -warmUp; pair < measured; pair++) {
      const steps = [
        async () => void ours.push(await runOurs(stage, client, shape)),
        ...shape.floor.map((_, i) => async () => void floors[i]!.push(await runFloor(client, shape, i, payload))),
      ];
      // Every other pair the other way round, so that neither side always finds the machine as the other left it.
      if (pair % 2 !== 0) steps.reverse();
      for (const step of steps) await step();
      progress(`${shape.name}: pair ${pair + 1} of ${measured}`);
    }
    progress();
    const ofOurs = summarize(ours.slice(warmUp).map(({ ms }) => ms));
    const ofFloors = floors.map((runs) => summarize(runs.slice(warmUp).map(({ ms }) => ms)));
    const best = ofFloors.reduce((a, b, i) => (b.median < ofFloors[a]!.median ? i : a), 0);
    const outcome: Outcome = {
      name: `${shape.name}: ours / by hand`,
      value: ofOurs.median / ofFloors[best]!.median,
      limit: LIMIT,
      unit: 'x',
      details: {
        ours: ofOurs,
        floors: shape.floor.map(({ name }, i) => ({ name, ...ofFloors[i] })),
        activities: shape.tasks,
        inputBytes: first.inputBytes,
        resultBytes: first.resultBytes,
      },
    };
    outcomes.push(outcome);
    shape.floor.forEach(({ name }, i) => {
      const isBest = i === best;
      rows.push([
        i === 0 ? shape.name : '',
        i === 0 ? spread(ofOurs) : '',
        `${spread(ofFloors[i]!)}${name && ` ${name}`}`,
        isBest ? verdict(outcome) : '',
        i === 0 ? `${shape.tasks} + ${shape.tasks}` : '',
        i === 0 ? ours.at(-1)!.lengths.join(', ') : '',
      ]);
    });
  }
  await client.connection.close();
  const often = `${pairs.measured} interleaved pairs, ${oftener} times as many of the small ones, ${warmUp} more to warm up`;
  printTable(
    `dagRun beside a workflow written by hand: ${often}; median (quartiles)`,
    ['shape', 'ours', 'by hand', 'ratio', 'activities', 'events of ours'],
    rows,
  );
  return outcomes;
}

async function runOurs(stage: Stage, client: Client, { spec, tasks, name }: Shape): Promise<RunHistory> {
  const { runId } = await stage.rest.start(spec.id);
  await stage.rest.finished(runId, RUN_TIMEOUT_MS);
  return checked(await readHistory(client, runId, 'benchNoop'), 'benchNoop', tasks, `ours, ${name}`);
}

async function runFloor(client: Client, shape: Shape, index: number, payload: FloorPayload): Promise<RunHistory> {
  const { workflow, args } = shape.floor[index]!;
  const workflowId = `floor-${randomUUID()}`;
  await client.workflow.execute(workflow, {
    workflowId,
    taskQueue: FLOOR_QUEUE,
    args: [...args, payload],
    workflowExecutionTimeout: RUN_TIMEOUT_MS,
  });
  return checked(await readHistory(client, workflowId, 'floorNoop'), 'floorNoop', shape.tasks, `by hand, ${shape.name}`);
}

/** A side that did less than all the work has no time. */
function checked(history: RunHistory, type: string, tasks: number, who: string): RunHistory {
  if (history.closedBy !== 'completed') throw new Error(`${who}: closed by ${history.closedBy}`);
  if (history.completed[type] !== tasks)
    throw new Error(`${who}: ${history.completed[type] ?? 0} ActivityTaskCompleted events of ${type}, not ${tasks}`);
  return history;
}
