import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

const DAG = (id: string) => `id: ${id}
defaults: { heartbeatTimeout: 3s }
tasks:
  a: { type: activity, with: { name: work } }
  b: { type: activity, dependsOn: [a], with: { name: work } }
`;

describe('a service that is killed', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());
  const start = (service: ServiceProcess, dagId: string, key: string): Promise<Answer | undefined> =>
    service.post(`/api/v1/dags/${dagId}/runs`, {}, { 'idempotency-key': key }).catch(() => undefined);

  it('in mid-submission loses nothing it has acknowledged, and repeating a request makes no second run', async () => {
    const first = await cluster.service();
    await first.put(DAG('orders'));
    const keys = Array.from({ length: 40 }, (_, i) => `order-${i}`);
    const acknowledged = new Map<string, string>();
    const sending = keys.map(async (key) => {
      const answer = await start(first, 'orders', key);
      if (answer?.status === 202) acknowledged.set(key, answer.body.runId);
    });
    const storing = Array.from({ length: 10 }, (_, i) =>
      first.put(DAG(`stored-${i}`)).then(
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
      const again = await start(second, 'orders', key);
      expect([200, 202]).toContain(again?.status);
      if (acknowledged.has(key)) expect([again?.status, again?.body.runId]).toEqual([200, acknowledged.get(key)]);
      runIds.add(again?.body.runId);
    }
    expect(runIds.size).toBe(keys.length);
    for (const runId of runIds) expect((await second.ended(runId)).body.state).toBe('success');
    await until(
      async () => (await second.get('/api/v1/runs?dagId=orders&state=success&limit=200')).body.items.length === keys.length,
    );
    for (let i = 0; i < 10; i++) expect([200, 201]).toContain((await second.put(DAG(`stored-${i}`))).status);
    for (let i = 0; i < 10; i++) expect((await second.get(`/api/v1/dags/stored-${i}`)).body.version).toBe(1);
    await second.kill();
  });

  it('while two of them get the same submission a hundred times starts one run', async () => {
    const both = await Promise.all([cluster.service(), cluster.service()]);
    await both[0].put(DAG('crowd'));
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => start(both[i % 2]!, 'crowd', 'one')));
    expect(new Set(answers.map((answer) => answer?.body.runId)).size).toBe(1);
    expect(answers.filter((answer) => answer?.status === 202)).toHaveLength(1);
    expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(99);
    const { runId } = answers[0]!.body;
    expect((await both[1].ended(runId)).body.state).toBe('success');
    expect(cluster.ledger.count(runId, 'a', 'begin')).toBe(1);
    await Promise.all(both.map((service) => service.kill()));
  });

  const ORDERS = [
    ['temporal', 'worker', 'api'],
    ['api', 'worker', 'temporal'],
    ['worker', 'temporal', 'api'],
  ] as const;
  it.each(ORDERS)(
    'with everything else (%s, %s, %s) finds every acknowledged DAG and run again, and ends it',
    async (...order) => {
      const id = `all-${order.join('-')}`;
      const parts = { api: await cluster.api(), worker: await cluster.worker(), temporal: cluster.temporal };
      await parts.api.put(DAG(id).replace('name: work }', `name: gate, args: [${id}] }`));
      const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => start(parts.api, id, `${id}-${i}`)));
      const runIds = answers.map((answer) => answer!.body.runId as string);
      await until(
        () => cluster.ledger.lines().filter(({ run, phase }) => runIds.includes(run) && phase === 'begin').length >= 5,
      );
      for (const part of order) await parts[part].kill();
      cluster.ledger.open(id);
      // In the other order: whatever comes first waits for the rest.
      const api = await cluster.spawn('api');
      const worker = await cluster.spawn('worker');
      await cluster.temporal.start();
      await Promise.all([api.up(), worker.up()]);
      expect((await api.get(`/api/v1/dags/${id}`)).body.version).toBe(1);
      for (const runId of runIds) {
        expect((await api.ended(runId)).body).toMatchObject({ state: 'success', counts: { success: 2 } });
        expect(cluster.ledger.count(runId, 'a', 'end')).toBe(1);
        expect(cluster.ledger.count(runId, 'b', 'end')).toBe(1);
      }
      await Promise.all([api.kill(), worker.kill()]);
    },
  );
});
