import type { Client } from '@temporalio/client';
import { activeRunsPool, backfillId, DAG_RUN, poolId } from '../workflows/contract.js';
import { type Outcome, verdict } from './outcome.js';
import { progress } from './progress.js';
import { readHistory } from './run-history.js';
import { chain } from './shapes.js';
import type { Stage } from './stage.js';
import { printTable, spread, summarize } from './statistics.js';

/** A backfill takes at most so many times what the same runs take that somebody sends one by one. */
const MAX_RATIO = 1.3;
/** Events that a backfill and the pool add to each run, in their own histories and in that of the run. */
const MAX_EVENTS = 12;

const TASKS = 3;
const ACTIVE_RUNS = 16;
/** Requests of the client at the same time. */
const AT_ONCE = 32;
const HOUR = 3_600_000;
const FIRST = Date.parse('2020-01-01T00:00:00Z');
/** Histories of runs that are read whole. */
const SAMPLE = 20;
const LONGEST_MS = 600_000;

/** How many pairs of a backfill and its runs sent one by one, each of how many intervals. */
export interface BackfillSizes {
  readonly intervals: number;
  readonly pairs: number;
  /** Intervals of the pair that goes before, to warm up. */
  readonly warmUp: number;
}

/**
 * A backfill of hours beside a client that sends the same runs over REST, all at once: the places of the DAG queue them there. Both
 * sides are timed from the first request until the last run is closed, the backfill until it is closed itself.
 */
export async function measureBackfills(
  stage: Stage,
  { intervals, pairs, warmUp }: BackfillSizes = { intervals: 1_000, pairs: 5, warmUp: 100 },
): Promise<Outcome[]> {
  const client = await stage.connect();
  const plainEvents = await eventsOfPlainRun(stage, client);
  const backfills: Side[] = [];
  const requests: Side[] = [];
  for (let pair = 0; pair <= pairs; pair++) {
    const [total, name] = pair === 0 ? [warmUp, 'warm_up'] : [intervals, String(pair)];
    const steps = [
      async () => backfills.push(await backfilled(stage, client, `bench_backfill_${name}`, total)),
      async () => requests.push(await requested(stage, client, `bench_requests_${name}`, total)),
    ];
    // Every other pair the other way round, so that neither side always finds the machine as the other left it.
    if (pair % 2 !== 0) steps.reverse();
    for (const step of steps) await step();
    progress(`backfill: pair ${pair} of ${pairs}`);
  }
  progress();
  await client.connection.close();
  const measured = (sides: readonly Side[]): readonly Side[] => sides.slice(1);
  const [ours, theirs] = [backfills, requests].map((sides) => summarize(measured(sides).map(({ ms }) => ms)));
  const ratio = ours!.median / theirs!.median;
  const perRun = measured(backfills).map(
    ({ entityEvents, poolEvents, runEvents }) => (entityEvents + poolEvents) / intervals + runEvents - plainEvents,
  );
  const events = summarize(perRun);
  const name = `backfill of ${intervals.toLocaleString('en')} intervals, ${ACTIVE_RUNS} at a time`;
  const outcomes: Outcome[] = [
    {
      name: `${name}: beside the same runs over REST`,
      value: ratio,
      limit: MAX_RATIO,
      unit: 'x',
      details: { backfill: ours, requests: theirs },
    },
    {
      name: `${name}: events added to each run`,
      value: events.median,
      limit: MAX_EVENTS,
      unit: 'events',
      details: { plainEvents, sides: measured(backfills) },
    },
  ];
  const mean = (of: (side: Side) => number): string =>
    (measured(backfills).reduce((sum, side) => sum + of(side), 0) / measured(backfills).length).toFixed(2);
  printTable(
    `Backfill beside the same runs sent over REST: ${pairs} interleaved pairs; median (quartiles)`,
    ['', 'backfill', 'over REST', 'ratio', 'events a run: entity + pool + run', ''],
    [
      [
        name,
        spread(ours!),
        spread(theirs!),
        verdict(outcomes[0]!),
        `${mean((side) => side.entityEvents / intervals)} + ${mean((side) => side.poolEvents / intervals)} + ${mean((side) => side.runEvents - plainEvents)}`,
        verdict(outcomes[1]!),
      ],
    ],
  );
  return outcomes;
}

interface Side {
  readonly ms: number;
  /** Of the backfill, over continue-as-new; 0 where there is none. */
  readonly entityEvents: number;
  readonly poolEvents: number;
  /** Of one run: the mean of some. */
  readonly runEvents: number;
}

/** What the history of such a run has where nobody limits how many are at work. */
async function eventsOfPlainRun(stage: Stage, client: Client): Promise<number> {
  const dagId = 'bench_backfill_plain';
  await stage.rest.put(chain(dagId, TASKS));
  const { runId } = await stage.rest.start(dagId);
  await stage.rest.finished(runId, LONGEST_MS);
  return sum((await readHistory(client, runId, 'benchNoop')).lengths);
}

async function backfilled(stage: Stage, client: Client, dagId: string, total: number): Promise<Side> {
  await store(stage, dagId);
  const begun = Date.now();
  const { id } = await stage.rest.call<{ readonly id: string }>('POST', '/backfills', {
    dagId,
    from: instant(FIRST),
    to: instant(FIRST + total * HOUR),
    maxActiveRuns: ACTIVE_RUNS,
  });
  const lastEnd = await allEnded(client, dagId, total);
  const handle = client.workflow.getHandle(backfillId(id));
  await handle.result();
  const closed = (await handle.describe()).closeTime!.getTime();
  const entityEvents = sum((await readHistory(client, backfillId(id), '')).lengths);
  return { ms: Math.max(lastEnd, closed) - begun, entityEvents, ...(await eventsOf(client, dagId, total)) };
}

async function requested(stage: Stage, client: Client, dagId: string, total: number): Promise<Side> {
  await store(stage, dagId);
  const begun = Date.now();
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < total) await stage.rest.call('POST', `/dags/${dagId}/runs`, { logicalDate: instant(FIRST + ++next * HOUR) });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  const lastEnd = await allEnded(client, dagId, total);
  return { ms: lastEnd - begun, entityEvents: 0, ...(await eventsOf(client, dagId, total)) };
}

function store(stage: Stage, dagId: string): Promise<unknown> {
  return stage.rest.put({ ...chain(dagId, TASKS), schedule: '@hourly', maxActiveRuns: ACTIVE_RUNS } as { readonly id: string });
}

/** Waits until so many runs have succeeded; when the last one was closed, by the server's clock. */
async function allEnded(client: Client, dagId: string, total: number): Promise<number> {
  const query = `WorkflowType = '${DAG_RUN}' AND DagId = '${dagId}' AND ExecutionStatus = 'Completed'`;
  const deadline = Date.now() + LONGEST_MS;
  for (let count = 0; count < total; ) {
    if (Date.now() > deadline) throw new Error(`${dagId}: ${count} of ${total} runs succeeded within ${LONGEST_MS} ms`);
    await new Promise((done) => setTimeout(done, 250));
    ({ count } = await client.workflow.count(query));
    progress(`${dagId}: ${count} of ${total}`);
  }
  let last = 0;
  for await (const { closeTime } of client.workflow.list({ query, pageSize: 1_000 }))
    last = Math.max(last, closeTime!.getTime());
  return last;
}

/** Events of the pool, and of a run; some runs are read whole, and must have done all their work. */
async function eventsOf(client: Client, dagId: string, total: number): Promise<Pick<Side, 'poolEvents' | 'runEvents'>> {
  const poolEvents = sum((await readHistory(client, poolId(activeRunsPool(dagId)), '')).lengths);
  const step = Math.max(1, Math.floor(total / SAMPLE));
  const lengths: number[] = [];
  for (let hour = step; hour <= total; hour += step) {
    const run = await readHistory(client, `${dagId}-${instant(FIRST + hour * HOUR)}`, 'benchNoop');
    if (run.completed.benchNoop !== TASKS)
      throw new Error(`${dagId}: a run with ${run.completed.benchNoop} activities, not ${TASKS}`);
    lengths.push(sum(run.lengths));
  }
  return { poolEvents, runEvents: sum(lengths) / lengths.length };
}

const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
