import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SqlSettings } from '../../../activities/activity-deps.js';
import { sqlHandler } from '../../../activities/handlers/sql.js';
import type { Json } from '../../../src/dag/json.js';
import type { Resources } from '../../../src/dag/resources.js';
import type { Scope } from '../../../src/dag/scope.js';
import { taskContext } from './task-context.js';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'baton-data-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

interface SqlOutput {
  rows: { [column: string]: Json }[];
  columns: { name: string; type: string }[];
  rowCount: number;
}
async function run(
  input: Json,
  scope: Scope = {},
  settings: SqlSettings = { dataFolders: [data] },
  context = taskContext(),
): Promise<SqlOutput> {
  const handler = sqlHandler(settings);
  return (await handler.run(handler.prepare!(input).render(scope), await context)) as SqlOutput;
}
const rows = async (input: Json, scope?: Scope): Promise<Json> => (await run(input, scope)).rows;

describe('an sql task', () => {
  it('returns rows, columns and their count', async () => {
    expect(await run({ query: "select 1 as a, 'x' as b union all select 2, null order by a" })).toEqual({
      rows: [
        { a: 1, b: 'x' },
        { a: 2, b: null },
      ],
      columns: [
        { name: 'a', type: 'INTEGER' },
        { name: 'b', type: 'VARCHAR' },
      ],
      rowCount: 2,
    });
  });

  it('gives every type as JSON', async () => {
    const query = `select 9007199254740991 as big, sum(x)::hugeint as huge, 12.50::decimal(9,2) as dec, date '2024-02-29' as d, timestamp '2024-01-01 10:00:00.5' as ts,
      timestamptz '2024-01-01 10:00:00+02' as tz, time '10:00:00' as t, [1, null] as l, {'a': [date '2024-01-01']} as s, map {'k': 1::bigint} as m, '{"x":[1]}'::json as j,
      'nan'::double as nan, 'ab'::blob as b, true as bool, interval 1 day as i, 'e'::enum('e') as e, uuid '00000000-0000-0000-0000-000000000001' as u from range(3) r(x)`;
    expect(await rows({ query })).toEqual([
      {
        big: 9007199254740991,
        huge: 3,
        dec: 12.5,
        d: '2024-02-29',
        ts: '2024-01-01T10:00:00.5Z',
        tz: '2024-01-01T08:00:00Z',
        t: '10:00:00',
        l: [1, null],
        s: { a: ['2024-01-01'] },
        m: { k: 1 },
        j: { x: [1] },
        nan: null,
        b: 'YWI=',
        bool: true,
        i: '1 day',
        e: 'e',
        u: '00000000-0000-0000-0000-000000000001',
      },
    ]);
  });

  it('fails by name for a whole number that JSON cannot hold', async () => {
    await expect(run({ query: 'select 9007199254740993 as n' })).rejects.toMatchObject({
      type: 'NumberTooLarge',
      retryable: false,
      message: expect.stringContaining('column n'),
    });
  });

  it('quotes what expressions yield, so that no value becomes SQL', async () => {
    const evil = "x'; drop table t; --";
    const scope: Scope = {
      params: { evil, list: ['a', "b'c"], n: -5, nothing: null, yes: true, o: { k: "v'" }, name: 'my "table' },
    };
    expect(
      await rows(
        {
          query:
            'select ${{ params.evil }} as v, ${{ params.list }} as l, 1 -${{ params.n }} as n, ${{ params.nothing }} as z, ${{ params.yes }} as y, ${{ params.o }} as o',
        },
        scope,
      ),
    ).toEqual([{ v: evil, l: ['a', "b'c"], n: 6, z: null, y: true, o: { k: "v'" } }]);
    expect(await rows({ query: '${{ params.evil }}' }, scope).catch((e) => e.type)).toBe('SqlError');
    expect(
      await rows(
        {
          query: [
            'create table ${{ ident(params.name) }}(a int)',
            'insert into ${{ ident(params.name) }} values (1)',
            'from ${{ident(params.name)}}',
          ],
        },
        scope,
      ),
    ).toEqual([{ a: 1 }]);
  });

  it.each([
    "select '${{ params.x }}'",
    "select 'a ${{ params.x }} b'",
    'select "${{ params.x }}"',
    '-- ${{ params.x }}\nselect 1',
    '/* /* */ ${{ params.x }} */ select 1',
    'select $$ ${{ params.x }} $$',
    'select $t$ $$ ${{ params.x }} $t$',
    "select e'\\'${{ params.x }}'",
    "select 'it''s ${{ params.x }}'",
  ])('refuses an expression inside quotes or a comment: %s', async (query) => {
    await expect(run({ query }, { params: { x: 'v' } })).rejects.toMatchObject({
      kind: 'expression',
      message: expect.stringMatching(/inside/),
    });
  });

  it.each(["select 'a'${{ params.x }}", "select ${{ params.x }}'a'", 'select e${{ params.x }}', 'select $${{ params.x }}$'])(
    'keeps a literal apart from what stands beside it: %s',
    async (query) => {
      await expect(run({ query }, { params: { x: "\\'; select 42 as stolen; --" } })).rejects.toMatchObject({
        type: 'SqlError',
      });
    },
  );

  it('binds parameters by :name and $name, and leaves casts, texts and slices alone', async () => {
    expect(
      await rows({
        query:
          "select :a || $a as s, :n + 1 as n, '10'::int as i, ':a' as q, json_array_length(:rows) as len, :f as f, :none as none",
        parameters: { a: 'x', n: 41, f: 1.5, none: null, rows: [{ a: 1 }, { a: 2 }], int: 1 },
      }),
    ).toEqual([{ s: 'xx', n: 42, i: 10, q: ':a', len: 2, f: 1.5, none: null }]);
    await expect(run({ query: 'select $missing' })).rejects.toMatchObject({ message: expect.stringContaining('missing') });
  });

  it('reads rows and files as inputs', async () => {
    await writeFile(join(data, 'c.csv'), 'id,name\n1,one\n2,two\n');
    expect(
      await rows(
        {
          query: 'select o.id, c.name, o.day, o.tags from orders o join c using (id) order by id',
          inputs: { orders: '${{ params.rows }}', c: 'c.csv', whole: { rows: [{ x: 1 }] }, empty: [] },
        },
        {
          params: {
            rows: [
              { id: 2, day: '2024-01-01', tags: ['a'] },
              { id: 1, day: '2024-01-02', tags: [] },
            ],
          },
        },
      ),
    ).toEqual([
      { id: 1, name: 'one', day: '2024-01-02', tags: [] },
      { id: 2, name: 'two', day: '2024-01-01', tags: ['a'] },
    ]);
  });

  it('knows the columns of an input without rows, where its value says them', async () => {
    const none = await run({ query: "select 1 as id, 'x' as name, 1.5::double as amount, [1] as list where false" });
    expect(none.rows).toEqual([]);
    const asked = (inputs: Json): Json => ({
      query: 'select u.id, sum(e.amount) as amount, max(e.list[1]) as n from u left join e on e.id = u.id group by u.id',
      inputs: { u: [{ id: 1 }], ...(inputs as object) },
    });
    expect(await rows(asked({ e: none as unknown as Json }))).toEqual([{ id: 1, amount: null, n: null }]);
    // Types of PostgreSQL, and one that nobody knows.
    const columns = [
      { name: 'id', type: 'integer' },
      { name: 'amount', type: 'numeric' },
      { name: 'list', type: 'jsonb[]' },
      { name: 'more', type: "INT); drop table u; --'" },
    ];
    expect(await rows(asked({ e: { rows: [], columns } }))).toEqual([{ id: 1, amount: null, n: null }]);
    expect((await run({ query: 'from e', inputs: { e: { rows: [], columns } } })).columns.map(({ type }) => type)).toEqual([
      'INTEGER',
      'DECIMAL(18,3)',
      'VARCHAR',
      'VARCHAR',
    ]);
  });

  it.each([
    ['no list at all', []],
    ['columns that say nothing', { rows: [], columns: [{ name: 1 }, 'x'] }],
  ])('says which input has no rows and so no columns: %s', async (_, e) => {
    await expect(run({ query: 'select e.id from e', inputs: { e } })).rejects.toMatchObject({
      type: 'SqlError',
      retryable: false,
      message: expect.stringMatching(
        /Binder Error: .*\(inputs\.e has no rows, so its columns are not known: let it be the whole output/s,
      ),
    });
    expect(await rows({ query: 'select count(*) as n from e', inputs: { e } })).toEqual([{ n: 0 }]);
  });

  it('runs a list of queries as one transaction, on a file that tasks share', async () => {
    expect(
      await run({ database: 'sub/w.duckdb', query: ['create table t(a int primary key)', 'insert into t values (1), (2)'] }),
    ).toEqual({ rows: [], columns: [], rowCount: 2 });
    await expect(
      run({ database: 'sub/w.duckdb', query: ['delete from t', 'insert into t values (7)', 'insert into t values (7)'] }),
    ).rejects.toMatchObject({ type: 'SqlError' });
    const handler = sqlHandler({ dataFolders: [data] });
    const query = async (text: string): Promise<SqlOutput> =>
      (await handler.run({ database: join(data, 'sub/w.duckdb'), query: text }, await taskContext())) as SqlOutput;
    const found = await Promise.all([query('select sum(a) as s from t'), query('select count(*) as n from t')]);
    expect(found.map((f) => f.rows[0])).toEqual([{ s: 3 }, { n: 2 }]);
  });

  it('refuses more rows than maxRows, or writes them to a file', async () => {
    await expect(run({ query: 'from range(10001)' })).rejects.toMatchObject({ type: 'result_too_large', retryable: false });
    await expect(run({ query: 'from range(11)', maxRows: 10 })).rejects.toMatchObject({ type: 'result_too_large' });
    expect((await run({ query: 'from range(10)', maxRows: 10 })).rowCount).toBe(10);
    const written = await run({
      query: 'select :x as x, range as r from range(20000); ',
      parameters: { x: 'v' },
      result: { file: 'out/r.parquet', format: 'parquet' },
    });
    expect(written).toEqual({ rows: [], columns: [], rowCount: 20000, file: join(data, 'out/r.parquet'), format: 'parquet' });
    expect(await readdir(join(data, 'out'))).toEqual(['r.parquet']);
    expect(
      await rows({
        query: "select count(*) as n, min(x) as x from read_parquet(getvariable('data_folder') || '/out/r.parquet')",
      }),
    ).toEqual([{ n: 20000, x: 'v' }]);
    await run({ query: 'select 1 as a', result: { file: 'out/r.csv' } });
    expect(await rows({ query: 'from c', inputs: { c: 'out/r.csv' } })).toEqual([{ a: 1 }]);
  });

  it.each([
    "from read_csv('/etc/passwd')",
    "from '/etc/passwd'",
    "copy (select 1) to '/tmp/baton-outside.csv'",
    "attach '/tmp/baton-outside.db'",
    'install httpfs',
    'load httpfs',
    "from 'https://example.org/a.csv'",
    'set threads = 64',
    'set enable_external_access = true',
    "set global allowed_directories = ['/']",
    'reset lock_configuration',
    "export database '/tmp/baton-outside'",
  ])('reaches no file outside of the data folders, no network and no setting: %s', async (query) => {
    await expect(run({ query })).rejects.toMatchObject({ type: 'SqlError' });
  });

  it('has the processors and the memory that it is given, as far as the machine has them', async () => {
    const query = "select current_setting('threads')::int as threads, current_setting('memory_limit') as memory";
    const limits = async (resources: Resources, input: object = {}): Promise<Json> =>
      (await run({ query, ...input }, {}, undefined, taskContext('task', resources))).rows[0]!;
    expect(await limits({})).toEqual({ threads: 2, memory: '1.0 GiB' });
    expect(await limits({ cpu: 0.5, memory: 64 * 2 ** 20 })).toEqual({ threads: 1, memory: '64.0 MiB' });
    expect(await limits({ gpu: 1 })).toEqual({ threads: 2, memory: '1.0 GiB' });
    const all = (await limits({ cpu: 10_000, memory: 2 ** 50 })) as { readonly threads: number; readonly memory: string };
    expect(all.threads).toBe(Math.max(2, availableParallelism()));
    expect(all.memory).toMatch(/^\d+\.\d (Mi|Gi)B$/);
    // One database for all tasks that use it: nobody's limits are another's.
    expect(await limits({ cpu: 1, memory: 64 * 2 ** 20 }, { database: 'shared.duckdb' })).toEqual({
      threads: 2,
      memory: '1.0 GiB',
    });
  });

  it('that needs more memory than it is given says so', async () => {
    const query = 'select count(distinct md5(range::text)) as n from range(3000000)';
    const small = taskContext('task', { memory: 2 ** 20 });
    await expect(run({ query }, {}, undefined, small)).rejects.toMatchObject({
      type: 'SqlError',
      details: { kind: 'Out of Memory' },
    });
  });

  it.each(['../x.duckdb', '/etc/x.duckdb', '', '.'])('refuses the database file %j', async (database) => {
    await expect(run({ query: 'select 1', database })).rejects.toMatchObject({ type: 'SqlFileNotAllowed', retryable: false });
  });

  it('has no files at all without a data folder', async () => {
    await expect(run({ query: 'select 1', database: 'x.duckdb' }, {}, {})).rejects.toMatchObject({ type: 'SqlFileNotAllowed' });
    expect((await run({ query: 'from i', inputs: { i: [{ a: 1 }] } }, {}, {})).rows).toEqual([{ a: 1 }]);
  });

  it('names what is wrong with a query and does not call that worth another try', async () => {
    await expect(run({ query: 'selec 1' })).rejects.toMatchObject({
      type: 'SqlError',
      retryable: false,
      details: { kind: 'Parser' },
    });
    await expect(run({ query: 'from nothing' })).rejects.toMatchObject({
      type: 'SqlError',
      retryable: false,
      details: { kind: 'Catalog' },
    });
  });

  it('stops in mid-query when it is cancelled', async () => {
    const context = await taskContext();
    const running = run(
      { query: 'select sum(a.range * b.range) from range(1000000) a, range(1000000) b' },
      {},
      {},
      Promise.resolve(context),
    );
    setTimeout(() => context.abort.abort(new Error('cancelled')), 200);
    const startedAt = Date.now();
    await expect(running).rejects.toThrow();
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });
});
