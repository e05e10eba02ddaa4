import type { JsonObject } from '../json.js';
import type { Checking } from './checking.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Parts of an input that speak of files and of DuckDB's own memory, and what there is in place of them. */
const DUCKDB_ONLY = {
  database: 'the address of the connection names the database',
  inputs: "pass rows by 'parameters' and read them with jsonb_to_recordset(:name)",
  result:
    'the server knows no files of the worker: return the rows and write them with a task without connection, which takes them as `inputs`',
} as const;

/**
 * What an input of SQL with `connection` may hold, of a task or of a wait: it goes to the server of that name, which knows no files of
 * the worker (R18). `path`: of the input.
 */
export function checkSqlConnection({ issues }: Checking, input: JsonObject | undefined, path: string): void {
  const connection = input?.connection;
  if (input === undefined || typeof connection !== 'string') return;
  if (!connection.includes('${{') && !NAME.test(connection))
    issues.error(
      'invalid_value',
      `${path}/connection`,
      'names a connection of the configuration: letters, digits, _ . and -, at most 128; addresses and passwords stand in the configuration only',
    );
  for (const [name, instead] of Object.entries(DUCKDB_ONLY)) {
    if (input[name] === undefined) continue;
    issues.error('not_allowed_with', `${path}/${name}`, `'${name}' is for the embedded DuckDB; with 'connection' ${instead}`);
  }
}
