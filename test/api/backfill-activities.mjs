/** Activities of the tests of backfills. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';

/** Waits for a file. */
export async function waitForFile(path) {
  while (!existsSync(path)) await delay(20, undefined, { signal: Context.current().cancellationSignal });
  return null;
}

/** Fails until there is a file. */
export async function needsFile(path) {
  if (!existsSync(path)) throw new Error('there is no such file yet');
  return null;
}
