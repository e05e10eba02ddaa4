import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The Temporal CLI that tests start servers with: BATON_TEST_TEMPORAL_BIN, else the user's cache, else PATH. */
export async function temporalBinary(): Promise<string> {
  const { env } = process;
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'baton');
  const places = [env['BATON_TEST_TEMPORAL_BIN'], join(cache, 'temporal'), ...(env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'temporal'))];
  for (const place of places) {
    if (place === undefined || place === '') continue;
    try {
      await access(place, constants.X_OK);
      return place;
    } catch {
      // Not here.
    }
  }
  throw new Error('no temporal CLI for the tests: npm test gets one, or set BATON_TEST_TEMPORAL_BIN');
}
