import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DagPlan } from '../../src/dag/plan.js';
import { readJson } from '../../src/objects/json-blob.js';
import { reportKey, runPrefix } from '../../src/objects/keys.js';
import { listRuns, type RunListInput } from '../../src/temporal/run-list.js';
import { RunRows } from '../../src/temporal/run-rows.js';
import type { WorkerHost } from '../../src/temporal/worker-host.js';
import type { DagRunInput, RunFacts, RunReport } from '../../workflows/contract.js';
import { TemporalHarness } from '../support/temporal-harness.js';

let temporal: TemporalHarness;
let worker: WorkerHost | undefined;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
  worker = await temporal.work(['baton'], { cache: 0 });
});
afterAll(() => temporal.stop());

const RETRY = { maxAttempts: 1, infraAttempts: 0, intervalMs: 1_000, multiplier: 2, maxIntervalMs: 1_000, jitter: 0 };
const noop = (id: string): DagPlan['tasks'][number] => ({ id, type: 'noop' });
/** Stays queued: nobody works on that queue. */
const endless = (id: string): DagPlan['tasks'][number] => ({
  id,
  type: 'activity',
  activity: { name: 'any', queue: 'nobody', foreign: { args: [] }, timeoutMs: 600_000, retry: RETRY },
});

function input(dagId: string, key: string, tasks: DagPlan['tasks'], facts: Partial<RunFacts> = {}): DagRunInput {
  const runId = `${dagId}@${key}`;
  const runKey = `${dagId}=${key}`;
  const instant = '2026-01-02T00:00:00Z';
  const run: RunFacts = {
    runId,
    dagId,
    version: 1,
    execution: 1,
    dated: false,
    acceptedAt: Date.now(),
    params: { secretless: true },
    requestHash: 'hash',
    scope: {
      id: runId,
      key: runKey,
      dagId,
      ds: '2026-01-01',
      dsNodash: '20260101',
      logicalDate: instant,
      dataInterval: { start: '2026-01-01T00:00:00Z', end: instant },
      trigger: 'manual',
    },
    ...facts,
  };
  return {
    run,
    planKey: 'plans/none',
    prefix: runPrefix(dagId, runKey, 1),
    plan: { format: 1, dagId, maxActiveTasks: 16, failFast: false, bodies: [], tasks },
  };
}
const startRun = async (...args: Parameters<typeof input>) => {
  const run = input(...args);
  expect((await temporal.runs.start(run)).started).toBe(true);
  return run;
};

describe('one run', () => {
  test('is started once, waited for, and read from its report when it is over', async () => {
    const run = await startRun('one', 'a', [noop('t1'), noop('t2'), noop('t3')], { note: 'see *this*' });
    expect(await temporal.runs.start(run)).toMatchObject({ started: false });
    expect(await temporal.runs.waitClosed('one@a', 10_000)).toBe(true);
    const view = (await temporal.runs.get('one@a'))!;
    expect(view).toMatchObject({
      live: true,
      temporalRunId: expect.any(String),
      head: { state: 'success', counts: { success: 3 }, run: { params: { secretless: true }, note: 'see *this*' } },
    });
    expect(await temporal.runs.exists('one@a', 'one', 'one=a')).toEqual({
      exists: true,
      execution: 1,
      requestHash: 'hash',
      open: false,
    });
    expect((await temporal.runs.tasks('one@a', { limit: 2 }))?.tasks.map((task) => task.taskId)).toEqual(['t1', 't2']);
    expect(await temporal.runs.tasks('one@a', { limit: 2, after: 't2' })).toMatchObject({
      live: true,
      more: false,
      tasks: [{ taskId: 't3', state: 'success' }],
    });
    expect((await temporal.runs.tasks('one@a', { limit: 9, taskId: 't2' }))?.tasks).toHaveLength(1);
    expect((await temporal.runs.tasks('one@a', { limit: 9, state: 'failed' }))?.tasks).toEqual([]);
  });

  test('still exists and reads the same after Temporal has forgotten it', async () => {
    await startRun('old', 'a', [noop('t')]);
    await temporal.runs.waitClosed('old@a', 10_000);
    const runs = temporal.forgetful();
    expect(await runs.exists('old@a', 'old', 'old=a')).toEqual({
      exists: true,
      execution: 1,
      requestHash: 'hash',
      open: false,
    });
    expect(await runs.get('old@a')).toMatchObject({ live: true, head: { state: 'success' } });
    expect((await runs.get('old@a'))?.temporalRunId).toBeUndefined();
    expect(await runs.cancel('old@a')).toBe('closed');
  });

  test('that never was is unknown to everything', async () => {
    expect(await temporal.runs.exists('no@run', 'no', 'no=run')).toEqual({ exists: false });
    expect(await temporal.runs.get('no@run')).toBeUndefined();
    expect(await temporal.runs.get('../../etc')).toBeUndefined();
    expect(await temporal.runs.tasks('no@run', { limit: 1 })).toBeUndefined();
    expect(await temporal.runs.cancel('no@run')).toBe('unknown');
  });

  test('can be waited for only so long, and cancelled once', async () => {
    await startRun('slow', 'a', [endless('t')]);
    const began = Date.now();
    expect(await temporal.runs.waitClosed('slow@a', 500)).toBe(false);
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(await temporal.runs.waitClosed('slow@a', 60_000, AbortSignal.timeout(200))).toBe(false);
    expect(await temporal.runs.get('slow@a')).toMatchObject({ live: true, head: { state: 'running' } });
    expect(await temporal.runs.exists('slow@a', 'slow', 'slow=a')).toMatchObject({ exists: true, open: true });
    expect(await temporal.runs.cancel('slow@a', 'tester')).toBe('requested');
    expect(await temporal.runs.waitClosed('slow@a', 10_000)).toBe(true);
    expect(await temporal.runs.get('slow@a')).toMatchObject({ live: true, head: { state: 'cancelled' } });
    expect(await temporal.runs.cancel('slow@a')).toBe('closed');
  });

  test('terminated from outside reads as failed, and gets its report from the first reader', async () => {
    const run = await startRun('killed', 'a', [noop('done'), endless('busy'), { ...noop('never'), upstream: [1] }]);
    await expect.poll(async () => (await temporal.runs.get('killed@a'))?.head.counts.success).toBe(1);
    await temporal.connection.client.workflow.getHandle('killed@a').terminate('by a test');
    const view = await temporal.runs.get('killed@a');
    expect(view).toMatchObject({
      live: true,
      head: { state: 'failed', failure: { kind: 'terminated' }, endedAt: expect.any(Number) },
    });
    const tasks = (await temporal.runs.tasks('killed@a', { limit: 10 }))!.tasks;
    expect(tasks.map(({ taskId, state, failure }) => [taskId, state, failure?.kind])).toEqual([
      ['busy', 'failed', 'terminated'],
      ['done', 'success', undefined],
      ['never', 'cancelled', undefined],
    ]);
    expect(await readJson<RunReport>(temporal.store, reportKey(run.prefix))).toMatchObject({
      writtenBy: 'reader',
      planKey: 'plans/none',
    });
    expect(await temporal.forgetful().exists('killed@a', 'killed', 'killed=a')).toMatchObject({ exists: true });
  });
});

test('without a worker reads answer, and say that they are not live', async () => {
  const run = await startRun('away', 'open', [noop('done'), endless('t')], { tags: ['x'] });
  await expect.poll(async () => (await temporal.runs.get('away@open'))?.head.counts.success).toBe(1);
  await worker!.stop();
  const began = Date.now();
  expect(await temporal.runs.get('away@open')).toMatchObject({
    live: false,
    head: { state: 'running', run: { params: { secretless: true } } },
  });
  expect(Date.now() - began).toBeLessThan(4_000);
  expect(await temporal.runs.tasks('away@open', { limit: 5 })).toMatchObject({ live: false, tasks: [], more: false });
  await temporal.connection.client.workflow.getHandle('away@open').terminate();
  expect(await temporal.runs.get('away@open')).toMatchObject({
    live: false,
    head: { state: 'failed', failure: { kind: 'terminated' } },
  });
  expect(await temporal.store.has(reportKey(run.prefix))).toBe(false);
  expect(await temporal.runs.get('one@a')).toMatchObject({ live: true, head: { state: 'success' } });
  // A run that was ended before it did anything needs nobody to tell its story.
  await startRun('away', 'unborn', [noop('t')]);
  await temporal.connection.client.workflow.getHandle('away@unborn').terminate();
  expect(await temporal.runs.get('away@unborn')).toMatchObject({
    live: true,
    head: { state: 'failed', failure: { kind: 'terminated' }, run: { params: { secretless: true } } },
  });

  const states = async (filter: Partial<RunListInput>) =>
    (await temporal.runs.list({ limit: 50, ...filter })).items.map((row) => `${row.run.runId} ${row.state}`);
  await expect.poll(() => states({ dagId: 'away' })).toEqual(['away@unborn failed', 'away@open failed']);
  expect(await states({ dagId: 'away', state: 'failed', tag: 'x', trigger: 'manual' })).toEqual(['away@open failed']);
  expect(await states({ dagId: 'away', state: 'running' })).toEqual([]);
  expect(await states({ dagId: 'one', state: 'success' })).toEqual(['one@a success']);
  expect(await states({ dagId: 'slow', state: 'cancelled' })).toEqual(['slow@a cancelled']);
  expect(await states({ dagId: "x' OR DagId != '" })).toEqual([]);
  const date = (text: string) => new Date(`2026-01-${text}`);
  expect(
    await states({ dagId: 'one', logicalDateFrom: date('02T00:00:00Z'), logicalDateTo: date('02T00:00:00.001Z') }),
  ).toEqual(['one@a success']);
  expect(await states({ dagId: 'one', logicalDateTo: date('02T00:00:00Z') })).toEqual([]);

  // A worker comes back: now the report can be made.
  worker = await temporal.work(['baton']);
  await expect.poll(async () => (await temporal.runs.get('away@open'))?.live, { timeout: 15_000 }).toBe(true);
  expect((await temporal.runs.tasks('away@open', { limit: 5 }))?.tasks.map((task) => task.state)).toEqual([
    'success',
    'failed',
  ]);
}, 60_000);

test('lists are newest first, whole and without doubles, whatever the pages and windows', async () => {
  await worker!.stop();
  worker = undefined;
  const base = Date.parse('2026-03-01T00:00:00Z');
  // A burst within one second, a crowd within one ms, and a long thin tail.
  const at = (n: number) => (n < 150 ? base + n * 7 : n < 180 ? base + 5_000 : base + n * 3_600_000);
  const wanted = [];
  for (let n = 0; n < 300; n += 10) {
    const some = Array.from({ length: 10 }, (_, k) =>
      input('many', `r${n + k}`, [noop('t')], { acceptedAt: at(n + k), tags: (n + k) % 3 === 0 ? ["o'clock"] : [] }),
    );
    await Promise.all(some.map((run) => temporal.runs.start(run)));
    wanted.push(...some);
  }
  wanted.sort((a, b) => b.run.acceptedAt - a.run.acceptedAt || (a.run.runId < b.run.runId ? 1 : -1));
  const { client } = temporal.connection;
  await expect.poll(async () => (await client.workflow.count("DagId = 'many'")).count).toBe(300);

  const all = async (query: Omit<RunListInput, 'cursor'>, windowRows?: number) => {
    const ids: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await temporal.connection.call(
        () => listRuns(client, new RunRows(temporal.dags, temporal.runs.scheduled), { ...query, cursor }, windowRows),
        {
          deadlineMs: 20_000,
        },
      );
      ids.push(...page.items.map((row) => row.run.runId));
      if (page.nextCursor === undefined) return ids;
      expect(page.items).toHaveLength(query.limit);
      cursor = page.nextCursor;
    }
  };
  const ids = wanted.map(({ run }) => run.runId);
  expect(await all({ dagId: 'many', limit: 50 })).toEqual(ids);
  expect(await all({ dagId: 'many', limit: 20 }, 60)).toEqual(ids);
  expect(await all({ dagId: 'many', limit: 30 }, 32)).toEqual(ids);
  expect(await all({ dagId: 'many', limit: 50, tag: "o'clock" })).toEqual(
    wanted.filter(({ run }) => run.tags?.length).map(({ run }) => run.runId),
  );
  expect(
    await all({ dagId: 'many', limit: 50, startedFrom: new Date(base + 5_000), startedTo: new Date(base + 200 * 3_600_000) }),
  ).toEqual(
    wanted
      .filter(({ run }) => run.acceptedAt >= base + 5_000 && run.acceptedAt < base + 200 * 3_600_000)
      .map(({ run }) => run.runId),
  );
}, 120_000);
