import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillTerms } from '../../src/dag/backfill/backfill-walk.js';
import type { Json } from '../../src/dag/json.js';
import { readJson, writeJson } from '../../src/objects/json-blob.js';
import { backfillPrefix, reportKey } from '../../src/objects/keys.js';
import { BackfillGateway } from '../../src/temporal/backfill-gateway.js';
import type { WorkerHost } from '../../src/temporal/worker-host.js';
import {
  activeRunsPool,
  type BackfillFacts,
  type BackfillReport,
  backfillId,
  poolId,
  SYSTEM_QUEUE,
} from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { removeDag, storeDag } from '../support/store-dag.js';
import { TemporalHarness } from '../support/temporal-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

const DAY = 86_400_000;
const FROM = Date.parse('2024-01-01T00:00:00Z');

let temporal: TemporalHarness;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
});
afterAll(() => temporal?.stop());

/** Without a cache one workflow is worked on at a time, so that a pool that is asked answers late: then some of this takes minutes. */
describe.each(WORKFLOW_CACHES)('a backfill, with a workflow cache of $cache,', ({ cache }) => {
  let worker: WorkerHost;
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  beforeAll(async () => {
    worker = await temporal.work(['baton', SYSTEM_QUEUE, 'others'], {
      cache,
      activities: {
        held: () => gate,
        fails: async () => {
          throw new Error('always');
        },
      },
    });
  });
  afterAll(async () => {
    open();
    await worker?.stop();
  });

  const dag = (name: string): string => `bf-${name}-${cache}`;
  const handle = (id: string) => temporal.connection.client.workflow.getHandle(backfillId(id));
  const store = (dagId: string, tasks: string, more = '') =>
    storeDag(temporal, `id: ${dagId}\nschedule: "@daily"\n${more}\ntasks: ${tasks}\n`);
  const CHAIN = '{ a: { type: noop }, b: { type: noop, dependsOn: [a] }, c: { type: noop, dependsOn: [b] } }';
  const task = (name: string) => `{ a: { type: activity, queue: others, with: { name: ${name}, args: [] } } }`;

  const start = async (
    backfills: BackfillGateway,
    dagId: string,
    { total, ...more }: Partial<Omit<BackfillFacts, 'terms'>> & Partial<BackfillTerms> & { readonly total: number },
  ): Promise<string> => {
    const { maxActiveRuns = 16, chunk, failureBudget, validated, ...facts } = more;
    const id = `${dagId}-${Math.random().toString(36).slice(2)}`;
    const started = await backfills.start({
      id,
      dagId,
      version: 1,
      spans: [{ start: FROM, end: FROM + total * DAY }],
      params: {},
      reprocess: 'none',
      order: 'oldest',
      terms: { total, maxActiveRuns, chunk, failureBudget, validated },
      acceptedAt: Date.now(),
      ...facts,
    });
    expect(started?.head.progress).toMatchObject({ state: 'running', left: total });
    return id;
  };
  const usual = () => new BackfillGateway(temporal.connection, temporal.store);
  const progressOf = async (id: string) => (await usual().get(id))!.head.progress;
  const over = async (id: string) => {
    await handle(id)
      .result()
      .catch(() => undefined);
    return progressOf(id);
  };

  it('runs each interval once while it and the pool begin anew again and again', { timeout: 120_000 }, async () => {
    const dagId = dag('anew');
    const total = cache === 0 ? 10 : 60;
    await store(dagId, CHAIN);
    const id = await start(new BackfillGateway(temporal.connection, temporal.store, { continueFromEvents: 30 }), dagId, {
      total,
      maxActiveRuns: 4,
    });
    expect(await over(id)).toMatchObject({ state: 'success', success: total, failed: 0, left: 0 });
    const runs = await temporal.runs.dated(dagId, { from: FROM, to: FROM + (total + 2) * DAY });
    await expect
      .poll(async () => (await temporal.runs.dated(dagId, { from: FROM, to: FROM + (total + 2) * DAY })).size)
      .toBe(total);
    expect([...runs.values()].every(({ state }) => state === 'success')).toBe(true);
    const { events } = await handle(id).fetchHistory();
    expect(events!.length).toBeLessThan(200);
    if (cache > 0) await recordHistory(handle(id), 'backfill-that-begins-anew');
  });

  it.runIf(cache > 0)('is stopped by its failures, slows down before, and is cancelled', async () => {
    const dagId = dag('fails');
    await store(dagId, task('fails'));
    const id = await start(usual(), dagId, { total: 60, maxActiveRuns: 8, failureBudget: 12 });
    await expect.poll(async () => (await progressOf(id)).state).toBe('stopped');
    await expect.poll(async () => (await progressOf(id)).running).toBe(0);
    const stopped = await progressOf(id);
    expect(stopped.failed).toBeGreaterThan(12);
    expect(stopped.failed + stopped.left).toBe(60);
    expect(stopped.pace).toBeLessThan(8);
    await expect.poll(() => temporal.pools.view(activeRunsPool(dagId))).toMatchObject({ active: 0, queued: 0 });
    expect(await usual().control(id, { order: 'cancel' })).toBe(true);
    expect(await over(id)).toMatchObject({ state: 'cancelled', left: 0 });
    expect(await usual().control(id, { order: 'cancel' })).toBe(false);
    if (cache > 0) await recordHistory(handle(id), 'backfill-that-stops');
  });

  it.runIf(cache > 0)('gives way to live runs, and takes no more than its share', async () => {
    const dagId = dag('share');
    await store(dagId, task('held'), 'maxActiveRuns: 4');
    const id = await start(usual(), dagId, { total: 20, maxActiveRuns: 3 });
    const view = () => temporal.pools.view(activeRunsPool(dagId));
    await expect.poll(view).toMatchObject({ active: 3, capacity: 4, queued: 17 });
    // There is room for another one, which is not the backfill's.
    const live = await start(usual(), dagId, { total: 1, spans: [{ start: FROM + 30 * DAY, end: FROM + 31 * DAY }] });
    await expect.poll(view).toMatchObject({ active: 4, queued: 17 });
    // A cancellation from outside lets what runs finish.
    await handle(live).cancel();
    await expect.poll(async () => (await progressOf(live)).state).toBe('cancelling');
    expect(await usual().control(id, { order: 'cancel', runs: 'cancel' })).toBe(true);
    expect(await usual().control(live, { order: 'cancel', runs: 'cancel' })).toBe(true);
    expect(await over(id)).toMatchObject({ state: 'cancelled', cancelled: 3 });
    expect(await over(live)).toMatchObject({ state: 'cancelled', cancelled: 1 });
    if (cache > 0) await recordHistory(handle(id), 'backfill-that-is-cancelled');
  });

  it.runIf(cache > 0)(
    'starts runs again whose place the pool has forgotten, and finds out what was ended from outside',
    async () => {
      const dagId = dag('lost');
      await store(dagId, task('held'));
      const backfills = new BackfillGateway(temporal.connection, temporal.store, { watchMs: 300 });
      const id = await start(backfills, dagId, { total: 4, maxActiveRuns: 2 });
      await expect.poll(async () => (await progressOf(id)).running).toBe(2);
      await temporal.connection.client.workflow.getHandle(poolId(activeRunsPool(dagId))).terminate('by hand');
      await temporal.connection.client.workflow.getHandle(`${dagId}-2024-01-02T00:00:00Z`).terminate('by hand');
      await expect.poll(async () => (await progressOf(id)).failed).toBe(1);
      await expect.poll(async () => (await progressOf(id)).running).toBeGreaterThanOrEqual(2);
      await usual().control(id, { order: 'cancel', runs: 'cancel' });
      expect(await over(id)).toMatchObject({ state: 'cancelled', failed: 1 });
    },
  );

  it.runIf(cache > 0)('is validated chunk by chunk, and once more where that failed, while it begins anew', async () => {
    const [dagId, check] = [dag('chunks'), dag('check')];
    const params = 'params: { from: { type: string }, to: { type: string } }';
    await store(dagId, CHAIN);
    await storeDag(temporal, `id: ${check}\n${params}\ntasks: ${task('fails')}\n`);
    const backfills = new BackfillGateway(temporal.connection, temporal.store, { continueFromEvents: 30 });
    const validation = { validated: true, validate: { dagId: check, params: {} } } as const;
    const id = await start(backfills, dagId, { total: 4, chunk: 2, ...validation });
    await expect.poll(() => progressOf(id), { timeout: 60_000 }).toMatchObject({ state: 'stopped', success: 2, left: 2 });
    await storeDag(temporal, `id: ${check}\n${params}\ntasks: ${CHAIN}\n`);
    await usual().control(id, { order: 'resume' });
    expect(await over(id)).toMatchObject({ state: 'success', success: 4, validation: { chunk: 2, state: 'success' } });
    if (cache > 0) await recordHistory(handle(id), 'backfill-that-is-validated');
  });

  it.runIf(cache > 0)('runs the tasks that it is for, and those alone', async () => {
    const dagId = dag('partial');
    await store(dagId, CHAIN, 'outputs: { c: "${{ tasks.c.output }}" }');
    const id = await start(usual(), dagId, { total: 1, onlyTasks: ['b'] });
    expect(await over(id)).toMatchObject({ state: 'success', success: 1 });
    const runId = `${dagId}-2024-01-02T00:00:00Z`;
    expect((await temporal.runs.get(runId))!.head).toMatchObject({ counts: { success: 2, skipped: 1 }, outputs: { c: null } });
    await recordHistory(temporal.connection.client.workflow.getHandle(runId), 'a-run-for-some-of-its-tasks');
  });

  it.runIf(cache > 0)('leaves a report, by which it can be read when Temporal has forgotten it', async () => {
    const dagId = dag('forgotten');
    await store(dagId, CHAIN);
    const id = await start(usual(), dagId, { total: 2, note: 'kept' });
    await over(id);
    const { head } = (await usual().get(id))!;
    expect(head).toMatchObject({ note: 'kept', progress: { state: 'success', success: 2 } });
    const report = await readJson<BackfillReport>(temporal.store, reportKey(backfillPrefix(id)));
    expect(report).toEqual({ format: 1, head });
    // An id that Temporal does not know: to forget one takes it some twenty seconds.
    await writeJson(temporal.store, reportKey(backfillPrefix(`${id}-gone`)), report as unknown as Json);
    expect(await usual().get(`${id}-gone`)).toEqual({ head, live: true });
    expect(await usual().control(`${id}-gone`, { order: 'resume' })).toBe(false);
  });

  it('stops when its DAG is deleted', async () => {
    const dagId = dag('deleted');
    await store(dagId, CHAIN);
    await removeDag(temporal, dagId);
    const id = await start(usual(), dagId, { total: 5 });
    await expect.poll(() => progressOf(id)).toMatchObject({ state: 'stopped', reason: `the DAG ${dagId} was deleted` });
    await usual().control(id, { order: 'cancel' });
    expect(await over(id)).toMatchObject({ state: 'cancelled', success: 0 });
  });

  it.runIf(cache > 0).each([
    { maxActiveRuns: 16, total: 100, most: 12 },
    // Each place goes on by itself, which the pool puts down before it tells of it: no message, and no step, is shared.
    { maxActiveRuns: 1, total: 30, most: 18 },
  ])(
    'adds, with the pool, at most $most events for each run, $maxActiveRuns at a time',
    async ({ maxActiveRuns, total, most }) => {
      const dagId = dag(`cost-${maxActiveRuns}`);
      await store(dagId, CHAIN);
      const id = await start(usual(), dagId, { total, maxActiveRuns });
      expect(await over(id)).toMatchObject({ state: 'success', success: total });
      const pool = temporal.connection.client.workflow.getHandle(poolId(activeRunsPool(dagId)));
      const [own, gate] = await Promise.all(
        [handle(id), pool].map(async (one) => Number((await one.describe()).historyLength) / total),
      );
      console.info(`events a run, ${maxActiveRuns} at a time: backfill ${own}, pool ${gate}`);
      expect(own! + gate!).toBeLessThanOrEqual(most);
      await recordHistory(handle(id), `backfill-${maxActiveRuns}-at-a-time`);
    },
  );
});
