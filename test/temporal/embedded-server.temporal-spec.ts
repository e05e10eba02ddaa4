import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedServer, type EmbeddedServerOptions } from '../../src/temporal/embedded-server.js';
import { QUIET } from '../../src/temporal/log.js';
import { isAlive, writeRecord } from '../../src/temporal/server-record.js';
import { temporalBinary } from '../support/temporal-binary.js';

let home: string;
const started: EmbeddedServer[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'baton-home-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  await rm(home, { recursive: true, force: true });
});

async function options(more: Partial<EmbeddedServerOptions> = {}): Promise<EmbeddedServerOptions> {
  return {
    home,
    port: 0,
    uiPort: 0,
    namespace: 'default',
    cacheDir: join(home, 'cache'),
    binary: await temporalBinary(),
    env: process.env,
    log: QUIET,
    ...more,
  };
}
async function start(more: Partial<EmbeddedServerOptions> = {}): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.start(await options(more));
  started.push(server);
  return server;
}
const recordOf = async () => JSON.parse(await readFile(join(home, 'temporal.pid'), 'utf8'));

test('a server is ready when start returns, serves its Web UI, and is gone after stop', async () => {
  const server = await start();
  const { server: pid } = await recordOf();
  expect((await fetch(server.uiUrl)).status).toBe(200);
  await server.stop();
  expect(isAlive(pid)).toBe(false);
  await expect(recordOf()).rejects.toThrow();
});

test('a server that is killed comes back on the same port', async () => {
  const server = await start();
  const { server: first } = await recordOf();
  process.kill(first, 'SIGKILL');
  await expect.poll(async () => (await recordOf()).server, { timeout: 20_000 }).not.toBe(first);
  await expect
    .poll(
      () =>
        fetch(server.uiUrl).then(
          (r) => r.status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
});

test('a server that is killed again and again is started more and more rarely, and each time it is said', async () => {
  const said: string[] = [];
  await start({ log: { ...QUIET, error: (_, message) => void said.push(message) } });
  for (let killed = 1; killed <= 3; killed++) {
    const { server } = await recordOf();
    process.kill(server, 'SIGKILL');
    await expect.poll(async () => (await recordOf()).server, { timeout: 20_000 }).not.toBe(server);
  }
  expect(said.map((message) => /starting it again.*?\. Its/.exec(message)?.[0])).toEqual([
    'starting it again. Its',
    'starting it again in 0.5 s, after 2 failures in a row. Its',
    'starting it again in 1 s, after 3 failures in a row. Its',
  ]);
});

test('a home that another live Baton uses is refused by name', async () => {
  await start();
  await writeRecord(join(home, 'temporal.pid'), { ...(await recordOf()), owner: process.ppid });
  await expect(options().then(EmbeddedServer.start)).rejects.toThrow(/Another Baton \(process \d+\) uses BATON_HOME/);
});

test('a server left by a killed Baton is used on when its ports fit, and replaced when they do not', async () => {
  const left = await start();
  const { server: pid } = await recordOf();
  await writeRecord(join(home, 'temporal.pid'), { ...(await recordOf()), owner: 2 ** 22 + 1 });
  const again = await start({ port: left.port, uiPort: left.uiPort });
  expect((await recordOf()).server).toBe(pid);
  expect(again.port).toBe(left.port);
});

test('a taken port is refused with the name of its variable', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await expect(start({ port })).rejects.toThrow(`Port ${port} is taken by another program. Set BATON_TEMPORAL_PORT`);
  await expect(start({ uiPort: port })).rejects.toThrow('Set BATON_TEMPORAL_UI_PORT');
  other.close();
});

test('a home that cannot be written is refused by name', async () => {
  const file = join(home, 'file');
  await writeFile(file, '');
  await expect(start({ home: join(file, 'home') })).rejects.toThrow(/^BATON_HOME=.* cannot be written \(ENOTDIR\)/);
});

test('a program that ends at once is reported with the end of its log', async () => {
  const binary = join(home, 'broken');
  await writeFile(binary, '#!/bin/sh\necho no such luck >&2; exit 3\n');
  await chmod(binary, 0o755);
  await expect(start({ binary })).rejects.toThrow(/ended at once \(code 3\)[\s\S]*no such luck/);
});

test('a start whose inner port was taken under its hands is tried again', async () => {
  const binary = join(home, 'second-time');
  const tried = join(home, 'tried');
  await writeFile(
    binary,
    `#!/bin/sh\n[ -e '${tried}' ] && exec '${await temporalBinary()}' "$@"\ntouch '${tried}'; echo 'listen tcp 127.0.0.1:40001: bind: address already in use' >&2; exit 1\n`,
  );
  await chmod(binary, 0o755);
  const server = await start({ binary });
  expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
});
