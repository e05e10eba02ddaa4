import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/temporal/local-port.js';
import { DATA_CONVERTER } from '../../src/temporal/temporal-connection.js';
import { BuiltService, type FinishedRun, ROOT } from '../support/built-service.js';
import { NO_POSTGRES, POSTGRES, PostgresServer } from '../support/postgres-server.js';
import { NO_PYTHON, PYTHON } from '../support/python.js';
import { PythonWorker } from '../support/python-worker.js';

const read = (name: string): string => readFileSync(join(ROOT, 'examples', `${name}.yaml`), 'utf8');

/** States of tasks that are all over, by id. */
const states = ({ tasks }: FinishedRun) => Object.fromEntries(Object.values(tasks).map(({ taskId, state }) => [taskId, state]));

if (POSTGRES === undefined) console.warn(NO_POSTGRES);
if (PYTHON === undefined) console.warn(NO_PYTHON);

describe('the examples run', () => {
  let service: BuiltService;
  let server: Server;
  let base: string;
  let postgres: PostgresServer | undefined;
  const requests: string[] = [];

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    server = createServer((request, response) => void answer(request, response, requests)).listen(port, '127.0.0.1');
    if (POSTGRES !== undefined) postgres = await PostgresServer.start();
    service = await BuiltService.start({
      BATON_ENABLE_TASK_TYPES: 'shell,python',
      BATON_HTTP_ALLOW_PRIVATE: '127.0.0.1',
      BATON_CONNECTION_WAREHOUSE: postgres?.address,
    });
  });

  afterAll(async () => {
    await service?.stop();
    server?.close();
    await postgres?.stop();
  });

  const quiet = {
    start: 'success',
    weekend_only: 'skipped',
    weekend_report: 'skipped',
    weekday_report: 'success',
    fragile: 'success',
    needs_fragile: 'success',
    explain_failure: 'skipped',
    alarm: 'skipped',
    without_weekend: 'success',
    first_result: 'success',
  };

  it('scheduled: the run of a time is about the interval that ends then, also where the clock skipped a night', async () => {
    const result = await service.run('scheduled', read('scheduled'), { logicalDate: '2024-04-01T00:30:00Z' });
    expect(result.run).toMatchObject({
      runId: 'scheduled-2024-04-01T00:30:00Z',
      state: 'success',
      outputs: { interval: { day: '2024-03-30', from: '2024-03-30T01:30:00Z', to: '2024-04-01T00:30:00Z' } },
    });
    expect(await service.api.get('/dags/scheduled/schedule?count=2')).toMatchObject({
      state: 'active',
      description: 'at 30 2 * * * in Europe/Berlin, up to 1m later',
      next: [{ logicalDate: expect.stringMatching(/T0[01]:30:00Z$/) }, {}],
    });
  });

  it('nightly: the nights of the past, each behind the one before, and follow-up: what comes after one of them', async () => {
    // It waits for a night that has not begun, of a DAG that is there.
    await service.api.put('/dags/load-region', read('load-region'), 'application/yaml');
    await service.api.put('/dags/nightly', read('nightly'), 'application/yaml');
    const { run, tasks } = await service.run('follow-up', read('follow-up'), { logicalDate: '2024-03-06T00:00:00Z' });
    expect(run).toMatchObject({
      state: 'success',
      outputs: { night: 'nightly-2024-03-06T00:00:00Z', region: { region: 'eu', total: 150 } },
    });
    expect(tasks.region!.output).toMatchObject({ runId: expect.stringMatching(/^load-region@/), state: 'success' });
    const nights = await Promise.all(
      [2, 3, 4, 5, 6].map((day) => service.api.get(`/runs/nightly-2024-03-0${day}T00%3A00%3A00Z?wait=30s`)),
    );
    expect(nights.map((night) => (night as FinishedRun['run']).outputs)).toEqual(
      [10, 30, 60, 100, 150].map((total) => ({ total })),
    );
    expect(nights[0]).toMatchObject({
      deadlines: [
        { reference: 'logicalDate', state: 'passed' },
        { task: 'close', reference: 'start', state: 'met' },
      ],
    });
  });

  it('trigger-rules: skips go where their edges say', async () => {
    const result = await service.run('trigger-rules', read('trigger-rules'));
    expect(states(result)).toEqual(quiet);
    expect(result.run).toMatchObject({ state: 'success' });
  });

  it('trigger-rules: a failure is answered by those that wait for it, and the run is failed all the same', async () => {
    const result = await service.run('trigger-rules', read('trigger-rules'), { params: { break: true } });
    const changed = {
      fragile: 'failed',
      needs_fragile: 'upstream_failed',
      explain_failure: 'success',
      alarm: 'success',
      without_weekend: 'upstream_failed',
    };
    expect(states(result)).toEqual({ ...quiet, ...changed });
    expect(result.tasks.fragile!.failure).toMatchObject({ kind: 'expression' });
    expect(result.tasks.explain_failure!.output).toBe('fragile is failed');
    expect(result.run).toMatchObject({ state: 'failed', failure: { kind: 'tasks' }, failedTasks: ['fragile'] });
  });

  it('branch: the way that the data choose, and the join after it', async () => {
    const added = await service.run('branch', read('branch'));
    expect(states(added)).toMatchObject({
      nothing_today: 'skipped',
      reload: 'skipped',
      add: 'success',
      check_by_hand: 'skipped',
    });
    expect(added.run).toMatchObject({ state: 'success', outputs: { way: 'add', chosen: ['add'] } });
    const none = await service.run('branch', read('branch'), { params: { orders: [] } });
    expect(none.run).toMatchObject({ state: 'success', outputs: { way: 'nothing_today' } });
    const large = await service.run('branch', read('branch'), { params: { orders: [101], fullReload: true } });
    expect(states(large)).toMatchObject({ reload: 'success', add: 'skipped', after_the_check: 'success' });
  });

  it('joins: enough of many, the first of two, an expression over states', async () => {
    const result = await service.run('joins', read('joins'));
    expect(states(result)).toEqual({
      north: 'failed',
      south: 'success',
      east: 'success',
      west: 'success',
      enough: 'success',
      final_count: 'success',
      from_cache: 'success',
      wait_for_all: 'cancelled',
      recomputed: 'cancelled',
      report: 'success',
      figure: 'success',
      only_north_failed: 'success',
    });
    expect(result.run).toMatchObject({ state: 'success', outputs: { regions: 3 } });
    const broken = await service.run('joins', read('joins'), { params: { broken: 3 } });
    expect(states(broken)).toMatchObject({ enough: 'upstream_failed', only_north_failed: 'upstream_failed' });
    expect(broken.run).toMatchObject({ state: 'failed' });
  });

  it('cleanup: what was set up is taken away again, last things first, whatever became of the work', async () => {
    const failed = await service.run('cleanup', read('cleanup'), { params: { break: true } });
    expect(states(failed)).toMatchObject({ work: 'failed', drop_table: 'success', delete_cluster: 'success' });
    expect(failed.run).toMatchObject({ state: 'failed', failedTasks: ['work'] });
    expect(failed.tasks.delete_cluster!.output).toMatch(/^deleted the cluster of .* after the work was failed$/);
    const skipped = await service.run('cleanup', read('cleanup'), { params: { skipWork: true } });
    expect(skipped.run).toMatchObject({ state: 'success', outputs: { end: expect.stringMatching(/was skipped$/) } });
  });

  it('allow-failure: the run stays green, and the failure is answered', async () => {
    const result = await service.run('allow-failure', read('allow-failure'));
    expect(states(result)).toEqual({ scan: 'failed', publish: 'success', tell: 'success' });
    expect(result.run).toMatchObject({ state: 'success', outputs: { label: 'not scanned' } });
  });

  it('retries: three attempts where two fail', async () => {
    const result = await service.run('retries', read('retries'));
    expect(result.run).toMatchObject({ state: 'success', outputs: { attempts: 3, file: 'datasets/seattle-weather.csv' } });
    expect(result.tasks.third_time_lucky!.attempts.map(({ failure }) => failure?.type)).toEqual([
      'NotYet',
      'NotYet',
      undefined,
    ]);
    const hooks = result.tasks.third_time_lucky!.hooks;
    expect(hooks?.map(({ hook, attempt, state }) => [hook, attempt, state])).toEqual([
      ['retry', 1, 'success'],
      ['retry', 2, 'success'],
    ]);
    expect(result.tasks.plan_b!.state).toBe('skipped');
  });

  it('retries: one attempt where there is no hope', async () => {
    const result = await service.run('retries', read('retries'), { params: { file: 'no-such-file.csv' } });
    expect(result.run).toMatchObject({ state: 'failed', failedTasks: ['fetch'] });
    expect(result.tasks.fetch!.attempts.map(({ failure }) => failure?.type)).toEqual(['NoSuchDataset']);
    expect(result.tasks.plan_b!.output).toEqual({ written: 'there is no no-such-file.csv' });
  });

  it('retry-rules: each failure is answered as its rule says', async () => {
    const result = await service.run('retry-rules', read('retry-rules'), { params: { base } });
    expect(states(result)).toEqual({
      addendum: 'skipped',
      with_addendum: 'skipped',
      data: 'success',
      extra: 'skipped',
      report: 'success',
    });
    expect(result.run).toMatchObject({ state: 'success', outputs: { report: 'data: 200, addendum: skipped, extra: skipped' } });
    expect(result.tasks.addendum!.attempts).toMatchObject([{ failure: { details: { status: 404 } } }]);
    expect(result.tasks.data!.attempts).toMatchObject([{ failure: { details: { status: 503 } } }, {}]);
  });

  it('cache: the second run takes over what the first one found, unless it is told not to', async () => {
    const first = await service.run('cache', read('cache'));
    const second = await service.run('cache', read('cache'));
    const third = await service.run('cache', read('cache'), { ignoreCache: true });
    expect(states(second)).toEqual({ fetch: 'success', summary: 'success' });
    expect(first.tasks.fetch).not.toHaveProperty('cached');
    expect(second.tasks.summary).toMatchObject({ cached: { runId: first.run.runId, storedAt: expect.any(String) } });
    const found = { days: 1461, computedBy: first.run.runId };
    expect([first.run.outputs, second.run.outputs]).toEqual([found, found]);
    expect(third.run.outputs).toEqual({ days: 1461, computedBy: third.run.runId });
  });

  it('hooks: each end is told, and what a hook does changes nothing', async () => {
    const good = await service.run('hooks', read('hooks'));
    const bad = await service.run('hooks', read('hooks'), { params: { file: 'no-such-file.csv' } });
    const ends = ({ run }: FinishedRun) => run.hooks?.map(({ hook, index, state }) => [hook, index, state]);
    expect(good.run.state).toBe('success');
    expect(ends(good)).toEqual([
      ['success', undefined, 'success'],
      ['exit', 0, 'failed'],
      ['exit', 1, 'success'],
    ]);
    expect(bad.run).toMatchObject({ state: 'failed', failedTasks: ['fetch'] });
    expect(ends(bad)).toEqual([
      ['failure', 0, 'success'],
      ['failure', 1, 'skipped'],
      ['exit', 0, 'failed'],
      ['exit', 1, 'success'],
    ]);
    expect(bad.tasks.fetch).toMatchObject({ hooks: [{ hook: 'failure', state: 'success' }] });
    expect(good.tasks.fetch).not.toHaveProperty('hooks');
    expect(bad.run.hooks?.[2]).toMatchObject({ failure: { type: 'NoSuchDataset' }, attempts: [{ attempt: 1 }] });
  });

  it('params-and-outputs: values keep their types', async () => {
    const { run } = await service.run('params-and-outputs', read('params-and-outputs'), {
      params: { prices: [10, 20.5, 30], discount: 0.5 },
    });
    expect(run).toMatchObject({ state: 'success' });
    expect(run.outputs).toMatchObject({
      total: 30.25,
      dearest: [
        { price: 20.5, currency: 'EUR' },
        { price: 30, currency: 'EUR' },
      ],
    });
    expect(run.outputs!.label).toMatch(/^3 items for 30\.25 EUR on \d{4}-\d\d-\d\d$/);
  });

  it('fan-out: every combination, and what failed of them', async () => {
    const result = await service.run('fan-out', read('fan-out'));
    expect(result.run).toMatchObject({
      state: 'success',
      outputs: { total: { sum: (1 + 4 + 9) * 1.25, failed: ['1/0', '2/0', '3/0'] }, items: 9 },
    });
    expect(result.tasks.divide!.map).toMatchObject({ total: 9, counts: { success: 6, failed: 3 } });
    expect(result.tasks.nothing!.state).toBe('skipped');

    const { href } = result.tasks.divide!.map!;
    const page = async (query: string) =>
      (await (await fetch(`${service.address}${href}?state=failed&limit=2${query}`)).json()) as {
        readonly items: readonly { readonly key: string; readonly output: unknown }[];
        readonly nextCursor?: string;
      };
    const first = await page('');
    const second = await page(`&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map(({ key, output }) => [key, output])).toEqual([
      ['1/0', null],
      ['2/0', null],
      ['3/0', null],
    ]);
    expect(second.nextCursor).toBeUndefined();
    const lines = await fetch(`${service.address}${href}`, { headers: { Accept: 'application/x-ndjson' } });
    const items = (await lines.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly output: unknown });
    expect(items.map(({ output }) => output)).toEqual([1, 0.5, null, 2, 1, null, 3, 1.5, null]);
  });

  it('map-zip: lists side by side, batches, a map of values', async () => {
    const { run } = await service.run('map-zip', read('map-zip'));
    expect(run).toMatchObject({
      state: 'success',
      outputs: {
        labels: ['0. Berlin (DE)', '1. Paris (FR)', '2. Rome (?)'],
        sums: [6, 22, 17],
        limits: ['cpu <= 90', 'disk <= 80'],
      },
    });
  });

  it('map-of-maps: a SubDAG for each item, which maps itself', async () => {
    const { run } = await service.run('map-of-maps', read('map-of-maps'));
    expect(run).toMatchObject({
      state: 'success',
      outputs: {
        table: [
          [0, 1, 2],
          [10, 11, 12],
          [20, 21, 22],
        ],
      },
    });
  });

  it('subdag: a DAG by reference, and one in place', async () => {
    await service.api.put('/dags/load-region', read('load-region'), 'application/yaml');
    const result = await service.run('subdag', read('subdag'));
    expect(states(result)).toEqual({ north: 'success', south: 'success', reconcile: 'success' });
    expect(result.tasks.south!.output).toEqual({ region: 'so', total: 5 });
    expect(result.run.outputs).toEqual({
      reconciled: { difference: 25, remark: expect.stringMatching(/^off by 25 on \d{4}-\d\d-\d\d$/) },
    });
  });

  it('http: a query, a body, and a status that is expected', async () => {
    const result = await service.run('http', read('http'), { params: { base } });
    expect(Object.values(result.tasks).map(({ taskId, failure }) => [taskId, failure?.message])).toEqual([
      ['probe', undefined],
      ['read', undefined],
      ['send', undefined],
    ]);
    expect(result.run).toMatchObject({ state: 'success', outputs: { statuses: [200, 200, 404] } });
    expect(requests).toContainEqual(expect.stringMatching(/^GET \/get\?day=\d{4}-\d\d-\d\d&page=1 /));
    expect(requests).toContainEqual(expect.stringContaining(`POST /post {"from":"${result.run.runId}","status":200}`));
    // The first answer to /get was a 503.
    expect(result.tasks.read!.attempts).toHaveLength(2);
  });

  it('shell: arguments, standard input, environment, JSON output', async () => {
    const { run } = await service.run('shell', read('shell'), { params: { text: '12345; exit 1' } });
    expect(run).toMatchObject({ state: 'success', outputs: { description: { bytes: 13, greeting: 'hello' } } });
  });

  it('resources: of a query, of a program, and of each item by the number of items', async () => {
    const { run, tasks } = await service.run('resources', read('resources'));
    const limitKiB = 300 * 1024;
    expect(run).toMatchObject({
      state: 'success',
      outputs: {
        database: { threads: 1, memory: '256.0 MiB' },
        part: { bytes: limitKiB * 1024, limitKiB, licences: 1 },
      },
    });
    expect(tasks.database!.resources).toEqual({ cpu: 1, memory: 256 * 1024 * 1024 });
    expect(tasks.part!.resources).toEqual({ licences: 1, memory: limitKiB * 1024 });
    expect(tasks.list).not.toHaveProperty('resources');
  });

  it.skipIf(PYTHON === undefined)(
    'python: arguments in, JSON out, and an exception that is not worth another attempt',
    async () => {
      const { run } = await service.run('python', read('python'));
      expect(run).toMatchObject({ state: 'success', outputs: { outliers: [100] } });
      const empty = await service.run('python', read('python'), { params: { prices: [] } });
      expect(empty.run).toMatchObject({ state: 'failed' });
      expect(empty.tasks.outliers!.attempts.map(({ failure }) => failure?.type)).toEqual(['NothingToDo']);
    },
  );

  it.skipIf(POSTGRES === undefined)(
    'warehouse: what was computed is in PostgreSQL once, however often it was loaded',
    async () => {
      for (let time = 0; time < 2; time++) {
        const result = await service.run('warehouse', read('warehouse'));
        expect(result.run).toMatchObject({
          state: 'success',
          outputs: { loaded: 24, report: [{ day: '2024-01-01', visits: 2760 }] },
        });
        expect(JSON.stringify(result)).not.toContain(encodeURIComponent(PostgresServer.password));
      }
    },
  );

  it('python-worker: activities of a worker in Python are tasks like any', async ({ skip }) => {
    const found = PythonWorker.program();
    if ('missing' in found) return skip(`skipped: ${found.missing}`);
    const worker = await PythonWorker.start(found.python, service.temporalAddress);
    try {
      const pipeline = read('python-worker/pipeline');
      const many = await service.run('python-worker', pipeline);
      expect(many.run).toMatchObject({
        state: 'success',
        outputs: { line: { slope: 3, intercept: 2, rows: 2000 }, forecast: [32, 302] },
      });
      const few = await service.run('python-worker', pipeline, { params: { rows: 1 } });
      expect(few.run).toMatchObject({ state: 'failed', failedTasks: ['fit'] });
      expect(few.tasks.fit!.failure).toMatchObject({ type: 'NotEnoughRows', message: 'a line needs two points, not 1' });
    } finally {
      await worker.stop();
    }
  }, 300_000);

  it('wait: a file that comes later, an answer that is not good at first, a file that never comes', async () => {
    const inbox = join(service.home, 'data/inbox');
    mkdirSync(inbox, { recursive: true });
    const running = service.run('wait', read('wait'), { params: { status: `${base}/status/200`, pause: '10ms' } });
    // Renamed into place, so that no poll meets half a file.
    writeFileSync(join(inbox, '.orders'), 'id,amount\na,1\n');
    renameSync(join(inbox, '.orders'), join(inbox, 'orders.csv'));
    const { run } = await running;
    expect(run).toMatchObject({ state: 'success', outputs: { summary: { files: ['inbox/orders.csv'], extras: 'none' } } });
  });

  it('approval: a rejection asks for another draft, and who approves says with what', async () => {
    const { api } = service;
    await api.put('/dags/approval', read('approval'), 'application/yaml');
    const { runId } = (await api.post('/dags/approval/runs', { key: 'one' })) as { readonly runId: string };
    const path = `/runs/${encodeURIComponent(runId)}/tasks/review`;
    const review = async () => (await api.get(path)) as { readonly notice?: string; readonly attempts: readonly unknown[] };
    const asked = (rounds: number) =>
      expect
        .poll(async () => [(await review()).notice?.slice(0, 20), (await review()).attempts.length], { timeout: 20_000 })
        .toEqual(['waiting for approval', rounds]);
    const decide = async (body: object) => {
      const response = await fetch(`${service.address}/api/v1${path}/approve`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return [
        response.status,
        (await response.json()) as { readonly code?: string; readonly errors?: readonly unknown[] },
      ] as const;
    };
    await asked(0);
    const waiting = async () =>
      ((await api.get('/runs?waitingFor=approval')) as { readonly items: readonly { readonly runId: string }[] }).items.map(
        (each) => each.runId,
      );
    await expect.poll(waiting, { timeout: 20_000 }).toEqual([runId]);
    expect(await api.get(`/runs/${encodeURIComponent(runId)}`)).toMatchObject({ state: 'running', waitingFor: 'approval' });
    expect((await decide({ decision: 'perhaps' }))[0]).toBe(400);
    expect(await decide({ decision: 'reject', by: 'ann', comment: 'too dear' })).toMatchObject([202, { by: 'ann' }]);
    await asked(1);
    expect(await decide({ decision: 'approve', inputs: { limit: 0, more: 1 } })).toMatchObject([
      422,
      { code: 'invalid_inputs', errors: [{ pointer: '/inputs/limit' }, { pointer: '/inputs/more' }] },
    ]);
    const approval = { decision: 'approve', by: 'bob', inputs: { limit: 5 } };
    expect((await decide(approval))[0]).toBe(202);
    const run = (await api.get(`/runs/${encodeURIComponent(runId)}?wait=30s`)) as FinishedRun['run'];
    expect(run).toMatchObject({ state: 'success', outputs: { published: '10 for eu, up to 5', by: 'bob' } });
    expect(run).not.toHaveProperty('waitingFor');
    await expect.poll(waiting, { timeout: 20_000 }).toEqual([]);
    expect((await decide(approval))[0]).toBe(202);
    expect(await decide({ ...approval, by: 'eve' })).toMatchObject([409, { code: 'not_waiting' }]);
    expect((await review()).attempts).toMatchObject([
      { attempt: 1, failure: { kind: 'rejected', message: 'rejected by ann: too dear' } },
      { attempt: 2 },
    ]);
  });

  it('foreign-worker: a plain Temporal worker gets plain arguments', async () => {
    const connection = await NativeConnection.connect({ address: service.temporalAddress });
    const worker = await Worker.create({
      connection,
      taskQueue: 'python-models',
      dataConverter: DATA_CONVERTER,
      activities: { score_orders: async (day: string, limit: number) => ({ day, scored: limit / 2 }) },
    });
    const result = await worker.runUntil(
      service.run('foreign-worker', read('foreign-worker'), { params: { day: '2024-02-29' } }),
    );
    await connection.close();
    expect(result.run).toMatchObject({ state: 'success', outputs: { summary: '50 orders of 2024-02-29' } });
  });
});

/** What httpbin would say; the first GET of each address finds it busy. */
async function answer(request: IncomingMessage, response: ServerResponse, requests: string[]): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method, url = '' } = request;
  requests.push(`${method} ${url} ${body}`);
  const firstRead = url.startsWith('/get') && requests.filter((line) => line.startsWith(`GET ${url} `)).length === 1;
  response.statusCode = firstRead ? 503 : url.startsWith('/status/') ? Number(url.slice('/status/'.length)) : 200;
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ url }));
}
