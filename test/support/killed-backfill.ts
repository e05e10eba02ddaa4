import { expect } from 'vitest';
import { until } from './api-caller.js';
import type { Cluster } from './cluster.js';

const DAG = (id: string) => `id: ${id}
schedule: "@daily"
defaults: { heartbeatTimeout: 3s }
tasks:
  a: { type: activity, with: { name: work } }
  b: { type: activity, dependsOn: [a], with: { name: work } }
  c: { type: activity, dependsOn: [b], with: { name: work } }
`;
const DAY = 86_400_000;
const FROM = Date.parse('2020-01-01T00:00:00Z');

/**
 * A backfill of that many days, 16 at a time, in the middle of which the service, the worker and the Temporal server are killed, each
 * once: every interval has one successful run, the progress is right, and the same backfill again does nothing.
 */
export async function backfillThroughDeaths(cluster: Cluster, dagId: string, total: number): Promise<void> {
  let [api, worker] = await Promise.all([cluster.api(), cluster.worker()]);
  expect((await api.put(DAG(dagId))).status).toBe(201);
  const body = {
    dagId,
    from: new Date(FROM).toISOString().slice(0, 10),
    to: new Date(FROM + (total - 1) * DAY).toISOString().slice(0, 10),
    maxActiveRuns: 16,
  };
  const { id } = (await api.post('/api/v1/backfills', body)).body;
  const read = async (of: string) => (await api.get(`/api/v1/backfills/${of}`)).body;
  const done = (share: number) =>
    until(async () => {
      const backfill = await read(id);
      return backfill?.live === true && backfill.progress.done >= share * total;
    }, 600_000);
  const over = async (of: string) => {
    await until(async () => ['success', 'failed', 'stopped', 'cancelled'].includes((await read(of))?.state), 600_000);
    return read(of);
  };
  await done(0.2);
  await worker.kill();
  worker = await cluster.worker();
  await done(0.4);
  await cluster.temporal.kill();
  await cluster.temporal.start();
  await done(0.6);
  await api.kill();
  api = await cluster.api();
  expect(await over(id)).toMatchObject({
    state: 'success',
    progress: { total, done: total, success: total, failed: 0, cancelled: 0, running: 0, left: 0, out: {} },
  });
  for (let day = 1; day <= total; day++) {
    const runId = `${dagId}-${new Date(FROM + day * DAY).toISOString().slice(0, 19)}Z`;
    const run = (await api.get(`/api/v1/runs/${encodeURIComponent(runId)}`)).body;
    expect([runId, run.state, run.execution, run.backfillId]).toEqual([runId, 'success', 1, id]);
  }
  const again = (await api.post('/api/v1/backfills', body)).body;
  expect(await over(again.id)).toMatchObject({ state: 'success', progress: { done: 0, left: 0, out: { has_run: total } } });
  await Promise.all([api.kill(), worker.kill()]);
}
