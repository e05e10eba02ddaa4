import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';

/** A real server: the one of `BATON_TEST_TEMPORAL_ADDRESS`, else one of its own from a binary that is on this machine. */
export async function temporalEnvironment(): Promise<TestWorkflowEnvironment> {
  const address = process.env.BATON_TEST_TEMPORAL_ADDRESS;
  if (address !== undefined) return TestWorkflowEnvironment.createFromExistingServer({ address });
  return TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: temporalBinary() } } });
}

function temporalBinary(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'baton');
  const cached = existsSync(cache)
    ? readdirSync(cache).flatMap((name) => [join(cache, name), join(cache, name, 'temporal')])
    : [];
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'temporal'));
  const found = [process.env.BATON_TEST_TEMPORAL_BIN, ...cached.filter((path) => /[/\\]temporal$/.test(path)), ...onPath].find(
    (path) => path !== undefined && existsSync(path) && !existsSync(join(path, 'temporal')),
  );
  if (found === undefined)
    throw new Error('there is no Temporal server binary; set BATON_TEST_TEMPORAL_BIN or BATON_TEST_TEMPORAL_ADDRESS');
  return found;
}
