import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';

/** A connection to a real Temporal server for a test, and the way to let go of it. */
export interface TemporalServer {
  readonly connection: Connection;
  readonly namespace: string;
  close(): Promise<void>;
}

/** Uses the server at BATON_TEST_TEMPORAL_ADDRESS, or starts one of its own on a free port. */
export async function temporalServer(): Promise<TemporalServer> {
  const address = process.env.BATON_TEST_TEMPORAL_ADDRESS;
  if (address !== undefined) {
    const connection = await Connection.connect({ address });
    return { connection, namespace: 'default', close: () => connection.close() };
  }
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: temporalBinary() } },
  });
  return {
    connection: environment.connection as Connection,
    namespace: environment.namespace ?? 'default',
    close: () => environment.teardown(),
  };
}

function temporalBinary(): string {
  const given = process.env.BATON_TEST_TEMPORAL_BIN;
  if (given !== undefined) return given;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'baton');
  const cached = existsSync(cache)
    ? readdirSync(cache)
        .sort()
        .reverse()
        .filter((name) => name.startsWith('temporal'))
    : [];
  const candidates = [
    ...cached.flatMap((name) => [join(cache, name, 'temporal'), join(cache, name)]),
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'temporal')),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined)
    throw new Error('no Temporal CLI found: set BATON_TEST_TEMPORAL_BIN to its path, or put `temporal` on PATH');
  return found;
}
