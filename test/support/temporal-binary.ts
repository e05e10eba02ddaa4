import { homedir } from 'node:os';
import { join } from 'node:path';
import { findTemporalBinary } from '../../src/temporal/temporal-binary.js';

/** The Temporal CLI that tests start servers with: BATON_TEST_TEMPORAL_BIN, else as the service finds, fetches or builds it. */
export function temporalBinary(): Promise<string> {
  const { env } = process;
  const log = { debug() {}, info: (_: object, message: string) => console.log(message), warn() {}, error() {} };
  return findTemporalBinary(
    {
      binary: env['BATON_TEST_TEMPORAL_BIN'] || undefined,
      cacheDir: join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'baton'),
      env,
    },
    log,
  );
}
