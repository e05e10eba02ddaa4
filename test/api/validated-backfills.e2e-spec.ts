import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

const DAILY = (id: string) => `id: ${id}\nschedule: "@daily"\ntasks: { a: { type: noop } }\n`;
const INSTANT = '{ type: string, format: date-time }';

describe('a backfill that is validated', () => {
  let baton: TestService;
  beforeAll(async () => {
    baton = await TestService.start({
      BATON_ACTIVITIES: fileURLToPath(new URL('backfill-activities.mjs', import.meta.url)),
    });
  });
  afterAll(() => baton?.stop());

  const create = (body: object): Promise<Answer> => baton.post('/api/v1/backfills', body);
  const read = async (id: string) => (await baton.get(`/api/v1/backfills/${id}`)).body;
  const is = async (id: string, state: string) => {
    await until(async () => (await read(id)).state === state);
    return read(id);
  };
  const steer = (id: string, how: string, body?: object) => baton.post(`/api/v1/backfills/${id}/${how}`, body);
  const runsOf = async (dagId: string): Promise<Answer['body'][]> => {
    const { items } = (await baton.get(`/api/v1/runs?dagId=${dagId}&limit=200`)).body;
    return Promise.all(items.map(async ({ links }: Answer['body']) => (await baton.get(links.self)).body));
  };
  /** A DAG that validates by an activity of one argument, the path of a file that the test makes. */
  const checker = async (id: string, activity = 'needsFile', more = '') => {
    const gate = join(baton.home, `${id}.gate`);
    await baton.put(`id: ${id}
params: { from: ${INSTANT}, to: ${INSTANT}, table: { type: string, default: orders } }
${more}
tasks: { look: { type: activity, with: { name: ${activity}, args: ["${gate}"] } } }
`);
    return { open: () => writeFile(gate, '') };
  };

  it('runs a DAG after each chunk, which is told what data it is about', async () => {
    await baton.put(DAILY('chunks'));
    await (await checker('check-chunks')).open();
    const validate = { dag: 'check-chunks', params: { table: 'sales' } };
    const created = await create({ dagId: 'chunks', from: '2024-01-01', to: '2024-01-07', chunk: 3, validate });
    expect([created.status, created.body.validate, created.body.validation]).toEqual([202, 'check-chunks', undefined]);
    const { id } = created.body;
    const runId = `check-chunks@validate-${id}-3-1`;
    expect(await is(id, 'success')).toMatchObject({
      progress: { success: 7 },
      validation: {
        chunk: 3,
        state: 'success',
        from: '2024-01-07T00:00:00Z',
        to: '2024-01-08T00:00:00Z',
        runId,
        href: `/api/v1/runs/${encodeURIComponent(runId)}`,
      },
    });
    const checks = (await runsOf('check-chunks')).reverse();
    expect(checks.map(({ params, state, trigger, backfillId }) => [params, state, trigger, backfillId])).toEqual(
      [
        ['2024-01-01', '2024-01-04'],
        ['2024-01-04', '2024-01-07'],
        ['2024-01-07', '2024-01-08'],
      ].map(([from, to]) => [{ table: 'sales', from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` }, 'success', 'backfill', id]),
    );
    // Each stretch was over before it was looked at, and the next one began afterwards.
    const runs = (await runsOf('chunks')).reverse();
    const ends = [runs.slice(0, 3), runs.slice(3, 6)].map((some) => some.map(({ endedAt }) => Date.parse(endedAt)));
    for (const [i, some] of ends.entries()) {
      expect(Math.max(...some)).toBeLessThanOrEqual(Date.parse(checks[i].acceptedAt));
      expect(Date.parse(runs[3 * i + 3].acceptedAt)).toBeGreaterThanOrEqual(Date.parse(checks[i].endedAt));
    }
  });

  it('stops when that fails, goes no further, and validates again when it is resumed', async () => {
    await baton.put(DAILY('fails'));
    const gate = await checker('check-fails');
    const body = { dagId: 'fails', from: '2024-01-01', to: '2024-01-04', chunk: 2, validate: 'check-fails', order: 'newest' };
    const { id } = (await create(body)).body;
    const first = `check-fails@validate-${id}-1-1`;
    expect(await is(id, 'stopped')).toMatchObject({
      reason: `the validation of chunk 1 failed: run ${first}`,
      progress: { success: 2, left: 2 },
      validation: { chunk: 1, state: 'failed', runId: first, from: '2024-01-03T00:00:00Z', to: '2024-01-05T00:00:00Z' },
    });
    await steer(id, 'resume');
    await until(async () => (await read(id)).reason?.endsWith('-1-2') === true);
    await gate.open();
    await steer(id, 'resume');
    expect(await is(id, 'success')).toMatchObject({ progress: { success: 4 }, validation: { chunk: 2, state: 'success' } });
    expect((await runsOf('check-fails')).map(({ state }) => state).reverse()).toEqual([
      'failed',
      'failed',
      'success',
      'success',
    ]);
  });

  it('without chunks is validated once, at the end, and not at all where nothing was run', async () => {
    await baton.put(DAILY('whole'));
    await (await checker('check-whole')).open();
    const body = { dagId: 'whole', from: '2024-01-01', to: '2024-01-30', validate: 'check-whole' };
    const { id } = (await create(body)).body;
    const range = { from: '2024-01-01T00:00:00Z', to: '2024-01-31T00:00:00Z' };
    expect(await is(id, 'success')).toMatchObject({ progress: { success: 30 }, validation: { chunk: 1, ...range } });
    const again = (await create(body)).body;
    expect(await is(again.id, 'success')).toMatchObject({ progress: { out: { has_run: 30 } } });
    expect((await read(again.id)).validation).toBeUndefined();
    expect(await runsOf('check-whole')).toHaveLength(1);
  });

  it('waits for a place of the DAG that validates, and gives it up while it is paused', async () => {
    await baton.put(DAILY('waits'));
    const gate = await checker('check-waits', 'waitForFile', 'maxActiveRuns: 1');
    const params = { from: '2024-01-01T00:00:00Z', to: '2024-01-01T00:00:00Z' };
    await baton.post('/api/v1/dags/check-waits/runs', { params });
    const places = async () => (await baton.get('/api/v1/dags/check-waits/places')).body;
    await until(async () => (await places()).active === 1);
    const { id } = (await create({ dagId: 'waits', from: '2024-01-01', to: '2024-01-02', validate: 'check-waits' })).body;
    await until(async () => (await read(id)).validation?.state === 'waiting');
    expect(await places()).toMatchObject({ active: 1, queued: 1 });
    await steer(id, 'pause');
    await until(async () => (await places()).queued === 0);
    await gate.open();
    await steer(id, 'resume');
    expect(await is(id, 'success')).toMatchObject({ validation: { chunk: 1, state: 'success' } });
  });

  it.each(['finish', 'cancel'] as const)('is cancelled while it is validated: that run may %s', async (runs) => {
    const dagId = `ends-${runs}`;
    await baton.put(DAILY(dagId));
    const gate = await checker(`check-${dagId}`, 'waitForFile');
    const { id } = (await create({ dagId, from: '2024-01-01', to: '2024-01-02', validate: `check-${dagId}` })).body;
    await until(async () => (await read(id)).validation?.state === 'running');
    await steer(id, 'cancel', { runs });
    if (runs === 'finish') {
      expect((await read(id)).state).toBe('cancelling');
      await gate.open();
    }
    const state = runs === 'finish' ? 'success' : 'cancelled';
    expect(await is(id, 'cancelled')).toMatchObject({ progress: { success: 2 }, validation: { state } });
  });

  it('stops where the DAG that validates is gone by then, and goes on when it is there again', async () => {
    const gate = join(baton.home, 'gone.gate');
    await baton.put(DAILY('gone').replace('noop', `activity, with: { name: waitForFile, args: ["${gate}"] }`));
    await (await checker('check-gone')).open();
    const { id } = (await create({ dagId: 'gone', from: '2024-01-01', to: '2024-01-01', validate: 'check-gone' })).body;
    await until(async () => (await read(id)).progress.running === 1);
    expect((await baton.call('DELETE', '/api/v1/dags/check-gone')).status).toBe(200);
    await writeFile(gate, '');
    expect(await is(id, 'stopped')).toMatchObject({
      reason: 'the validation could not begin: the DAG check-gone was deleted',
      progress: { success: 1 },
    });
    await checker('check-gone');
    await steer(id, 'resume');
    expect(await is(id, 'success')).toMatchObject({ validation: { state: 'success' } });
  });

  const range = { from: '2024-01-01', to: '2024-01-31' };
  it.each([
    ['a DAG that is not there', 'nobody', 422, 'validation_unavailable', '/validate'],
    ['a DAG without the params', 'plain', 422, 'invalid_params', '/validate/params/from'],
    [
      'params that are not there',
      { dag: 'check-bad', params: { tabel: 'x' } },
      422,
      'invalid_params',
      '/validate/params/tabel',
    ],
    ['a param of another type', { dag: 'check-bad', params: { table: 7 } }, 422, 'invalid_params', '/validate/params/table'],
    ['a param that is told', { dag: 'check-bad', params: { to: 'x' } }, 422, 'invalid_params', '/validate/params/to'],
    ['no id', 'a b', 400, 'invalid_fields', '/validate'],
    ['another type', 7, 400, 'invalid_fields', '/validate'],
    ['null', null, 400, 'invalid_fields', '/validate'],
    ['no DAG', { params: {} }, 400, 'invalid_fields', '/validate/dag'],
    ['an unknown field', { dag: 'check-bad', version: 1 }, 400, 'invalid_fields', '/validate/version'],
    ['params of another type', { dag: 'check-bad', params: [] }, 400, 'invalid_fields', '/validate/params'],
  ])('is refused with %s', async (_name, validate, status, code, pointer) => {
    await baton.put(DAILY('plain'));
    await checker('check-bad');
    for (const dryRun of [true, false]) {
      const answer = await create({ dagId: 'plain', ...range, validate, dryRun });
      expect([answer.status, answer.body.code, answer.body.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
    }
  });
});
