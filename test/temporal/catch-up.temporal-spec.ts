import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAG_ENTITY, type DagEntityInput, dagEntityId, SYSTEM_QUEUE } from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { storeDag } from '../support/store-dag.js';
import { TemporalHarness } from '../support/temporal-harness.js';

const DAY_MS = 86_400_000;
const PAST = 10;
const midnight = (daysAgo: number): Date => new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - daysAgo * DAY_MS);
const text = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
/** A DAG whose first daily run is that of `PAST - 1` days ago. */
const DAG = (id: string, more = '') =>
  `id: ${id}\nschedule: "@daily"\nstartDate: ${text(midnight(PAST)).slice(0, 10)}\nmaxActiveRuns: 3\n${more}\ntasks: { a: { type: noop } }\n`;
const DATES = Array.from({ length: PAST }, (_, index) => text(midnight(PAST - 1 - index)));

let temporal: TemporalHarness;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
});
afterAll(() => temporal?.stop());

const catchUpOf = async (dagId: string) => (await temporal.dags.head(dagId))?.schedule?.catchUp;
const runsOf = async (dagId: string) =>
  (await temporal.runs.list({ dagId, limit: 100 })).items
    .map(({ run, state, startedAt }) => ({
      date: run.scope.logicalDate,
      trigger: run.scope.trigger,
      state,
      at: run.acceptedAt,
      startedAt,
    }))
    .sort((a, b) => a.at - b.at || (a.date! < b.date! ? -1 : 1));

describe('a DAG with `catchup: true`', () => {
  test.each([100, 0])('runs all dates since startDate, the oldest first, with a workflow cache of %i', async (cache) => {
    const dagId = `all-${cache}`;
    const worker = await temporal.work(['baton', SYSTEM_QUEUE], { cache });
    await storeDag(temporal, DAG(dagId, 'catchup: true'));
    await expect.poll(() => catchUpOf(dagId), { timeout: 60_000 }).toMatchObject({ state: 'done' });
    await expect
      .poll(async () => (await runsOf(dagId)).filter(({ state }) => state === 'success').length, { timeout: 20_000 })
      .toBe(PAST);
    expect((await runsOf(dagId)).map(({ date }) => date)).toEqual(DATES);
    if (cache > 0) await recordHistory(temporal.connection.client.workflow.getHandle(dagEntityId(dagId)), 'a-dag-catches-up');
    await worker.stop();
  });

  test('has no more than one run in the queue, goes on as places come free, and gives its place in the queue up when paused', async () => {
    const entities = await temporal.work([SYSTEM_QUEUE], { cache: 0 });
    await storeDag(temporal, DAG('slow', 'catchup: true'));
    // No worker carries runs out: three hold the places, the fourth is waited for.
    await expect.poll(async () => (await temporal.pools.view('dag/slow'))?.queued, { timeout: 20_000 }).toBe(1);
    await expect.poll(async () => (await runsOf('slow')).map(({ date }) => date)).toEqual(DATES.slice(0, 3));
    await expect.poll(() => catchUpOf('slow')).toMatchObject({ state: 'running', from: Date.parse(DATES[3]!) });
    await temporal.dags.pause('slow', true);
    await expect.poll(async () => (await temporal.pools.view('dag/slow'))?.queued, { timeout: 20_000 }).toBe(0);
    expect((await temporal.pools.view('dag/slow'))?.active).toBe(3);
    await temporal.dags.pause('slow', false);
    await expect.poll(async () => (await temporal.pools.view('dag/slow'))?.queued, { timeout: 20_000 }).toBe(1);
    const runs = await temporal.work(['baton']);
    await expect.poll(() => catchUpOf('slow'), { timeout: 60_000 }).toMatchObject({ state: 'done' });
    await expect
      .poll(async () => (await runsOf('slow')).filter(({ state }) => state === 'success').length, { timeout: 20_000 })
      .toBe(PAST);
    expect((await runsOf('slow')).map(({ date }) => date)).toEqual(DATES);
    await runs.stop();
    await entities.stop();
  });

  test('goes on where it was while the DAG begins anew again and again, and asks for no place twice', async () => {
    const worker = await temporal.work(['baton', SYSTEM_QUEUE]);
    const { workflow } = temporal.connection.client;
    await workflow.start(DAG_ENTITY, {
      workflowId: dagEntityId('anew'),
      taskQueue: SYSTEM_QUEUE,
      args: [{ dagId: 'anew', continueFromEvents: 30 } satisfies DagEntityInput],
    });
    await storeDag(temporal, DAG('anew', 'catchup: true\ntags: [old]').replace('maxActiveRuns: 3', 'maxActiveRuns: 1'));
    await expect.poll(() => catchUpOf('anew'), { timeout: 60_000 }).toMatchObject({ state: 'done' });
    const succeeded = async () => (await runsOf('anew')).filter(({ state }) => state === 'success').map(({ date }) => date);
    await expect.poll(succeeded).toEqual(DATES);
    await expect.poll(() => temporal.pools.view('dag/anew')).toMatchObject({ active: 0, queued: 0, parked: 0 });
    const { events } = await workflow.getHandle(dagEntityId('anew')).fetchHistory();
    expect(events![0]!.workflowExecutionStartedEventAttributes!.continuedExecutionRunId).not.toBe('');
    // Readers see it as it was, whichever execution they ask.
    expect(await temporal.dags.head('anew')).toMatchObject({ dagId: 'anew', latest: { version: 1 }, tags: ['old'] });
    await expect.poll(async () => (await temporal.dags.list({ tag: 'old', limit: 10 })).items.length).toBe(1);
    await recordHistory(workflow.getHandle(dagEntityId('anew')), 'a-dag-that-begins-anew');
    await worker.stop();
  });

  test('leaves dates alone that have a run, and stops by name when it has lost what its runs need', async () => {
    const entities = await temporal.work([SYSTEM_QUEUE]);
    await storeDag(temporal, DAG('mixed'));
    const runId = `mixed-${DATES[1]}`;
    const nominal = Date.parse(DATES[1]!);
    const made = await temporal.runs.scheduled.resolve({ dagId: 'mixed', runId, nominal, firedAt: Date.now(), madeUp: true });
    if ('skipped' in made) throw new Error(made.message);
    await temporal.runs.start(made.input);
    const runs = await temporal.work(['baton']);
    await expect.poll(async () => (await temporal.runs.get(runId))?.head.state).toBe('success');
    await storeDag(temporal, DAG('mixed', 'catchup: true'));
    await expect.poll(() => catchUpOf('mixed'), { timeout: 60_000 }).toMatchObject({ state: 'done' });
    expect((await temporal.runs.get(runId))?.head.run).toMatchObject({ version: 1, execution: 1 });
    await expect.poll(async () => (await runsOf('mixed')).length).toBe(PAST);

    await storeDag(temporal, 'id: part\ntasks: { a: { type: noop } }\n');
    const whole = DAG('whole').replace('type: noop', 'type: dag, with: { dag: part }');
    await storeDag(temporal, whole);
    await temporal.dags.remove('part');
    await storeDag(temporal, `${whole}catchup: true\n`);
    await expect.poll(() => catchUpOf('whole')).toMatchObject({ state: 'stopped', problem: expect.stringContaining('part') });
    expect(await runsOf('whole')).toEqual([]);
    await expect.poll(async () => (await temporal.pools.view('dag/whole'))?.active).toBe(0);
    await runs.stop();
    await entities.stop();
  });

  test('runs nothing for its past without it, nor without a startDate', async () => {
    const worker = await temporal.work([SYSTEM_QUEUE]);
    await storeDag(temporal, DAG('off', 'catchup: false'));
    await storeDag(temporal, 'id: endless\nschedule: "@daily"\ncatchup: true\ntasks: { a: { type: noop } }\n');
    await expect.poll(() => catchUpOf('endless')).toMatchObject({ state: 'done' });
    expect(await catchUpOf('off')).toBeUndefined();
    expect([...(await runsOf('off')), ...(await runsOf('endless'))]).toEqual([]);
    await worker.stop();
  });
});
