import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.js';
import { findOnPath, isExecutable } from './program-path.js';
import { buildTemporal } from './temporal-build.js';
import { downloadTemporal } from './temporal-download.js';

/** Version that is fetched or built: newer tags carry a `replace` and cannot be installed with `go install`. */
export const TEMPORAL_CLI_VERSION = 'v1.5.1';

/** The `temporal` program cannot be found, fetched or built; the message says what to do. */
export class TemporalBinaryError extends Error {
  override readonly name = 'TemporalBinaryError';
}

/** Where to look for the program. */
export interface BinarySearch {
  /** BATON_TEMPORAL_BIN: nothing else is looked at. */
  readonly binary?: string;
  /** Baton's folder in the user's cache, shared by all clones. */
  readonly cacheDir: string;
  /** For child processes: PATH, and what `go` needs. */
  readonly env: NodeJS.ProcessEnv;
}

/** Where the cache holds the program. */
export const cachedBinary = (cacheDir: string): string =>
  join(cacheDir, `temporal-${TEMPORAL_CLI_VERSION}`, process.platform === 'win32' ? 'temporal.exe' : 'temporal');

/**
 * Finds the `temporal` program: the one named, on PATH, in the cache, downloaded, or built with Go (about 4 minutes).
 * @throws TemporalBinaryError
 */
export async function findTemporalBinary(search: BinarySearch, log: Log): Promise<string> {
  if (search.binary !== undefined) {
    if (await isExecutable(search.binary)) return search.binary;
    throw new TemporalBinaryError(
      `BATON_TEMPORAL_BIN=${search.binary} is not a program that can be run. Correct the path or unset the variable.`,
    );
  }
  const onPath = await findOnPath('temporal', search.env);
  if (onPath) return onPath;
  const cached = cachedBinary(search.cacheDir);
  if (await isExecutable(cached)) return cached;

  const failures: string[] = [];
  try {
    await mkdir(search.cacheDir, { recursive: true });
  } catch (error) {
    throw new TemporalBinaryError(
      `The cache folder ${search.cacheDir} cannot be made (${(error as Error).message}). Set XDG_CACHE_HOME to a folder that can be written.`,
    );
  }
  for (const [what, get] of [
    ['download', downloadTemporal],
    ['build with Go', buildTemporal],
  ] as const) {
    try {
      await get({ version: TEMPORAL_CLI_VERSION, target: cached, cacheDir: search.cacheDir, env: search.env, log });
      return cached;
    } catch (error) {
      failures.push(`  ${what}: ${(error as Error).message}`);
      log.info({}, `The Temporal server cannot be had by ${what}: ${(error as Error).message}`);
    }
  }
  throw new TemporalBinaryError(
    `No Temporal server could be found:\n  PATH: no program \`temporal\`\n  cache: nothing at ${cached}\n${failures.join('\n')}\n` +
      'Do one of these: install the Temporal CLI (https://docs.temporal.io/cli), install Go 1.24 or newer, ' +
      'point BATON_TEMPORAL_BIN to a `temporal` program, or point TEMPORAL_ADDRESS to a running Temporal server.',
  );
}
