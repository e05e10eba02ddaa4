import type { FieldDef, PoolClient, QueryArrayResult } from 'pg';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { TaskContext } from '../task-context.js';
import { TaskError } from '../task-error.js';
import type { PostgresPools } from './postgres-pools.js';
import { postgresValue } from './postgres-text.js';
import { type PostgresType, postgresJson } from './postgres-values.js';
import type { InputReader } from './read-input.js';

/** Of one result, in the text form of PostgreSQL: more would not fit into an output (R15). */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** The last result of a text: its rows as text, column by column. */
interface TextResult {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rowCount: number;
}

/** Type `sql` with a connection: the same texts, parameters and output as on DuckDB, on a PostgreSQL server (R18). */
export class PostgresTask {
  constructor(
    private readonly pools: PostgresPools,
    private readonly input: InputReader,
    private readonly context: TaskContext,
    private readonly maxRows: number,
  ) {}

  async run(): Promise<Json> {
    const { input, pools, context } = this;
    for (const name of ['inputs', 'database', 'result'])
      if (input.get(name) !== undefined)
        throw new TaskError('BadInput', `with.${name} is for DuckDB; with a connection pass data by \`parameters\``, {
          retryable: false,
        });
    return pools.use(input.requiredText('connection'), context, (client) => this.runTexts(client));
  }

  private async runTexts(client: PoolClient): Promise<Json> {
    const query = this.input.get('query');
    const texts = (Array.isArray(query) ? query : [query]) as readonly string[];
    if (texts.length === 0) throw this.input.bad('query', 'text or a list of texts', []);
    const names = this.input.get('names') as readonly (readonly string[])[];
    const transaction = Array.isArray(query);
    if (transaction) await client.query('begin');
    let output: Json = null;
    for (const [i, text] of texts.entries()) {
      this.context.signal.throwIfAborted();
      const result = await this.runText(client, text, names[i] ?? []);
      if (i === texts.length - 1) output = await outputOf(client, result);
    }
    this.context.signal.throwIfAborted();
    if (transaction) await client.query('commit');
    return output;
  }

  private async runText(client: PoolClient, text: string, names: readonly string[]): Promise<TextResult> {
    const parameters = this.input.object('parameters') ?? {};
    const values = names.map((name) => postgresValue(parameters[name] as Json));
    const startedAt = Date.now();
    const result = await this.stream(client, text, values);
    const changed = result.fields.length > 0 ? '' : `, ${result.rowCount} rows changed`;
    this.context.log.info(`statement done in ${Date.now() - startedAt} ms${changed}`);
    return result;
  }

  /** Takes rows one by one as they arrive, and stops at one too many: the connection is closed, so the server stops too. */
  private async stream(client: PoolClient, text: string, values: (string | null)[]): Promise<TextResult> {
    const { default: pg } = await import('pg');
    const { maxRows } = this;
    // Without values the simple protocol: it takes several statements in one text, which are one transaction.
    const config = { text, rowMode: 'array', ...(values.length > 0 ? { values } : {}) };
    const query = client.query(new pg.Query(config));
    let rows: (string | null)[][] = [];
    let bytes = 0;
    let of: object | undefined;
    return new Promise((resolve, reject) => {
      query.on('row', (row, result) => {
        if (result !== of) {
          of = result;
          rows = [];
          bytes = 0;
        }
        const cells = row as unknown as (string | null)[];
        bytes += cells.reduce((sum, cell) => sum + (cell?.length ?? 0), 0);
        if (rows.length === maxRows) reject(tooLarge(`${maxRows} rows`));
        else if (bytes > MAX_RESULT_BYTES) reject(tooLarge(`${MAX_RESULT_BYTES} characters`));
        else rows.push(cells);
      });
      query.on('error', reject);
      query.on('end', (ended) => {
        const results = ended as unknown as QueryArrayResult | QueryArrayResult[];
        const last = Array.isArray(results) ? results.at(-1) : results;
        const fields = last?.fields ?? [];
        resolve({ fields, rows: of === last ? rows : [], rowCount: last?.rowCount ?? 0 });
      });
    });
  }
}

function tooLarge(limit: string): TaskError {
  return new TaskError(
    'result_too_large',
    `the result has more than ${limit}; aggregate or limit it, or copy it with \`insert ... select\` on the server`,
    { retryable: false },
  );
}

async function outputOf(client: PoolClient, { fields, rows, rowCount }: TextResult): Promise<Json> {
  if (fields.length === 0) return { rows: [], columns: [], rowCount };
  const types = await typesOf(client, fields);
  const names = distinctNames(fields.map(({ name }) => name));
  const objects = rows.map(
    (row): JsonObject =>
      Object.fromEntries(
        row.map((cell, i) => [names[i] as string, postgresJson(cell, types[i] as PostgresType, names[i] as string)]),
      ),
  );
  return {
    rows: objects,
    columns: names.map((name, i) => ({ name, type: (types[i] as PostgresType).name })),
    rowCount: rows.length,
  };
}

const TYPES = `select pg_catalog.format_type(c.oid, c.modifier) as name, t.typelem as element, e.typdelim as delimiter
  from unnest($1::oid[], $2::int4[]) with ordinality as c(oid, modifier, place)
  left join pg_catalog.pg_type t on t.oid = c.oid and t.typcategory = 'A'
  left join pg_catalog.pg_type e on e.oid = t.typelem order by c.place`;

async function typesOf(client: PoolClient, fields: readonly FieldDef[]): Promise<PostgresType[]> {
  const oids = fields.map(({ dataTypeID }) => dataTypeID);
  const { rows } = await client.query<{ name: string; element: string | null; delimiter: string | null }>(TYPES, [
    oids,
    fields.map(({ dataTypeModifier }) => dataTypeModifier),
  ]);
  return rows.map(({ name, element, delimiter }, i) => ({
    name,
    oid: oids[i] as number,
    ...(element === null ? {} : { element: { oid: Number(element), delimiter: delimiter ?? ',' } }),
  }));
}

/** As DuckDB does: the second `a` is `a:1`. */
function distinctNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}:${count}`;
  });
}
