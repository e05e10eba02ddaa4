import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
