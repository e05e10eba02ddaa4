import type { Outcome } from './outcome.js';
import { verdict } from './outcome.js';
import type { Stage } from './stage.js';
import { printTable, summarize, time } from './statistics.js';

const RUNS = 100;
const WARM_UP = 10;

/** From sending the REST request that starts a run of a stored DAG to the first line of its first activity, one run at a time. */
export async function measureLatency(stage: Stage, runs = RUNS, warmUp = WARM_UP): Promise<Outcome[]> {
  await stage.rest.put({ id: 'bench_latency', tasks: { stamp: { type: 'activity', with: { name: 'benchStamp' } } } } as {
    id: string;
  });
  const taken: number[] = [];
  for (let i = -warmUp; i < runs; i++) {
    const sent = performance.timeOrigin + performance.now();
    const { runId } = await stage.rest.start('bench_latency');
    await stage.rest.finished(runId, 60_000);
    const firstLine = await stage.rest.output<number>(runId, 'stamp');
    if (i >= 0) taken.push(firstLine - sent);
  }
  const summary = summarize(taken);
  const outcomes: Outcome[] = [
    {
      name: 'REST request to first line of first activity, median',
      value: summary.median,
      limit: 100,
      unit: 'ms',
      details: summary,
    },
    { name: 'REST request to first line of first activity, p95', value: summary.p95, limit: 200, unit: 'ms' },
  ];
  printTable(
    `From the REST request to the first line of the first activity: ${runs} runs`,
    ['median', 'quartiles', 'p95', 'max', ''],
    [
      [
        time(summary.median),
        `${time(summary.q1)} … ${time(summary.q3)}`,
        time(summary.p95),
        time(summary.max),
        outcomes.map(verdict).join('; '),
      ],
    ],
  );
  return outcomes;
}
