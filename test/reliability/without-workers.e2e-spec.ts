import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

const DAG = (id: string) => `id: ${id}
tags: [kept]
outputs: { answer: "\${{ tasks.large.output.rowCount }}" }
tasks:
  a: { type: activity, with: { name: work } }
  large: { type: sql, dependsOn: [a], with: { query: "select repeat('x', 20000) as text" } }
`;

/** An answer and how long it took. */
async function timed(call: Promise<Answer>): Promise<Answer & { readonly ms: number }> {
  const began = Date.now();
  return { ...(await call), ms: Date.now() - began };
}

describe('with all workers down', () => {
  let cluster: Cluster;
  let api: ServiceProcess;
  let closed: string;
  let open: string;
  beforeAll(async () => {
    cluster = await Cluster.start();
    api = await cluster.api();
    const worker = await cluster.worker();
    await api.put(DAG('stored'));
    await api.put('id: held\ntasks: { held: { type: activity, heartbeatTimeout: 3s, with: { name: gate, args: [held] } } }\n');
    closed = (await api.run('stored')).body.runId;
    open = (await api.post('/api/v1/dags/held/runs')).body.runId;
    await until(() => cluster.ledger.count(open, 'held', 'begin') === 1);
    await worker.kill();
  });
  afterAll(async () => cluster?.stop());

  it('every GET of a stored DAG, a closed run and a list answers as before', async () => {
    const paths = [
      '/dags',
      '/dags?tag=kept',
      '/dags/stored',
      '/dags/stored/versions',
      '/dags/stored/versions/1',
      '/dags/stored/graph',
      '/runs',
      '/runs?dagId=stored&state=success',
      '/runs?state=running',
    ];
    const run = [
      '',
      '?wait=1s',
      '/tasks',
      '/tasks/a',
      '/tasks/large',
      '/tasks/large/output',
      '/graph',
      '/spec',
      '/executions',
      '/events',
    ];
    for (const path of [
      ...paths.map((path) => `/api/v1${path}`),
      ...run.map((path) => runPath(closed) + path),
      '/health/ready',
      '/api/openapi.json',
    ]) {
      const { status, ms } = await timed(api.get(path));
      expect([path, status]).toEqual([path, 200]);
      expect([path, ms < 5_000]).toEqual([path, true]);
    }
    expect((await api.get(runPath(closed))).body).toMatchObject({ state: 'success', outputs: { answer: 1 }, live: true });
    expect((await api.get(`${runPath(closed)}/tasks/large/output`)).body.rows[0].text).toHaveLength(20_000);
    expect((await api.get('/api/v1/runs?dagId=stored')).body.items).toMatchObject([{ runId: closed, state: 'success' }]);
  });

  it('an open run says what Temporal knows of it, and that this is not live', async () => {
    const { status, body, ms } = await timed(api.get(runPath(open)));
    expect([status, body.state, body.live, body.dagId]).toEqual([200, 'running', false, 'held']);
    expect(ms).toBeLessThan(5_000);
    const tasks = await timed(api.get(`${runPath(open)}/tasks`));
    expect([tasks.status, tasks.body.live]).toEqual([200, false]);
  });

  it('a PUT says that its outcome is unknown and that repeating is safe, and is applied once a worker comes', async () => {
    const changed = DAG('stored').replace('tags: [kept]', 'tags: [kept, changed]');
    const busy = Array.from({ length: 12 }, (_, i) => DAG('busy').replace('tags: [kept]', `tags: [n${i}]`));
    const [put, anew, ...others] = await Promise.all([changed, DAG('anew'), ...busy].map((spec) => timed(api.put(spec))));
    expect.assert(put !== undefined && anew !== undefined);
    expect(put.ms).toBeLessThan(5_000);
    expect([put.status, put.body.code]).toEqual([503, 'temporal_unavailable']);
    expect(put.body.detail).toContain('outcome unknown, repeat safely');
    expect(Number(put.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(put.headers.get('content-type')).toContain('application/problem+json');
    expect((await api.put(changed)).status).toBe(503);
    expect(anew.status).toBe(503);
    // Different changes of one DAG at the same time.
    for (const { status, ms } of others) {
      expect(status).toBe(503);
      expect(ms).toBeLessThan(5_500);
    }
    // Not to be found, and not in lists, until it has a version.
    expect((await api.get('/api/v1/dags/anew')).status).toBe(404);
    expect((await api.get('/api/v1/dags')).body.items.map(({ dagId }: { dagId: string }) => dagId)).not.toContain('anew');

    const worker = await cluster.worker();
    await until(async () => (await api.get('/api/v1/dags/stored')).body.version === 2);
    await until(async () => (await api.get('/api/v1/dags/anew')).status === 200);
    const repeated = await api.put(changed);
    expect([repeated.status, repeated.body.outcome, repeated.body.version]).toEqual([200, 'unchanged', 2]);
    await worker.kill();
  });

  it('runs are accepted, and run when a worker comes', async () => {
    const started = await api.post('/api/v1/dags/stored/runs', {}, { 'idempotency-key': 'patient' });
    expect(started.status).toBe(202);
    expect((await api.get(runPath(started.body.runId))).body.live).toBe(false);
    const cancelled = await api.post('/api/v1/dags/stored/runs');
    expect((await api.post(`${runPath(cancelled.body.runId)}/cancel`)).status).toBe(202);
    cluster.ledger.open('held');
    await cluster.worker();
    expect((await api.ended(started.body.runId)).body.state).toBe('success');
    expect((await api.ended(cancelled.body.runId)).body.state).toBe('cancelled');
    expect((await api.ended(open)).body.state).toBe('success');
  });

  it('of one queue, a run says so; and an activity that nobody has fails by name', async () => {
    await api.put('id: nobody\ntasks: { far: { type: activity, queue: nowhere, with: { name: anything } } }\n');
    await api.put('id: unknown\ntasks: { odd: { type: activity, with: { name: noSuchActivity } } }\n');
    const far = (await api.post('/api/v1/dags/nobody/runs')).body.runId;
    const odd = await api.run('unknown');
    expect(odd.body).toMatchObject({ state: 'failed', failedTasks: ['odd'] });
    const { failure } = (await api.get(`${runPath(odd.body.runId)}/tasks/odd`)).body;
    expect(failure.kind).toBe('unknown_activity');
    expect(failure.message).toContain('noSuchActivity');
    await until(async () =>
      /no worker on queue nowhere since \d{4}-/.test((await api.get(`${runPath(far)}/tasks/far`)).body.notice ?? ''),
    );
    expect((await api.post(`${runPath(far)}/cancel`)).status).toBe(202);
    expect((await api.ended(far)).body.state).toBe('cancelled');
  });
});
