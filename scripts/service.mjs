/**
 * The built service as a process of its own, with what a clone offers on top of a bare installation: the activities of
 * `examples/`, so that every example can be sent to it.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root, Unready } from './bootstrap.mjs';

const home = () => resolve(root, process.env.BATON_HOME || '.baton');

/** The environment of the service: the caller's own settings win. */
export function serviceEnvironment(env = process.env) {
  return {
    BATON_HOME: home(),
    BATON_DATA_DIR: join(home(), 'data'),
    BATON_ACTIVITIES: join(root, 'dist', 'examples', 'activities', 'index.js'),
    ...env,
  };
}

/** Spawns the service; `stdio` as in child_process. */
export function spawnService({ stdio = 'inherit' } = {}) {
  return spawn(process.execPath, ['--enable-source-maps', join(root, 'dist', 'src', 'main.js')], {
    cwd: root,
    env: serviceEnvironment(),
    stdio,
  });
}

/** Whether a Baton answers there; throws {@link Unready} when it is somebody else. */
async function answers(address) {
  let response;
  try {
    response = await fetch(`${address}/health/live`, { signal: AbortSignal.timeout(2_000) });
  } catch (error) {
    if (error.cause?.code === 'ECONNREFUSED') return false;
    throw new Unready(`${address} is taken by something that does not answer. Choose another port: PORT=3100 npm run demo`);
  }
  const isOurs = response.ok && (response.headers.get('content-type') ?? '').includes('json');
  if (isOurs) return true;
  throw new Unready(`${address} is taken by another program. Choose another port: PORT=3100 npm run demo`);
}

/** Uses the Baton that already answers on the port, else starts one and waits until it is ready. */
export async function findOrStartService() {
  const address = `http://127.0.0.1:${process.env.PORT || 3000}`;
  if (await answers(address)) {
    console.log(`Using the Baton that already runs at ${address}.\n`);
    return { address, stop: async () => {}, waitUntilStopped: async () => {} };
  }
  mkdirSync(home(), { recursive: true });
  const logFile = join(home(), 'service.log');
  const log = createWriteStream(logFile);
  const child = spawnService({ stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  // What takes long on a first start, such as fetching a Temporal server, is worth showing.
  child.stderr.on('data', (chunk) => process.stderr.write(chunk));

  const closed = new Promise((done) => child.on('close', done));
  let stopping = false;
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    stopping = true;
    child.kill('SIGTERM');
    await closed;
  };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, async () => {
      await stop();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
  await ready(address, child, () => stopping, logFile);
  return {
    address,
    stop,
    async waitUntilStopped() {
      console.log('\nBaton stays up; press Ctrl-C to stop it.');
      await closed;
    },
  };
}

/** Polls until the service says that it is ready; ten minutes allow for building a Temporal server. */
async function ready(address, child, isStopping, logFile) {
  const deadline = Date.now() + 600_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      if (isStopping()) process.exit(130);
      // It has said why on its standard error, which is shown.
      throw new Unready(`the service did not start (its log: ${logFile})`);
    }
    const response = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Unready(`the service is not ready after ten minutes (its log: ${logFile}):\n${tail(logFile)}`);
}

function tail(file) {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}
