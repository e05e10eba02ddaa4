import { writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { InputReader } from './read-input.js';
import type { SqlDatabases } from './sql-database.js';
import { sqlIdentifier, sqlLiteral } from './sql-text.js';

const READERS: { readonly [extension: string]: string } = {
  '.parquet': 'read_parquet',
  '.csv': 'read_csv',
  '.tsv': 'read_csv',
  '.json': 'read_json',
  '.ndjson': 'read_json',
  '.jsonl': 'read_json',
};

/** One statement of DuckDB. */
type Run = (sql: string) => Promise<unknown>;

/**
 * Makes `with.inputs` tables and views of a private connection: rows, an output that has rows, or a file by its name. Returns the names of
 * those without any column: an empty list does not say what its rows would have had. @throws TaskError for a value that is none of these.
 */
export async function makeInputs(
  connection: Pick<DuckDBConnection, 'run'>,
  input: InputReader,
  {
    scratch,
    databases,
    step,
  }: { readonly scratch: string; readonly databases: SqlDatabases; readonly step: <T>(work: () => Promise<T>) => Promise<T> },
): Promise<readonly string[]> {
  const run: Run = (sql) => step(() => connection.run(sql));
  const shapeless: string[] = [];
  for (const [i, [name, value]] of Object.entries(input.object('inputs') ?? {}).entries()) {
    const found = rowsOf(value as Json);
    if (found !== undefined) {
      const file = join(scratch, `${i}.json`);
      await writeFile(file, JSON.stringify(found.rows));
      const columns = found.rows.length > 0 ? undefined : await knownColumns(found.columns, file, run);
      await run(`create temp table ${sqlIdentifier(name)} as ${readRows(file, columns)}`);
      if (found.rows.length === 0 && columns === undefined) shapeless.push(name);
      continue;
    }
    if (typeof value !== 'string')
      throw input.bad(`inputs.${name}`, 'a list of objects (or an output with rows), or the name of a file', value as Json);
    const file = databases.path(value, `with.inputs.${name}`);
    const read = READERS[extname(file).toLowerCase()];
    if (read === undefined)
      throw input.bad(`inputs.${name}`, 'a file ending in .parquet, .csv, .tsv, .json, .ndjson or .jsonl', value);
    await run(`create temp view ${sqlIdentifier(name)} as from ${read}(${sqlLiteral(file)})`);
  }
  return shapeless;
}

interface Rows {
  readonly rows: readonly Json[];
  /** As an output of type sql has them. */
  readonly columns?: Json;
}

function rowsOf(value: Json): Rows | undefined {
  if (Array.isArray(value)) return { rows: value as readonly Json[] };
  const { rows, columns } = (typeof value === 'object' && value !== null ? value : {}) as JsonObject;
  return Array.isArray(rows) ? { rows: rows as readonly Json[], columns } : undefined;
}

/** Types by name; those that DuckDB does not know, as PostgreSQL's `jsonb`, are text. Undefined where `columns` says nothing of use. */
async function knownColumns(columns: Json | undefined, file: string, run: Run): Promise<JsonObject | undefined> {
  if (!Array.isArray(columns)) return undefined;
  const known = new Map<string, string>();
  for (const column of columns as readonly Json[]) {
    const { name, type } = (typeof column === 'object' && column !== null ? column : {}) as JsonObject;
    if (typeof name !== 'string' || typeof type !== 'string') continue;
    const isType = await run(readRows(file, { [name]: type })).then(
      () => true,
      () => false,
    );
    known.set(name, isType ? type : 'VARCHAR');
  }
  return known.size === 0 ? undefined : Object.fromEntries(known);
}

function readRows(file: string, columns: JsonObject | undefined): string {
  const shape = columns === undefined ? 'sample_size = -1' : `columns = ${sqlLiteral(columns)}`;
  return `from read_json(${sqlLiteral(file)}, format = 'array', ${shape}, maximum_object_size = 67108864)`;
}
