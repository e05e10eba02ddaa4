import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Answer, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

const DAILY = (id: string, more = '') => `id: ${id}
schedule: "@daily"
params: { name: { type: string, default: world } }
${more}
tasks:
  a: { type: transform, with: { value: "\${{ run.ds }}" } }
  b: { type: transform, dependsOn: [a], with: { value: "\${{ params.name }}" } }
  c: { type: transform, dependsOn: [b], with: { value: "\${{ tasks.a.output + tasks.b.output }}" } }
outputs: { c: "\${{ tasks.c.output }}" }
`;
const OVER = ['success', 'failed', 'cancelled'];

describe('backfills over REST', () => {
  let baton: TestService;
  beforeAll(async () => {
    baton = await TestService.start({
      BATON_ACTIVITIES: fileURLToPath(new URL('backfill-activities.mjs', import.meta.url)),
    });
  });
  afterAll(() => baton?.stop());

  const create = (body: object, headers?: Record<string, string>): Promise<Answer> =>
    baton.post('/api/v1/backfills', body, headers);
  const read = async (id: string) => (await baton.get(`/api/v1/backfills/${id}`)).body;
  const over = async (id: string) => {
    await until(async () => OVER.includes((await read(id)).state));
    return read(id);
  };
  const runOf = async (runId: string) => (await baton.get(`/api/v1/runs/${encodeURIComponent(runId)}`)).body;

  it('bring those DAGs with them that wait for their runs, each behind all that it waits for', async () => {
    const waits = (id: string, ...others: string[]) => `id: ${id}
schedule: "@daily"
tasks:
${others.map((dag) => `  ${dag}: { type: wait, with: { run: { dag: ${dag} } } }`).join('\n')}
`;
    await baton.put(DAILY('source'));
    await baton.put(waits('middle', 'source'));
    await baton.put(waits('last', 'middle', 'source'));
    await baton.put(waits('elsewhere', 'unknown'));
    const range = { dagId: 'source', from: '2024-02-01', to: '2024-02-02', downstream: true };
    const { body: plan } = await create({ ...range, dryRun: true });
    expect(plan.downstream).toEqual([
      { dagId: 'middle', total: 2 },
      { dagId: 'last', total: 2 },
    ]);
    const { body } = await create(range);
    expect(body.downstream).toMatchObject({ dags: 2, dagId: 'middle' });
    expect((await over(body.id)).state).toBe('success');
    const middle = await over(body.downstream.backfillId);
    expect(middle).toMatchObject({ state: 'success', dagId: 'middle', downstream: { dags: 1, dagId: 'last' } });
    const last = await over(middle.downstream.backfillId);
    expect(last).toMatchObject({ state: 'success', dagId: 'last', progress: { success: 2 } });
    expect(last.downstream).toBeUndefined();
    expect((await runOf('last-2024-02-03T00:00:00Z')).state).toBe('success');
  });

  it('run every interval of a range once, and nothing a second time', async () => {
    await baton.put(DAILY('daily'));
    const body = { dagId: 'daily', from: '2024-01-01', to: '2024-04-09', maxActiveRuns: 16, params: { name: 'x' } };
    const plan = (await create({ ...body, dryRun: true })).body;
    expect(plan).toMatchObject({
      dryRun: true,
      total: 100,
      maxActiveRuns: 16,
      from: '2024-01-01T00:00:00Z',
      to: '2024-04-10T00:00:00Z',
    });
    expect(plan.items[0]).toEqual({
      logicalDate: '2024-01-02T00:00:00Z',
      dataInterval: { start: '2024-01-01T00:00:00Z', end: '2024-01-02T00:00:00Z' },
      runId: 'daily-2024-01-02T00:00:00Z',
      included: true,
      reason: 'new',
      execution: 1,
    });
    const created = await create(body);
    expect(created.status).toBe(202);
    expect(created.headers.get('location')).toBe(created.body.links.self);
    const done = await over(created.body.id);
    expect(done).toMatchObject({
      state: 'success',
      live: true,
      progress: { total: 100, done: 100, success: 100, failed: 0, running: 0, left: 0, out: {} },
    });
    const first = await runOf('daily-2024-01-02T00:00:00Z');
    expect(first).toMatchObject({
      state: 'success',
      trigger: 'backfill',
      execution: 1,
      backfillId: created.body.id,
      params: { name: 'x' },
      outputs: { c: '2024-01-01x' },
    });
    const again = await over((await create(body)).body.id);
    expect(again).toMatchObject({ state: 'success', progress: { total: 100, done: 0, left: 0, out: { has_run: 100 } } });
    expect((await runOf('daily-2024-04-10T00:00:00Z')).execution).toBe(1);
  });

  /** A DAG whose runs work until the test opens a gate, or fail until then. */
  const gated = (id: string, activity: string, more = '') => {
    const gate = join(baton.home, `${id}.gate`);
    const text = `id: ${id}\nschedule: "@daily"\n${more}\ntasks: { a: { type: activity, with: { name: ${activity}, args: ["${gate}"] } } }\n`;
    return { store: () => baton.put(text), open: () => writeFile(gate, '') };
  };

  it('start nothing while they are paused, and go on when they are resumed', async () => {
    const dag = gated('paused', 'waitForFile');
    await dag.store();
    const { id } = (await create({ dagId: 'paused', from: '2024-01-01', to: '2024-01-20', maxActiveRuns: 3 })).body;
    await until(async () => (await read(id)).progress.running === 3);
    expect((await baton.get('/api/v1/dags/paused/places')).body).toMatchObject({ active: 3, maxActiveRuns: 16 });
    const paused = await baton.post(`/api/v1/backfills/${id}/pause`);
    expect([paused.status, paused.body.state]).toEqual([202, 'paused']);
    await until(async () => (await baton.get('/api/v1/dags/paused/places')).body.queued === 0);
    await dag.open();
    await until(async () => (await read(id)).progress.success === 3);
    expect((await read(id)).progress).toMatchObject({ done: 3, running: 0, left: 17 });
    const listed = await baton.get('/api/v1/backfills?dagId=paused&state=paused');
    expect(listed.body.items.map((backfill: { id: string }) => backfill.id)).toEqual([id]);
    const resumed = await baton.post(`/api/v1/backfills/${id}/resume`);
    expect([resumed.status, resumed.body.state]).toEqual([202, 'running']);
    expect(await over(id)).toMatchObject({ state: 'success', progress: { success: 20 } });
    const late = await baton.post(`/api/v1/backfills/${id}/pause`);
    expect([late.status, late.body.code]).toEqual([409, 'backfill_over']);
  });

  it.each(['finish', 'cancel'] as const)('are cancelled: runs that are at work %s', async (runs) => {
    const dagId = `stop-${runs}`;
    const dag = gated(dagId, 'waitForFile');
    await dag.store();
    const { id } = (await create({ dagId, from: '2024-01-01', to: '2024-01-20', maxActiveRuns: 2 })).body;
    await until(async () => (await read(id)).progress.running === 2);
    const asked = await baton.post(`/api/v1/backfills/${id}/cancel`, { runs });
    expect(asked.status).toBe(202);
    expect(['cancelling', 'cancelled']).toContain(asked.body.state);
    if (runs === 'finish') {
      expect((await baton.post(`/api/v1/backfills/${id}/resume`)).body.code).toBe('backfill_over');
      await dag.open();
    }
    const counts = runs === 'finish' ? { success: 2, cancelled: 0 } : { success: 0, cancelled: 2 };
    expect(await over(id)).toMatchObject({ state: 'cancelled', progress: { ...counts, done: 2, running: 0 } });
    expect(await runOf(`${dagId}-2024-01-02T00:00:00Z`)).toMatchObject({ state: runs === 'finish' ? 'success' : 'cancelled' });
    await until(async () => (await baton.get(`/api/v1/dags/${dagId}/places`)).body.active === 0);
    expect((await baton.get(`/api/v1/runs?dagId=${dagId}`)).body.items).toHaveLength(2);
  });

  it('stop when their failure budget is used up, can be resumed, and do again what failed, as further executions', async () => {
    const dag = gated('fails', 'needsFile');
    await dag.store();
    const range = { dagId: 'fails', from: '2024-01-01', to: '2024-01-10' };
    const { id } = (await create({ ...range, maxActiveRuns: 1, failureBudget: 2 })).body;
    await until(async () => (await read(id)).state === 'stopped');
    expect(await read(id)).toMatchObject({
      reason: '3 runs have failed, more than the failureBudget of 2 allows',
      progress: { failed: 3, left: 7, running: 0 },
    });
    await dag.open();
    await baton.post(`/api/v1/backfills/${id}/resume`);
    expect(await over(id)).toMatchObject({ state: 'failed', progress: { success: 7, failed: 3 } });

    const plan = await create({ ...range, reprocess: 'failed', dryRun: true });
    expect(plan.body.items.map(({ reason, execution }: { reason: string; execution?: number }) => [reason, execution])).toEqual(
      Array.from({ length: 10 }, (_, i) => (i < 3 ? ['unsuccessful', 2] : ['succeeded', undefined])),
    );
    const mended = await over((await create({ ...range, reprocess: 'failed' })).body.id);
    expect(mended).toMatchObject({ state: 'success', progress: { success: 3, out: { succeeded: 7 } } });
    expect(await runOf('fails-2024-01-02T00:00:00Z')).toMatchObject({ state: 'success', execution: 2, backfillId: mended.id });
    const { items } = (await baton.get('/api/v1/runs/fails-2024-01-02T00%3A00%3A00Z/executions')).body;
    expect(items.map(({ state }: { state: string }) => state)).toEqual(['success', 'failed']);

    const third = await over((await create({ ...range, reprocess: 'completed', order: 'newest' })).body.id);
    expect(third.progress).toMatchObject({ success: 10, out: {} });
    expect((await runOf('fails-2024-01-02T00:00:00Z')).execution).toBe(3);
    expect((await runOf('fails-2024-01-11T00:00:00Z')).execution).toBe(2);
  });

  it('over the same days, at the same time, make one run each', async () => {
    await baton.put(DAILY('shared'));
    const range = { dagId: 'shared', from: '2024-01-01', to: '2024-01-30' };
    const ids = await Promise.all([
      create({ ...range, order: 'newest' }).then(({ body }) => body.id),
      create(range).then(({ body }) => body.id),
      baton.post('/api/v1/dags/shared/runs', { logicalDate: '2024-01-16T00:00:00Z' }).then(() => undefined),
    ]);
    const ended = await Promise.all(ids.slice(0, 2).map((id) => over(id)));
    const success = ended.map(({ progress }) => progress.success);
    expect(ended.map(({ progress }) => progress.success + progress.out.has_run)).toEqual([30, 30]);
    expect([29, 30]).toContain(success[0] + success[1]);
    const { items } = (await baton.get('/api/v1/runs?dagId=shared&limit=200')).body;
    expect(items).toHaveLength(30);
    expect(new Set(items.map(({ execution, state }: Answer['body']) => `${execution} ${state}`))).toEqual(
      new Set(['1 success']),
    );
  });

  it('are known by their Idempotency-Key', async () => {
    await baton.put(DAILY('keyed'));
    const body = { dagId: 'keyed', dates: ['2024-01-03', '2024-01-01', '2024-01-02T00:00:00Z'], chunk: 1 };
    const key = { 'idempotency-key': 'one' };
    const [first, second] = [await create(body, key), await create(body, key)];
    expect([first.status, second.status, second.body.id]).toEqual([202, 200, first.body.id]);
    const other = await create({ ...body, chunk: 2 }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(await over(first.body.id)).toMatchObject({ state: 'success', progress: { total: 3, success: 3 } });
    expect((await baton.get('/api/v1/backfills?dagId=keyed')).body.items).toMatchObject([{ id: first.body.id, chunk: 1 }]);
  });

  it('go on where a page of their plan, or of their list, ended', async () => {
    await baton.put(DAILY('paged').replace('"@daily"', '{ cron: "30 2 * * *", timezone: Europe/Berlin }'));
    const body = { dagId: 'paged', from: '2024-03-29', to: '2024-04-02', dryRun: true };
    for (const order of ['oldest', 'newest']) {
      const dates: string[] = [];
      for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page++) {
        const address = `/api/v1/backfills?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`;
        const { body: answer } = await baton.post(address, { ...body, order });
        dates.push(...answer.items.map(({ logicalDate }: Answer['body']) => logicalDate));
        cursor = answer.nextCursor;
      }
      // There is no half past two on the 31st of March.
      const ascending = ['2024-03-30T01:30:00Z', '2024-04-01T00:30:00Z', '2024-04-02T00:30:00Z', '2024-04-03T00:30:00Z'];
      expect([order, dates]).toEqual([order, order === 'oldest' ? ascending : ascending.reverse()]);
    }
    const unplanned = await baton.post('/api/v1/backfills?limit=2', { ...body, dryRun: false });
    expect([unplanned.status, unplanned.body.errors]).toEqual([
      400,
      [{ parameter: 'limit', detail: 'limit belongs to a dry run' }],
    ]);
    const future = (await create({ dagId: 'paged', dates: ['2090-01-01'], dryRun: true })).body;
    expect(future.items).toMatchObject([{ included: false, reason: 'future' }]);
  });

  const range = { from: '2024-01-01', to: '2024-01-31' };
  it.each([
    ['from after to', { from: '2024-02-01', to: '2024-01-01' }, 422, 'invalid_range', '/from'],
    ['the same instant', { from: '2024-02-01T00:00:00Z', to: '2024-02-01T00:00:00Z' }, 422, 'invalid_range', '/from'],
    ['no interval', { from: '2024-02-01T01:00:00Z', to: '2024-02-01T02:00:00Z' }, 422, 'no_intervals', '/from'],
    ['a million intervals', { ...range, to: '2026-01-01', dagId: 'minutes' }, 422, 'too_many_intervals', '/to'],
    ['no schedule', { ...range, dagId: 'unscheduled' }, 422, 'dag_without_schedule', '/dagId'],
    ['no such DAG', { ...range, dagId: 'nobody' }, 404, 'dag_not_found', undefined],
    ['no such version', { ...range, version: 7 }, 404, 'version_not_found', undefined],
    ['a zone that does not exist', { ...range, from: '2024-01-01T00:00:00+25:00' }, 400, 'invalid_fields', '/from'],
    ['a named zone', { ...range, from: '2024-01-01T00:00:00[Mars/Base]' }, 400, 'invalid_fields', '/from'],
    ['a time that the clock skips', { ...range, dagId: 'zoned', from: '2024-03-31T02:30' }, 400, 'invalid_fields', '/from'],
    ['no date', { ...range, from: '2024-02-30' }, 400, 'invalid_fields', '/from'],
    ['a date without an interval', { dates: ['2024-01-01', '2024-01-01T05:00:00Z'] }, 422, 'date_not_scheduled', '/dates/1'],
    ['a range and dates', { ...range, dates: ['2024-01-01'] }, 400, 'invalid_fields', '/dates'],
    ['half a range', { from: '2024-01-01' }, 400, 'invalid_fields', '/to'],
    ['nothing', {}, 400, 'invalid_fields', '/from'],
    ['dates of another type', { dates: [7] }, 400, 'invalid_fields', '/dates'],
    ['no dates', { dates: [] }, 400, 'invalid_fields', '/dates'],
    ['no places', { ...range, maxActiveRuns: 0 }, 400, 'invalid_fields', '/maxActiveRuns'],
    ['an unknown field', { ...range, backwards: true }, 400, 'invalid_fields', '/backwards'],
    ['a param of another type', { ...range, params: { name: 7 } }, 422, 'invalid_params', '/params/name'],
    ['downstream of another type', { ...range, downstream: 'all' }, 400, 'invalid_fields', '/downstream'],
  ])('are refused with %s: %j gives %i %s', async (_name, fields, status, code, pointer) => {
    await baton.put(DAILY('bad'));
    await baton.put(DAILY('minutes').replace('@daily', '* * * * *'));
    await baton.put(DAILY('zoned', 'timezone: Europe/Berlin'));
    await baton.put('id: unscheduled\ntasks: { a: { type: noop } }\n');
    for (const dryRun of [true, false]) {
      const answer = await create({ dagId: 'bad', ...fields, dryRun });
      expect([answer.status, answer.body.code, answer.body.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
    }
  });

  const TRIAL = '../shared/spec-trials/d-backfill.request.yaml';
  it.skipIf(!existsSync(TRIAL))('run a request as a user wrote it: a month of nights, a week at a time', async () => {
    const request = parse(await readFile(TRIAL, 'utf8'));
    await baton.put(DAILY('orders_elt').replace('"@daily"', '{ cron: "0 2 * * *", timezone: Europe/Berlin, jitter: 30s }'));
    const plan = await create(request);
    // There is no two o'clock on the 30th of March.
    expect([plan.status, plan.body.total, plan.body.maxActiveRuns]).toEqual([200, 30, 8]);
    const nights = plan.body.items.map(({ logicalDate }: Answer['body']) => logicalDate);
    expect([nights[0], nights.at(-1)]).toEqual(['2025-03-02T01:00:00Z', '2025-04-01T00:00:00Z']);
    const { id } = (await create({ ...request, dryRun: false })).body;
    expect(await over(id)).toMatchObject({ state: 'success', chunk: 7, failureBudget: 3, progress: { success: 30 } });
  });

  it('that do not exist are not found', async () => {
    for (const answer of [
      await baton.get('/api/v1/backfills/nobody'),
      await baton.post('/api/v1/backfills/nobody/pause'),
      await baton.post('/api/v1/backfills/nobody/cancel', {}),
    ])
      expect([answer.status, answer.body.code]).toEqual([404, 'backfill_not_found']);
    expect((await baton.get('/api/v1/backfills/a%20b')).body.code).toBe('invalid_id');
  });
});
