import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResultReader,
  ResultReturnType,
} from '@duckdb/node-api';
import { mergeReferences, parseTemplate, renderTemplate } from '../../src/dag/expression/index.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { SqlSettings } from '../activity-deps.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import type { PreparedInput, TaskHandler } from '../task-handler.js';
import { PostgresTask } from './postgres.js';
import { PostgresPools } from './postgres-pools.js';
import { POSTGRES_SQL } from './postgres-text.js';
import { InputReader } from './read-input.js';
import { SqlDatabases } from './sql-database.js';
import { makeInputs } from './sql-inputs.js';
import { Slots } from './sql-slots.js';
import { DUCKDB_SQL, SqlTemplate, sqlLiteral } from './sql-text.js';
import { jsonOf } from './sql-values.js';

const DEFAULT_MAX_ROWS = 10_000;
const INTERRUPT_EVERY_MS = 100;
/** DuckDB works on Node's four threads, which files and name look-ups need too. */
const STATEMENTS_AT_ONCE = 3;
const FORMATS = ['parquet', 'csv', 'json'] as const;

/**
 * Type `sql`: `with: {query, parameters?, inputs?, database?, result?: {file, format?}, maxRows?}` on DuckDB -> `{rows, columns, rowCount}` of the last statement (R17, R18). A list
 * of queries is one transaction. `inputs` become tables and views (rows, or a file by name); files live below the worker's data folders.
 * `with: {connection, query, parameters?, maxRows?}` does the same on PostgreSQL.
 */
export function sqlHandler(settings: SqlSettings = {}): TaskHandler {
  const databases = new SqlDatabases(settings);
  const pools = new PostgresPools(settings);
  const slots = new Slots(STATEMENTS_AT_ONCE);
  return {
    prepare: prepareSql,
    run: (input, context) => {
      const reader = new InputReader('sql', input);
      const maxRows = Math.min(reader.count('maxRows') ?? DEFAULT_MAX_ROWS, settings.maxRows ?? DEFAULT_MAX_ROWS);
      return reader.get('connection') === undefined
        ? new SqlTask(maxRows, databases, slots, reader, context).run()
        : new PostgresTask(pools, reader, context, maxRows).run();
    },
  };
}

/** `query` has its own rules of rendering; the other fields are templates like any. */
function prepareSql(input: Json): PreparedInput {
  const { query, ...others } = input as JsonObject;
  const connected = (others.connection ?? null) !== null;
  const list = Array.isArray(query);
  const queries = (list ? (query as readonly Json[]) : [query as Json]).map((text) => {
    if (typeof text !== 'string')
      throw new TaskError('BadInput', 'with.query of a task of type sql must be text or a list of texts', { retryable: false });
    return new SqlTemplate(text, connected ? POSTGRES_SQL : DUCKDB_SQL);
  });
  const rest = parseTemplate(others as Json);
  return {
    references: mergeReferences([rest.references, ...queries.map((q) => q.references)]),
    render: (scope) => {
      const rendered = renderTemplate(rest, scope) as JsonObject;
      const parameters = typeof rendered.parameters === 'object' ? ((rendered.parameters ?? {}) as JsonObject) : {};
      const done = queries.map((q) => q.render(scope, parameters));
      const texts = done.map(({ text }) => text);
      return {
        ...rendered,
        query: list ? texts : (texts[0] as string),
        // A name that turns out to be null must not mean DuckDB.
        ...(connected ? { connection: rendered.connection ?? '', names: done.map(({ names }) => names) } : {}),
      };
    },
  };
}

class SqlTask {
  constructor(
    private readonly maxRows: number,
    private readonly databases: SqlDatabases,
    private readonly slots: Slots,
    private readonly input: InputReader,
    private readonly context: TaskContext,
  ) {}

  async run(): Promise<Json> {
    const { input, databases, context } = this;
    const database = input.text('database');
    const file = database === undefined ? undefined : databases.path(database, 'with.database');
    const session = await databases.open(file, context.info.resources).catch((error: unknown) => {
      throw named(error);
    });
    // An interrupt between two statements is lost, so it is repeated until the work has stopped.
    let interrupting: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      interrupting ??= setInterval(() => session.connection.interrupt(), INTERRUPT_EVERY_MS);
    };
    context.signal.addEventListener('abort', onAbort, { once: true });
    let shapeless: readonly string[] = [];
    try {
      const { connection, scratch } = session;
      shapeless = await makeInputs(connection, input, { scratch, databases, step: (work) => this.step(work) });
      return await this.runQueries(connection);
    } catch (error) {
      throw context.signal.aborted ? error : named(error, shapeless);
    } finally {
      context.signal.removeEventListener('abort', onAbort);
      clearInterval(interrupting);
      await session.close();
    }
  }

  private async runQueries(connection: DuckDBConnection): Promise<Json> {
    const query = this.input.get('query');
    const texts = (Array.isArray(query) ? query : [query]) as readonly string[];
    if (texts.length === 0) throw this.input.bad('query', 'text or a list of texts', []);
    const transaction = Array.isArray(query);
    if (transaction) await this.step(() => connection.run('begin transaction'));
    try {
      let output: Json = null;
      for (const [i, text] of texts.entries()) output = await this.runText(connection, text, i === texts.length - 1);
      if (transaction) await this.step(() => connection.run('commit'));
      return output;
    } catch (error) {
      if (transaction) await connection.run('rollback').catch(() => undefined);
      throw error;
    }
  }

  private async runText(connection: DuckDBConnection, text: string, isLast: boolean): Promise<Json> {
    const result = isLast ? this.input.object('result') : undefined;
    if (result !== undefined) return this.writeResult(connection, text, result);
    const extracted = await this.step(() => connection.extractStatements(text));
    let output: Json = { rows: [], columns: [], rowCount: 0 };
    for (let i = 0; i < extracted.count; i++) {
      const statement = await this.step(() => extracted.prepare(i));
      try {
        this.bind(statement);
        output = await this.read(statement, isLast && i === extracted.count - 1);
      } finally {
        statement.destroySync();
      }
    }
    return output;
  }

  private async read(statement: DuckDBPreparedStatement, wanted: boolean): Promise<Json> {
    const { maxRows } = this;
    const startedAt = Date.now();
    const reader = await this.step(() => (wanted ? statement.streamAndReadUntil(maxRows + 1) : statement.runAndReadAll()));
    const changed = reader.returnType === ResultReturnType.QUERY_RESULT ? undefined : countOf(reader);
    this.context.log.info(
      `statement done in ${Date.now() - startedAt} ms${changed === undefined ? '' : `, ${changed} rows changed`}`,
    );
    if (!wanted || changed !== undefined) return { rows: [], columns: [], rowCount: changed ?? 0 };
    if (reader.currentRowCount > maxRows) {
      throw new TaskError(
        'result_too_large',
        `the result has more than ${maxRows} rows; aggregate or limit it, or write it to a file with result: {file, format}`,
        { retryable: false },
      );
    }
    const names = reader.deduplicatedColumnNames();
    const types = reader.columnTypes();
    const rows = reader
      .getRows()
      .map((row) =>
        Object.fromEntries(
          row.map((value, i) => [names[i] as string, jsonOf(value, types[i] as (typeof types)[number], names[i] as string)]),
        ),
      );
    return { rows, columns: names.map((name, i) => ({ name, type: String(types[i]) })), rowCount: rows.length };
  }

  /** Writes beside the file and then renames, so that a retry or a reader never meets half a file. */
  private async writeResult(connection: DuckDBConnection, text: string, result: JsonObject): Promise<Json> {
    const reader = new InputReader('sql', result);
    const name = reader.requiredText('file');
    const file = this.databases.path(name, 'with.result.file');
    const format = reader.oneOf('format', FORMATS) ?? FORMATS.find((f) => f === extname(file).slice(1)) ?? 'parquet';
    await mkdir(dirname(file), { recursive: true });
    const part = join(dirname(file), `.${this.context.info.idempotencyKey}-${this.context.info.attempt}.part`);
    try {
      const query = text.trim().replace(/;\s*$/, '');
      const extracted = await this.step(() =>
        connection.extractStatements(`copy (${query}\n) to ${sqlLiteral(part)} (format ${format})`),
      );
      if (extracted.count !== 1)
        throw new TaskError('BadInput', 'with result: {file} the last query must be one statement', { retryable: false });
      const statement = await this.step(() => extracted.prepare(0));
      this.bind(statement);
      const rowCount = countOf(await this.step(() => statement.runAndReadAll()));
      await rename(part, file);
      this.context.log.info(`${rowCount} rows written to ${name}`);
      return { rows: [], columns: [], rowCount, file, format };
    } finally {
      await rm(part, { force: true });
    }
  }

  private bind(statement: DuckDBPreparedStatement): void {
    const parameters = this.input.object('parameters') ?? {};
    for (let i = 1; i <= statement.parameterCount; i++) {
      const name = statement.parameterName(i);
      const value = Object.hasOwn(parameters, name) ? (parameters[name] as Json) : undefined;
      if (value === undefined)
        throw new TaskError('BadInput', `the query names parameter ${name}, which with.parameters does not give`, {
          retryable: false,
        });
      if (value === null) statement.bindNull(i);
      else if (typeof value === 'boolean') statement.bindBoolean(i, value);
      else if (typeof value === 'number')
        Number.isSafeInteger(value) ? statement.bindBigInt(i, BigInt(value)) : statement.bindDouble(i, value);
      else statement.bindVarchar(i, typeof value === 'string' ? value : JSON.stringify(value));
    }
  }

  /** One call into DuckDB: not begun once the task shall stop. */
  private step<T>(work: () => Promise<T>): Promise<T> {
    return this.slots.use(async () => {
      this.context.signal.throwIfAborted();
      return work();
    });
  }
}

/** Rows that a statement without a result of its own has changed. */
function countOf(reader: DuckDBResultReader): number {
  const [count] = reader.columnCount === 1 ? (reader.getRows()[0] ?? []) : [];
  return typeof count === 'bigint' ? Number(count) : 0;
}

/** DuckDB's errors by their kind (`Catalog Error: …`). Input and syntax do not get better by trying again. `shapeless`: inputs without columns. */
function named(error: unknown, shapeless: readonly string[] = []): unknown {
  if (error instanceof TaskError || !(error instanceof Error)) return error;
  const kind = /(?:^|: )([A-Z][A-Za-z]*(?: (?:of|[A-Z][A-Za-z]*))*) Error: /.exec(error.message)?.[1];
  if (kind === undefined) return error;
  const final = ['Parser', 'Binder', 'Catalog', 'Conversion', 'Permission', 'Syntax', 'Not implemented'].includes(kind);
  return new TaskError('SqlError', `${error.message}${hint(kind, shapeless)}`, { details: { kind }, retryable: !final });
}

/** What the message of DuckDB cannot know. */
function hint(kind: string, [empty]: readonly string[]): string {
  if (kind === 'Permission')
    return '\n(sql reaches files below the data folder of this worker, and nothing else outside of its database)';
  if (kind !== 'Binder' || empty === undefined) return '';
  return `\n(inputs.${empty} has no rows, so its columns are not known: let it be the whole output of an sql task, or {rows, columns: [{name, type}]})`;
}
