import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

/** A chain around a task that waits for the test; the attempts of a lost worker must be nobody's fault. */
const CHAIN = (id: string, gate: string) => `id: ${id}
defaults: { heartbeatTimeout: 3s, retry: { maxAttempts: 1 } }
tasks:
  first: { type: activity, with: { name: work } }
  beside: { type: activity, with: { name: work } }
  held: { type: activity, dependsOn: [first], with: { name: ${gate}, args: [${id}] } }
  last: { type: activity, dependsOn: [held, beside], with: { name: work } }
`;
const HEARTBEAT_TIMEOUT_MS = 3_000;

describe('a worker that dies', () => {
  let cluster: Cluster;
  let api: ServiceProcess;
  beforeAll(async () => {
    cluster = await Cluster.start();
    api = await cluster.api();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(await cluster.diagnosis());
    await cluster.killWorkers();
  });
  afterAll(async () => cluster?.stop());

  /** Starts a run and waits until its `held` task runs and the others before it have ended. */
  async function startHeld(id: string, gate = 'gate'): Promise<string> {
    expect((await api.put(CHAIN(id, gate))).status).toBe(201);
    const { runId } = (await api.post(`/api/v1/dags/${id}/runs`)).body;
    await until(
      async () => cluster.ledger.count(runId, 'held', 'begin') === 1 && (await stateOf(runId, 'beside')) === 'success',
    );
    return runId;
  }
  const task = async (runId: string, id: string) => (await api.get(`${runPath(runId)}/tasks/${id}`)).body;
  const stateOf = async (runId: string, id: string): Promise<string> => (await task(runId, id)).state;
  const counts = (runId: string) =>
    ['first', 'beside', 'held', 'last'].map((id) => [
      cluster.ledger.count(runId, id, 'begin'),
      cluster.ledger.count(runId, id, 'end'),
    ]);

  it('by SIGKILL loses the attempt it was at, and nothing else; another worker goes on within the heartbeat timeout', async () => {
    const worker = await cluster.worker();
    const runId = await startHeld('killed');
    await worker.kill('SIGKILL');
    cluster.ledger.open('killed');
    await cluster.worker();
    const restarted = Date.now();
    const { body: run } = await api.ended(runId);
    expect(Date.now() - restarted).toBeLessThan(HEARTBEAT_TIMEOUT_MS + 1_000);
    expect(run).toMatchObject({ state: 'success', counts: { success: 4 } });
    expect(counts(runId)).toEqual([
      [1, 1],
      [1, 1],
      [2, 1],
      [1, 1],
    ]);
    const { attempts } = await task(runId, 'held');
    expect(attempts).toMatchObject([{ attempt: 1, failure: { kind: 'worker_lost' } }, { attempt: 2 }]);
    expect(attempts[1].failure).toBeUndefined();
    expect((await task(runId, 'first')).attempts).toHaveLength(1);
  });

  it('again and again fails the task by name once infraAttempts are used up', async () => {
    let worker = await cluster.worker();
    await api.put(
      'id: cursed\ntasks: { held: { type: activity, heartbeatTimeout: 3s, retry: { infraAttempts: 1 }, with: { name: gate, args: [never] } } }\n',
    );
    const { runId } = (await api.post('/api/v1/dags/cursed/runs')).body;
    for (let lost = 1; lost <= 2; lost++) {
      await until(() => cluster.ledger.count(runId, 'held', 'begin') >= lost);
      // There before the one that has the task is gone: it takes over when the heartbeat is missed.
      const next = await cluster.worker();
      await worker.kill();
      worker = next;
    }
    expect((await api.ended(runId)).body).toMatchObject({ state: 'failed', failedTasks: ['held'] });
    expect(await task(runId, 'held')).toMatchObject({ state: 'failed', failure: { kind: 'worker_lost' } });
    expect(cluster.ledger.count(runId, 'held', 'begin')).toBe(2);
  });

  it('by SIGTERM hands its tasks over, those that do not listen too, and burns no attempt of the author', async () => {
    const worker = await cluster.worker();
    const asked = { 'asked-gate': 'gate', 'asked-deaf': 'deafGate' };
    const runIds = await Promise.all(Object.entries(asked).map(([id, gate]) => startHeld(id, gate)));
    await cluster.worker();
    await worker.kill('SIGTERM');
    for (const id of Object.keys(asked)) cluster.ledger.open(id);
    for (const runId of runIds) {
      const { body: run } = await api.ended(runId);
      expect(run).toMatchObject({ state: 'success', counts: { success: 4 } });
      const { attempts } = await task(runId, 'held');
      expect(attempts).toMatchObject([{ attempt: 1, failure: { kind: 'worker_lost' } }, { attempt: 2 }]);
      const processes = cluster.ledger.lines(runId).filter((line) => line.task === 'held');
      expect(new Set(processes.map(({ pid }) => pid)).size).toBe(2);
    }
  });

  it('by SIGTERM lets a short task come to its end', async () => {
    const worker = await cluster.worker({ BATON_SHUTDOWN_GRACE: '30s' });
    const runId = await startHeld('finishing');
    const gone = worker.kill('SIGTERM');
    await until(() => worker.log.includes('Stopping'));
    cluster.ledger.open('finishing');
    await gone;
    await cluster.worker();
    expect((await api.ended(runId)).body.state).toBe('success');
    expect((await task(runId, 'held')).attempts).toHaveLength(1);
  });
});
