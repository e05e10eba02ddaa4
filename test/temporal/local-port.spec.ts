import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort, isPortFree } from '../../src/temporal/local-port.js';

test('a free port lies where the system picks none by itself, and can be listened on', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort));
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(15_000);
    expect(port).toBeLessThan(32_768);
  }
  expect(await isPortFree(ports[0] as number)).toBe(true);
});

test('a port is not free while somebody listens on it', async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  try {
    expect(await isPortFree(port)).toBe(false);
  } finally {
    await new Promise((done) => server.close(done));
  }
});
