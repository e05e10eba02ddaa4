import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/temporal/local-port.js';
import { runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

const DAG = 'id: away\ntasks: { a: { type: activity, with: { name: work } } }\n';

/** Every call that needs Temporal, sent at once: 503 within five seconds, with advice. Reads and writes alike. */
async function everyCallIsRefused(service: ServiceProcess, runId: string): Promise<void> {
  const run = runPath(runId);
  const calls: [method: string, path: string, body?: unknown][] = [
    ['GET', '/api/v1/dags'],
    ['GET', '/api/v1/dags/away'],
    ['GET', '/api/v1/dags/away/versions'],
    ['GET', '/api/v1/dags/away/graph'],
    ['PUT', '/api/v1/dags/away', DAG],
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
      expect({ method, path, late: ms > 5_000 ? ms : false }).toEqual({ method, path, late: false });
    }),
  );
  expect(await service.answers('/health/live')).toBe(true);
  expect((await service.get('/health/ready')).status).toBe(503);
  // What needs no Temporal answers.
  expect((await service.call('POST', '/api/v1/dags/validate', DAG)).body.valid).toBe(true);
}

describe('Temporal away', () => {
  let cluster: Cluster;
  let service: ServiceProcess;
  let runId: string;
  beforeAll(async () => {
    cluster = await Cluster.start();
    service = await cluster.service();
    await service.put(DAG);
    runId = (await service.run('away')).body.runId;
  });
  afterAll(async () => cluster?.stop());

  it('(refused connections): every call says 503 within five seconds, and all recovers by itself, a service that was started meanwhile too', async () => {
    await cluster.temporal.kill();
    const early = await cluster.spawn('all');
    await until(() => early.answers('/health/live'));
    await Promise.all([everyCallIsRefused(service, runId), everyCallIsRefused(early, runId)]);
    await cluster.temporal.start();
    await Promise.all([early.up(), until(() => service.answers('/health/ready'))]);
    expect((await service.get(runPath(runId))).body.state).toBe('success');
    expect((await service.put(DAG)).body.outcome).toBe('unchanged');
    expect((await service.run('away')).body.state).toBe('success');
    expect((await early.run('away')).body.state).toBe('success');
    await early.kill('SIGTERM');
  });

  it('(stopped in its tracks): the same', async () => {
    process.kill(cluster.temporal.pid, 'SIGSTOP');
    try {
      await everyCallIsRefused(service, runId);
    } finally {
      process.kill(cluster.temporal.pid, 'SIGCONT');
    }
    await until(() => service.answers('/health/ready'));
    expect((await service.run('away')).body.state).toBe('success');
  });

  describe('behind an address that takes connections and never answers', () => {
    let hole: Server;
    let through: string | undefined;
    const sockets = new Set<Socket>();
    beforeAll(async () => {
      hole = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        if (through === undefined) return;
        const [, port] = through.split(':');
        void import('node:net').then(({ connect }) => {
          const onward = connect(Number(port), '127.0.0.1');
          onward.on('error', () => socket.destroy());
          socket.pipe(onward).pipe(socket);
        });
      });
      const port = await freePort();
      await new Promise<void>((resolve) => hole.listen(port, '127.0.0.1', resolve));
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      hole.close();
    });

    it('the same, and the service can be stopped', async () => {
      const { port } = hole.address() as { port: number };
      const lost = await cluster.spawn('all', { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
      await until(() => lost.answers('/health/live'));
      await everyCallIsRefused(lost, runId);
      through = cluster.temporal.address;
      for (const socket of sockets) socket.destroy();
      await lost.up();
      expect((await lost.run('away')).body.state).toBe('success');
      await lost.kill('SIGTERM');
      through = undefined;
      const stuck = await cluster.spawn('all', { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
      await until(() => stuck.answers('/health/live'));
      await stuck.kill('SIGTERM');
      expect(stuck.alive).toBe(false);
    });
  });
});
