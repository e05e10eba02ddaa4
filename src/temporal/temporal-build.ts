import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { findOnPath } from './program-path.js';
import type { BinaryOrder } from './temporal-download.js';

const PREFIX = 'build-';
const PROGRESS_MS = 15_000;
/** A build takes minutes; a folder that old was left by one that was killed. */
const STALE_MS = 3 * 3_600_000;

/** Builds the program with Go, in a temporary folder below the cache. @throws Error saying why not. */
export async function buildTemporal({ version, target, cacheDir, env, log }: BinaryOrder): Promise<void> {
  if (!(await findOnPath('go', env))) throw new Error('there is no `go` on PATH');
  await sweepStale(cacheDir);
  const folder = await mkdtemp(join(cacheDir, PREFIX));
  const began = Date.now();
  let step = 'starting';
  log.info({}, `Building the Temporal server ${version} with Go: this happens once and takes about 4 minutes ...`);
  const progress = setInterval(
    () => log.info({}, `  still building (${Math.round((Date.now() - began) / 1_000)} s; ${step})`),
    PROGRESS_MS,
  );
  try {
    await install(version, folder, env, (line) => {
      step = line.replace(/^go: /, '').slice(0, 100);
    });
    await mkdir(dirname(target), { recursive: true });
    await rename(join(folder, basename(target)), target);
    log.info({}, `Built the Temporal server in ${Math.round((Date.now() - began) / 1_000)} s.`);
  } finally {
    clearInterval(progress);
    await rm(folder, { recursive: true, force: true });
  }
}

async function install(version: string, folder: string, env: NodeJS.ProcessEnv, onLine: (line: string) => void): Promise<void> {
  const child = spawn('go', ['install', '-v', `github.com/temporalio/cli/cmd/temporal@${version}`], {
    env: { ...env, GOBIN: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    onLine(line);
    last.push(line);
    if (last.length > 5) last.shift();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`go install ended with ${code ?? 'a signal'}: ${last.join(' | ')}`);
}

async function sweepStale(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const path = join(cacheDir, name);
    const info = name.startsWith(PREFIX) ? await stat(path).catch(() => undefined) : undefined;
    if (info && Date.now() - info.mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}
