import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import { killedTogether, submitted, twoTasks } from '../support/killed-together.js';

describe('a service that is killed', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('in mid-submission loses nothing it has acknowledged, and repeating a request makes no second run', async () => {
    const first = await cluster.service();
    await first.put(twoTasks('orders'));
    const keys = Array.from({ length: 40 }, (_, i) => `order-${i}`);
    const acknowledged = new Map<string, string>();
    const sending = keys.map(async (key) => {
      const answer = await submitted(first, 'orders', key);
      if (answer?.status === 202) acknowledged.set(key, answer.body.runId);
    });
    const storing = Array.from({ length: 10 }, (_, i) =>
      first.put(twoTasks(`stored-${i}`)).then(
        ({ status }) => (status === 201 ? `stored-${i}` : undefined),
        () => undefined,
      ),
    );
    await until(() => acknowledged.size >= 5);
    await first.kill();
    await Promise.all(sending);
    const stored = (await Promise.all(storing)).filter((id) => id !== undefined);

    const second = await cluster.service();
    for (const [key, runId] of acknowledged) expect([key, (await second.get(runPath(runId))).status]).toEqual([key, 200]);
    for (const id of stored) expect([id, (await second.get(`/api/v1/dags/${id}`)).status]).toEqual([id, 200]);
    const runIds = new Set<string>();
    for (const key of keys) {
      const again = await submitted(second, 'orders', key);
      expect([200, 202]).toContain(again?.status);
      if (acknowledged.has(key)) expect([again?.status, again?.body.runId]).toEqual([200, acknowledged.get(key)]);
      runIds.add(again?.body.runId);
    }
    expect(runIds.size).toBe(keys.length);
    for (const runId of runIds) expect((await second.ended(runId)).body.state).toBe('success');
    await until(
      async () => (await second.get('/api/v1/runs?dagId=orders&state=success&limit=200')).body.items.length === keys.length,
    );
    for (let i = 0; i < 10; i++) expect([200, 201]).toContain((await second.put(twoTasks(`stored-${i}`))).status);
    for (let i = 0; i < 10; i++) expect((await second.get(`/api/v1/dags/stored-${i}`)).body.version).toBe(1);
    await second.kill();
  });

  it('while two of them get the same submission a hundred times starts one run', async () => {
    const both = await Promise.all([cluster.service(), cluster.service()]);
    await both[0].put(twoTasks('crowd'));
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => submitted(both[i % 2]!, 'crowd', 'one')));
    expect(new Set(answers.map((answer) => answer?.body.runId)).size).toBe(1);
    expect(answers.filter((answer) => answer?.status === 202)).toHaveLength(1);
    expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(99);
    const { runId } = answers[0]!.body;
    expect((await both[1].ended(runId)).body.state).toBe('success');
    expect(cluster.ledger.count(runId, 'a', 'begin')).toBe(1);
    await Promise.all(both.map((service) => service.kill()));
  });

  // The other orders: killed-together.long-spec.ts.
  it('with everything else (temporal, worker, api) finds every acknowledged DAG and run again, and ends it', () =>
    killedTogether(cluster, ['temporal', 'worker', 'api']));
});
