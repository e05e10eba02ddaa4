import { expect } from 'vitest';
import { runPath, until } from './api-caller.js';
import type { Cluster } from './cluster.js';
import type { ServiceProcess } from './service-process.js';

/** The DAG that is asked for. */
export const AWAY = 'id: away\ntasks: { a: { type: activity, with: { name: work } } }\n';

/** Every call that needs Temporal, sent at once: 503 within that time, with advice. Reads and writes alike. */
export async function everyCallIsRefused(service: ServiceProcess, runId: string, withinMs: number): Promise<void> {
  const run = runPath(runId);
  const calls: [method: string, path: string, body?: unknown][] = [
    ['GET', '/api/v1/dags'],
    ['GET', '/api/v1/dags/away'],
    ['GET', '/api/v1/dags/away/versions'],
    ['GET', '/api/v1/dags/away/graph'],
    ['PUT', '/api/v1/dags/away', AWAY],
    ['PATCH', '/api/v1/dags/away', { paused: true }],
    ['DELETE', '/api/v1/dags/away'],
    ['POST', '/api/v1/dags/away/runs', {}],
    ['GET', '/api/v1/runs'],
    ['GET', run],
    ['GET', `${run}?wait=10s`],
    ['GET', `${run}/tasks`],
    ['GET', `${run}/tasks/a`],
    ['GET', `${run}/graph`],
    ['GET', `${run}/executions`],
    ['GET', `${run}/events`],
    ['POST', `${run}/cancel`],
  ];
  const began = Date.now();
  await Promise.all(
    calls.map(async ([method, path, body]) => {
      const { status, body: problem, headers } = await service.call(method, path, body);
      const ms = Date.now() - began;
      expect({ method, path, status, code: problem?.code }).toEqual({
        method,
        path,
        status: 503,
        code: 'temporal_unavailable',
      });
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect({ method, path, late: ms > withinMs ? ms : false }).toEqual({ method, path, late: false });
    }),
  );
  expect(await service.answers('/health/live')).toBe(true);
  expect((await service.get('/health/ready')).status).toBe(503);
  // What needs no Temporal answers.
  expect((await service.call('POST', '/api/v1/dags/validate', AWAY)).body.valid).toBe(true);
}

/** Temporal is killed and started again: what a service says meanwhile and does afterwards, one that is started meanwhile too. */
export async function refuseConnections(
  cluster: Cluster,
  service: ServiceProcess,
  runId: string,
  withinMs: number,
): Promise<void> {
  await cluster.temporal.kill();
  const early = await cluster.spawn('all');
  await until(() => early.answers('/health/live'));
  await Promise.all([everyCallIsRefused(service, runId, withinMs), everyCallIsRefused(early, runId, withinMs)]);
  await cluster.temporal.start();
  await Promise.all([early.up(), until(() => service.answers('/health/ready'))]);
  expect((await service.get(runPath(runId))).body.state).toBe('success');
  expect((await service.put(AWAY)).body.outcome).toBe('unchanged');
  expect((await service.run('away')).body.state).toBe('success');
  expect((await early.run('away')).body.state).toBe('success');
  await early.kill('SIGTERM');
}
