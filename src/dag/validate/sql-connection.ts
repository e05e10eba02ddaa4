import type { TaskSpec } from '../spec.js';
import type { Checking } from './checking.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Parts of `with` that speak of files and of DuckDB's own memory. */
const DUCKDB_ONLY = ['database', 'inputs', 'result'] as const;

/** A task of type sql with `connection` runs on the server of that name, which knows no files of the worker (R18). */
export function checkSqlConnection({ issues }: Checking, task: TaskSpec, path: string): void {
  const connection = task.with?.connection;
  if (typeof connection !== 'string') return;
  if (!connection.includes('${{') && !NAME.test(connection))
    issues.error(
      'invalid_value',
      `${path}/with/connection`,
      'names a connection of the configuration: letters, digits, _ . and -, at most 128; addresses and passwords stand in the configuration only',
    );
  for (const name of DUCKDB_ONLY) {
    if (task.with?.[name] === undefined) continue;
    issues.error(
      'not_allowed_with',
      `${path}/with/${name}`,
      `'${name}' is for the embedded DuckDB; with 'connection' pass rows by 'parameters' and read them with jsonb_to_recordset(:name)`,
    );
  }
}
