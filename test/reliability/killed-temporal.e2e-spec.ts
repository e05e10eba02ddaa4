import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

/** Forty short tasks in ten layers and one that waits for the test. */
const layers = Array.from({ length: 40 }, (_, i) => {
  const needs = i < 4 ? '' : `dependsOn: [t${i - 4}, t${i - (i % 4) - 4}], `.replace(/\[(t\d+), \1\]/, '[$1]');
  return `  t${i}: { type: activity, ${needs}with: { name: work, args: [20] } }`;
}).join('\n');
const DAG = (id: string) =>
  `id: ${id}\ndefaults: { heartbeatTimeout: 3s }\ntasks:\n${layers}\n  held: { type: activity, dependsOn: [t7], with: { name: gate, args: [${id}] } }\n`;

/** Tasks of a run that Temporal knows to have ended well. */
async function endedOf(service: ServiceProcess, runId: string): Promise<readonly string[]> {
  const { items } = (await service.get(`${runPath(runId)}/tasks?state=success&limit=100`)).body;
  return items.map(({ taskId }: { taskId: string }) => taskId);
}

/** What must hold of a run of {@link DAG}: `kept` had ended before the last kill, the others may have lost an attempt to it. */
function expectLines(cluster: Cluster, runId: string, kept: readonly string[]): void {
  expect(kept.length).toBeGreaterThan(3);
  for (const task of kept) expect([task, cluster.ledger.count(runId, task, 'begin')]).toEqual([task, 1]);
  for (let i = 0; i < 40; i++) expect([i, cluster.ledger.count(runId, `t${i}`, 'end') > 0]).toEqual([i, true]);
  expect(cluster.ledger.count(runId, 'held', 'end')).toBeGreaterThan(0);
}

describe('a Temporal server that is killed in mid-run', () => {
  let cluster: Cluster;
  let service: ServiceProcess;
  beforeAll(async () => {
    cluster = await Cluster.start();
    service = await cluster.service();
  });
  afterAll(async () => cluster?.stop());

  it('comes back, and the run goes on; nothing that had ended runs again', async () => {
    await service.put(DAG('onward'));
    const { runId } = (await service.post('/api/v1/dags/onward/runs')).body;
    await until(() => cluster.ledger.count(runId, 'held', 'begin') === 1);
    const kept = await endedOf(service, runId);
    await cluster.temporal.kill();
    const away = await service.get(runPath(runId));
    expect([away.status, away.body.code]).toEqual([503, 'temporal_unavailable']);
    cluster.ledger.open('onward');
    await cluster.temporal.start();
    const { body: run } = await service.ended(runId);
    expect(run).toMatchObject({ state: 'success', counts: { success: 41 } });
    expectLines(cluster, runId, kept);
    expect(service.alive).toBe(true);
  });

  it('three times in one run, at any moment', async () => {
    await service.put(DAG('again'));
    const { runId } = (await service.post('/api/v1/dags/again/runs')).body;
    cluster.ledger.open('again');
    let kept: readonly string[] = [];
    for (const number of [4, 14, 24]) {
      await until(async () => (kept = await endedOf(service, runId)).length >= number);
      await cluster.temporal.kill();
      await cluster.temporal.start();
    }
    const { body: run } = await service.ended(runId);
    expect(run).toMatchObject({ state: 'success', counts: { success: 41 } });
    expectLines(cluster, runId, kept);
    const { items } = (await service.get(`${runPath(runId)}/tasks?limit=100`)).body;
    for (const { taskId, state } of items) expect([taskId, state]).toEqual([taskId, 'success']);
  });
});

describe('the embedded Temporal server, killed under the service', () => {
  let cluster: Cluster;
  let service: ServiceProcess;
  beforeAll(async () => {
    cluster = await Cluster.start();
    service = await cluster.service({ TEMPORAL_ADDRESS: '', BATON_HOME: join(cluster.home, 'embedded') });
  });
  afterAll(async () => cluster?.stop());
  const record = async (): Promise<{ readonly server: number; readonly port: number; readonly uiPort: number }> =>
    JSON.parse(await readFile(join(cluster.home, 'embedded/temporal.pid'), 'utf8'));

  it('is started again on its ports and database by the service, which says so; the run goes on', async () => {
    await service.put(DAG('embedded'));
    const { runId } = (await service.post('/api/v1/dags/embedded/runs')).body;
    await until(() => cluster.ledger.count(runId, 'held', 'begin') === 1);
    const before = await record();
    const kept = await endedOf(service, runId);
    process.kill(before.server, 'SIGKILL');
    await until(async () => (await record()).server !== before.server);
    cluster.ledger.open('embedded');
    const { body: run } = await service.ended(runId);
    expect(run).toMatchObject({ state: 'success', counts: { success: 41 } });
    expectLines(cluster, runId, kept);
    expect(await record()).toMatchObject({ port: before.port, uiPort: before.uiPort });
    expect(service.log).toContain('The embedded Temporal server has ended (SIGKILL); starting it again.');
  });

  it('is taken over by the next service when the service is killed without it', async () => {
    await service.put(DAG('orphan'));
    const { runId } = (await service.post('/api/v1/dags/orphan/runs')).body;
    await until(() => cluster.ledger.count(runId, 'held', 'begin') === 1);
    const { server } = await record();
    await service.kill();
    cluster.ledger.open('orphan');
    service = await cluster.service({ TEMPORAL_ADDRESS: '', BATON_HOME: join(cluster.home, 'embedded') });
    expect((await record()).server).toBe(server);
    expect((await service.ended(runId)).body).toMatchObject({ state: 'success', counts: { success: 41 } });
    await service.kill('SIGTERM');
    expect(() => process.kill(server, 0)).toThrow();
  });
});
