import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_CONVERTER } from '../../src/temporal/temporal-connection.js';
import { BuiltService, type FinishedRun, freePort, ROOT } from '../support/built-service.js';

const read = (name: string): string => readFileSync(join(ROOT, 'examples', `${name}.yaml`), 'utf8');

/** States of tasks that are all over, by id. */
const states = ({ tasks }: FinishedRun) => Object.fromEntries(Object.values(tasks).map(({ taskId, state }) => [taskId, state]));

describe('the examples run', () => {
  let service: BuiltService;
  let server: Server;
  let base: string;
  const requests: string[] = [];

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    server = createServer((request, response) => void answer(request, response, requests)).listen(port, '127.0.0.1');
    service = await BuiltService.start({ BATON_ENABLE_TASK_TYPES: 'shell', BATON_HTTP_ALLOW_PRIVATE: '127.0.0.1' });
  });

  afterAll(async () => {
    await service?.stop();
    server?.close();
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
    expect(result.tasks.plan_b!.state).toBe('skipped');
  });

  it('retries: one attempt where there is no hope', async () => {
    const result = await service.run('retries', read('retries'), { params: { file: 'no-such-file.csv' } });
    expect(result.run).toMatchObject({ state: 'failed', failedTasks: ['fetch'] });
    expect(result.tasks.fetch!.attempts.map(({ failure }) => failure?.type)).toEqual(['NoSuchDataset']);
    expect(result.tasks.plan_b!.output).toEqual({ written: 'there is no no-such-file.csv' });
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

/** What httpbin would say; the first GET finds it busy. */
async function answer(request: IncomingMessage, response: ServerResponse, requests: string[]): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method, url = '' } = request;
  requests.push(`${method} ${url} ${body}`);
  const firstRead = url.startsWith('/get') && requests.filter((line) => line.startsWith('GET /get')).length === 1;
  response.statusCode = firstRead ? 503 : url.startsWith('/status/') ? Number(url.slice('/status/'.length)) : 200;
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ url }));
}
