import { expect } from 'vitest';
import { type Answer, until } from './api-caller.js';
import type { Cluster } from './cluster.js';
import type { ServiceProcess } from './service-process.js';

/** A DAG of two tasks, one after the other, whose lost attempts are noticed soon. */
export const twoTasks = (id: string): string => `id: ${id}
defaults: { heartbeatTimeout: 3s }
tasks:
  a: { type: activity, with: { name: work } }
  b: { type: activity, dependsOn: [a], with: { name: work } }
`;

/** Asks for a run under an idempotency key. Undefined = no answer came: the service was killed. */
export function submitted(service: ServiceProcess, dagId: string, key: string): Promise<Answer | undefined> {
  return service.post(`/api/v1/dags/${dagId}/runs`, {}, { 'idempotency-key': key }).catch(() => undefined);
}

/**
 * Runs are at their first task when API, worker and Temporal are killed in that order and started again at once: each DAG and run that was
 * acknowledged is found, and comes to its end with each task done once.
 */
export async function killedTogether(cluster: Cluster, order: readonly ('api' | 'worker' | 'temporal')[]): Promise<void> {
  const id = `all-${order.join('-')}`;
  const parts = { api: await cluster.api(), worker: await cluster.worker(), temporal: cluster.temporal };
  await parts.api.put(twoTasks(id).replace('name: work }', `name: gate, args: [${id}] }`));
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => submitted(parts.api, id, `${id}-${i}`)));
  const runIds = answers.map((answer) => answer!.body.runId as string);
  await until(() => cluster.ledger.lines().filter(({ run, phase }) => runIds.includes(run) && phase === 'begin').length >= 5);
  for (const part of order) await parts[part].kill();
  cluster.ledger.open(id);
  // In whatever order they come up: what comes first waits for the rest.
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
}
