import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/temporal/local-port.js';
import { until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';
import { AWAY, everyCallIsRefused, refuseConnections } from '../support/temporal-away.js';

/** What is promised. Where tests share the machine it cannot be measured. */
const WITHIN_MS = 5_000;

describe('Temporal away', () => {
  let cluster: Cluster;
  let service: ServiceProcess;
  let runId: string;
  beforeAll(async () => {
    cluster = await Cluster.start();
    service = await cluster.service();
    await service.put(AWAY);
    runId = (await service.run('away')).body.runId;
  });
  afterAll(async () => cluster?.stop());

  it('(refused connections): every call says 503 within five seconds, and all recovers by itself, a service that was started meanwhile too', async () => {
    await refuseConnections(cluster, service, runId, WITHIN_MS);
  });

  it('(stopped in its tracks): the same', async () => {
    process.kill(cluster.temporal.pid, 'SIGSTOP');
    try {
      await everyCallIsRefused(service, runId, WITHIN_MS);
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
      await everyCallIsRefused(lost, runId, WITHIN_MS);
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
