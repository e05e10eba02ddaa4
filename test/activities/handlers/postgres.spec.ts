import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connections } from '../../../activities/connections.js';
import { sqlHandler } from '../../../activities/handlers/sql.js';
import { waitHandler } from '../../../activities/handlers/wait.js';
import type { TaskHandler } from '../../../activities/task-handler.js';
import type { Json, JsonObject } from '../../../src/dag/json.js';
import type { Scope } from '../../../src/dag/scope.js';
import { NO_POSTGRES, POSTGRES, PostgresServer } from '../../support/postgres-server.js';
import { KEPT_SEEDS, propertySeed } from '../../support/property-seed.js';
import { taskContext } from './task-context.js';

interface SqlOutput {
  rows: { [column: string]: Json }[];
  columns: { name: string; type: string }[];
  rowCount: number;
}

if (POSTGRES === undefined) console.warn(NO_POSTGRES);

describe.skipIf(POSTGRES === undefined)('an sql task with a connection', () => {
  let server: PostgresServer;
  let handler: TaskHandler;
  const addresses = new Map<string, string>();

  beforeAll(async () => {
    server = await PostgresServer.start();
    addresses.set('WAREHOUSE', server.address);
    handler = sqlHandler({ connections: new Connections(addresses), connectionsPerDatabase: 3 });
  }, 60_000);
  afterAll(() => server?.stop(), 30_000);

  async function run(input: JsonObject, scope: Scope = {}, context = taskContext(), on = handler): Promise<SqlOutput> {
    const whole = { connection: 'warehouse', ...input };
    return (await on.run(on.prepare!(whole).render(scope), await context)) as SqlOutput;
  }
  const rows = async (input: JsonObject, scope?: Scope): Promise<Json> => (await run(input, scope)).rows;

  it('returns rows, columns and their count', async () => {
    expect(await run({ query: "select a, b::varchar(9) from (values (1, 'x'), (2, null)) as t(a, b)" })).toEqual({
      rows: [
        { a: 1, b: 'x' },
        { a: 2, b: null },
      ],
      columns: [
        { name: 'a', type: 'integer' },
        { name: 'b', type: 'character varying(9)' },
      ],
      rowCount: 2,
    });
    expect(await rows({ query: 'select 1 as a, 2 as a' })).toEqual([{ a: 1, 'a:1': 2 }]);
    expect(await run({ query: 'select 1 as a where false' })).toMatchObject({
      rows: [],
      columns: [{ name: 'a' }],
      rowCount: 0,
    });
    expect(await run({ query: '' })).toEqual({ rows: [], columns: [], rowCount: 0 });
  });

  it("gives every type as JSON, whatever the server's own settings", async () => {
    const query = `select 9007199254740991 as big, 12.50::numeric(9,2) as dec, 1e30::float8 as f, 'nan'::float4 as nan, 'nan'::numeric as nnan, date '2024-02-29' as d,
      timestamp '2024-01-01 10:00:00.5' as ts, timestamptz '2024-01-01 10:00:00+02' as tz, 'infinity'::timestamp as inf, time '10:00:00' as t, true as bool,
      '{"x":[1]}'::json as j, '[1,{"y":null}]'::jsonb as jb, '\\x616200'::bytea as b, interval '1 day 2 hours' as i, '00000000-0000-0000-0000-000000000001'::uuid as u,
      array[[1,2],[3,null]] as m, array['a,b', 'q"\\', 'NULL', null, '', '{}'] as texts, '[0:1]={1,2}'::int[] as bounds, array[timestamptz '2024-01-01 00:00:00+00'] as tzs,
      array['{"a":"}"}'::jsonb] as js, '{}'::text[] as none, row(1, 'x') as r, '192.168.0.1'::inet as ip, 'x'::char(3) as c, 5::oid as o, '1 2'::int2vector as iv`;
    expect(await rows({ query })).toEqual([
      {
        big: 9007199254740991,
        dec: 12.5,
        f: 1e30,
        nan: null,
        nnan: null,
        d: '2024-02-29',
        ts: '2024-01-01T10:00:00.5Z',
        tz: '2024-01-01T08:00:00Z',
        inf: 'infinity',
        t: '10:00:00',
        bool: true,
        j: { x: [1] },
        jb: [1, { y: null }],
        b: 'YWIA',
        i: '1 day 02:00:00',
        u: '00000000-0000-0000-0000-000000000001',
        m: [
          [1, 2],
          [3, null],
        ],
        texts: ['a,b', 'q"\\', 'NULL', null, '', '{}'],
        bounds: [1, 2],
        tzs: ['2024-01-01T00:00:00Z'],
        js: [{ a: '}' }],
        none: [],
        r: '(1,x)',
        ip: '192.168.0.1',
        c: 'x  ',
        o: 5,
        iv: '1 2',
      },
    ]);
  });

  it.each(['select 9007199254740993 as n', 'select -9007199254740993.5 as n', 'select array[9007199254740993] as n'])(
    'fails by name for a number that JSON cannot hold: %s',
    async (query) => {
      await expect(run({ query })).rejects.toMatchObject({
        type: 'NumberTooLarge',
        retryable: false,
        message: expect.stringContaining('column n'),
      });
    },
  );

  it('quotes what expressions yield, so that no value becomes SQL', async () => {
    const evil = "x'; drop table t; -- \\'; select 1 \\";
    const params = { evil, list: ['a', "b'\\c"], n: -5, half: 0.5, nothing: null, yes: true, o: { k: "v'\\" }, name: 'my "t' };
    const scope: Scope = { params };
    expect(
      await rows(
        {
          query:
            'select ${{ params.evil }} as v, ${{ params.list }} as l, 1 -${{ params.n }} as n, ${{params.half}} as h, ${{ params.nothing }} as z, ${{ params.yes }} as y, ${{ params.o }} as o',
        },
        scope,
      ),
    ).toEqual([{ v: evil, l: ['a', "b'\\c"], n: 6, h: 0.5, z: null, y: true, o: { k: "v'\\" } }]);
    // Also where the author has turned the standard off.
    const off = ['set standard_conforming_strings = off', 'select ${{ params.evil }} as v, :evil as p'];
    expect(await rows({ query: off, parameters: { evil } }, scope)).toEqual([{ v: evil, p: evil }]);
    const table = [
      'create temp table ${{ ident(params.name) }}(a int)',
      'insert into ${{ ident(params.name) }} values (1)',
      'select * from ${{ident(params.name)}}',
    ];
    expect(await rows({ query: table }, scope)).toEqual([{ a: 1 }]);
    await expect(run({ query: "select E'\\'${{ params.n }}'" }, scope)).rejects.toMatchObject({ kind: 'expression' });
    await expect(run({ query: 'select ${{ params.evil }}' }, { params: { evil: 'a\0b' } })).rejects.toMatchObject({
      kind: 'expression',
    });
  });

  it.each([...KEPT_SEEDS, propertySeed()])(
    'gives back any text as it was, as literal, parameter and JSON (seed %i)',
    async (seed) => {
      const letters = ["'", '\\', '"', '$', '$$', ':', ':p0', 'E', '\n', '--', '/*', '*/', '{', '}', ';', 'ü', '😀', '%', ' '];
      // A parameter is a template: what opens an expression is no plain text there.
      const text = fc.string({ unit: fc.constantFrom(...letters) }).filter((each) => !each.includes('${{'));
      const texts = fc.array(text, { minLength: 40, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(texts, async (list) => {
          const columns = list.map(
            (_, i) => `\${{ params.list[${i}] }} as c${i}, :p${i} as p${i}, \${{ params.list }}->>${i} as j${i}`,
          );
          const parameters = Object.fromEntries(list.map((text, i) => [`p${i}`, text]));
          const found = (await rows(
            { query: `select ${columns.join(', ')}`, parameters },
            { params: { list } },
          )) as JsonObject[];
          const expected = list.flatMap((text, i) => [
            [`c${i}`, text],
            [`p${i}`, text],
            [`j${i}`, text],
          ]);
          expect(found).toEqual([Object.fromEntries(expected)]);
        }),
        { seed, numRuns: 10 },
      );
    },
  );

  it('binds parameters by :name with the type that a literal would have, lists and maps as jsonb', async () => {
    const query = `select :a || ':a' as s, :n + 1 as n, 7 / :two as whole, :big as big, :f as f, :none is null as none, date '2024-01-02' > :day as later, '10'::int as i,
      (array[1,2,3])[1:2] as slice, :yes as yes, jsonb_array_length(:rows) as len, :a = :a as same, (select sum(x) from jsonb_to_recordset(:rows) as t(x int)) as sum`;
    const parameters = { a: "x'", n: 41, two: 2, big: 5_000_000_000, f: 1.5, none: null, day: '2024-01-01', yes: true, int: 1 };
    expect(
      await rows(
        { query, parameters: { ...parameters, rows: '${{ params.rows }}' } },
        { params: { rows: [{ x: 1 }, { x: 2 }] } },
      ),
    ).toEqual([
      {
        s: "x':a",
        n: 42,
        whole: 3,
        big: 5_000_000_000,
        f: 1.5,
        none: true,
        later: true,
        i: 10,
        slice: [1, 2],
        yes: true,
        len: 2,
        same: true,
        sum: 3,
      },
    ]);
    expect(await rows({ query: 'select :x as x', parameters: '${{ params }}' as never }, { params: { x: 'y' } })).toEqual([
      { x: 'y' },
    ]);
    await expect(run({ query: 'select 1; select :n', parameters: { n: 1 } })).rejects.toMatchObject({
      type: 'SqlError',
      message: expect.stringContaining('element of its own'),
    });
  });

  it('runs a list as one transaction, a text with several statements too, and keeps the last result', async () => {
    expect(await run({ query: ['create table t(a int primary key)', 'insert into t values (1), (2)'] })).toEqual({
      rows: [],
      columns: [],
      rowCount: 2,
    });
    await expect(
      run({ query: ['delete from t', 'insert into t values (7)', 'insert into t values (7)'] }),
    ).rejects.toMatchObject({
      type: 'SqlError',
      retryable: false,
      message: 'duplicate key value violates unique constraint "t_pkey" (SQLSTATE 23505); Key (a)=(7) already exists.',
      details: { sqlState: '23505', constraint: 't_pkey' },
    });
    await expect(run({ query: 'delete from t; select 1/0' })).rejects.toMatchObject({ details: { sqlState: '22012' } });
    expect(await run({ query: 'select generate_series(1, 3); select sum(a) as s from t' })).toMatchObject({ rows: [{ s: 3 }] });
    expect(await run({ query: 'insert into t values (3) returning a' })).toMatchObject({ rows: [{ a: 3 }], rowCount: 1 });
    expect(await run({ query: 'select 1; update t set a = a + 10' })).toEqual({ rows: [], columns: [], rowCount: 3 });
    // What no transaction can hold runs alone.
    expect(await run({ query: 'vacuum t' })).toMatchObject({ rowCount: 0 });
  });

  it('leaves nothing behind for the next task', async () => {
    await run({
      query: ["set search_path = 'nowhere'", 'create temp table pg_temp.left_over(a int)', 'select pg_advisory_lock(1)'],
    });
    const query = `select current_setting('search_path') as path, to_regclass('pg_temp.left_over') as left_over, current_setting('application_name') as app,
      (select count(*) from pg_locks where locktype = 'advisory') as locks`;
    expect(await rows({ query })).toEqual([{ path: '"$user", public', left_over: null, app: 'baton d@k/task', locks: 0 }]);
    await expect(run({ query: 'begin; create table unfinished(a int)' })).rejects.toMatchObject({
      type: 'SqlError',
      message: expect.stringContaining('leaves a transaction open'),
    });
    expect(await rows({ query: "select to_regclass('unfinished') as t" })).toEqual([{ t: null }]);
  });

  it('fails at one row more than maxRows without taking them all, and keeps nothing of the transaction', async () => {
    await expect(run({ query: "select repeat('x', 1000) as x, generate_series(1, 100000000) as n" })).rejects.toMatchObject({
      type: 'result_too_large',
      retryable: false,
    });
    expect((await run({ query: 'select generate_series(1, 10) as n', maxRows: 10 })).rowCount).toBe(10);
    await run({ query: 'create table kept(a int)' });
    await expect(
      run({ query: ['insert into kept select generate_series(1, 11) returning a'], maxRows: 10 }),
    ).rejects.toMatchObject({ type: 'result_too_large' });
    await expect(run({ query: "select repeat('x', 10000000) from generate_series(1, 7)" })).rejects.toMatchObject({
      type: 'result_too_large',
    });
    expect(await rows({ query: 'select count(*) as n from kept' })).toEqual([{ n: 0 }]);
  });

  it('cancels the statement on the server, and those that wait for a connection at once', async () => {
    const contexts = await Promise.all(Array.from({ length: 5 }, () => taskContext()));
    const running = contexts.map((context) => run({ query: 'select pg_sleep(60)' }, {}, Promise.resolve(context)));
    const ended = Promise.allSettled(running);
    const other = sqlHandler({ connections: new Connections(addresses) });
    const sleeping = async (): Promise<number> => {
      const query = "select count(*) as n from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'";
      return (await run({ query }, {}, taskContext(), other)).rows[0]!.n as number;
    };
    while ((await sleeping()) < 3);
    const reason = new Error('cancelled');
    for (const context of contexts) context.abort.abort(reason);
    expect((await ended).map((end) => end.status === 'rejected' && end.reason)).toEqual(contexts.map(() => reason));
    // The server takes a moment to act on the request.
    await expect.poll(sleeping).toBe(0);
    expect(await rows({ query: 'select 1 as a' })).toEqual([{ a: 1 }]);
    await expect(run({ query: 'select 1' }, {}, Promise.resolve(contexts[0]!))).rejects.toBe(reason);
  });

  it('puts notices into the log', async () => {
    const context = await taskContext();
    await run({ query: "do $$ begin raise notice 'three rows were odd'; end $$" }, {}, Promise.resolve(context));
    expect(await context.logText()).toMatch(/info three rows were odd\n/);
  });

  it.each([
    ['selec 1', '42601', false],
    ['select * from nothing', '42P01', false],
    ["select 'x'::int", '22P02', false],
    ["do $$ begin raise exception 'not today'; end $$", 'P0001', true],
    ["do $$ begin raise sqlstate '40001'; end $$", '40001', true],
    ['set statement_timeout = 1; select pg_sleep(5)', '57014', true],
  ])('names the failure of %j by its SQLSTATE %s', async (query, sqlState, retryable) => {
    await expect(run({ query })).rejects.toMatchObject({ type: 'SqlError', retryable, details: { sqlState } });
  });

  it('says which connection does not open and never with what address or password', async () => {
    const wrong = (change: (url: URL) => void): string => {
      const url = new URL(server.address);
      change(url);
      return url.href;
    };
    // Answers nothing and hangs up.
    const sockets: Socket[] = [];
    const deaf = createServer((socket) => void sockets.push(socket.on('data', () => socket.destroy()))).listen(0, '127.0.0.1');
    await new Promise((resolve) => deaf.once('listening', resolve));
    const { port } = deaf.address() as { port: number };
    const cases: [string, boolean, RegExp][] = [
      [wrong((url) => (url.port = '1')), true, /ECONNREFUSED/],
      [wrong((url) => (url.hostname = 'nowhere.invalid')), true, /ENOTFOUND|EAI_AGAIN/],
      [wrong((url) => (url.port = String(port))), true, /terminated|ECONNRESET/],
      [wrong((url) => (url.password = 'guessed-word')), false, /28P01/],
      [wrong((url) => (url.pathname = '/nothing')), false, /3D000/],
      [wrong((url) => (url.search = '?sslmode=verify-full')), true, /SSL|SELF_SIGNED/],
    ];
    for (const [address, retryable, shown] of cases) {
      const on = sqlHandler({ connections: new Connections(new Map([['WAREHOUSE', address]])) });
      const failure = await run({ query: 'select 1' }, {}, taskContext(), on).catch((error) => error);
      expect(failure).toMatchObject({ type: 'SqlConnectionError', retryable });
      expect(failure.message).toMatch(shown);
      expect(failure.message).toMatch(/^connection warehouse/);
      expect(`${failure.message} ${JSON.stringify(failure)} ${failure.cause}`).not.toMatch(
        /127\.0\.0\.1|guessed|pa'ss|pa%27ss/,
      );
    }
    deaf.close();
  });

  it('encrypts as the address says', async ({ skip }) => {
    if (server.ca === undefined) return skip('openssl is not installed here: skipped');
    const query = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    const through = async (search: string): Promise<Json> => {
      const on = sqlHandler({ connections: new Connections(new Map([['WAREHOUSE', `${server.address}?${search}`]])) });
      return (await run({ query }, {}, taskContext(), on)).rows;
    };
    expect(await through(`sslmode=verify-full&sslrootcert=${server.ca}`)).toEqual([{ ssl: true }]);
    expect(await through('sslmode=no-verify')).toEqual([{ ssl: true }]);
    expect(await rows({ query })).toEqual([{ ssl: false }]);
  });

  it('tells that the connection broke in mid-statement', async () => {
    await expect(run({ query: 'select pg_terminate_backend(pg_backend_pid())' })).rejects.toMatchObject({
      type: 'SqlConnectionError',
      retryable: true,
    });
    expect(await rows({ query: 'select 1 as a' })).toEqual([{ a: 1 }]);
  });

  it('is asked by a wait too, which is met by a first value that is true', async () => {
    const wait = waitHandler({ http: handler, sql: handler, dataFolders: [] });
    const look = async (sql: JsonObject) =>
      wait.run(wait.prepare!({ sql: { connection: 'warehouse', ...sql } }).render({}), await taskContext());
    await run({ query: 'create table arrivals (n int)' });
    const query = 'select count(*) > :least as enough from arrivals';
    await expect(look({ query, parameters: { least: 0 } })).rejects.toThrow('the query gives enough = false');
    await run({ query: 'insert into arrivals values (1), (2)' });
    expect(await look({ query, parameters: { least: 0 } })).toEqual({ timedOut: false, value: true, rowCount: 1 });
    await expect(look({ connection: 'nowhere', query: 'select 1' })).rejects.toMatchObject({ type: 'ConnectionMissing' });
  });

  it('finds a connection by its name, in the environment first and then in the folder, and names one that is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'baton-connections-'));
    await writeFile(join(folder, 'reports-db.v2'), `${server.address}\n`);
    await writeFile(join(folder, 'broken'), 'mysql://root:hunter2@db/x');
    await writeFile(join(folder, 'WAREHOUSE'), 'not looked at');
    const on = sqlHandler({ connections: new Connections(addresses, folder) });
    const named = (connection: Json) => run({ connection, query: 'select 1 as a' }, {}, taskContext(), on);
    expect((await named('reports-db.v2')).rows).toEqual([{ a: 1 }]);
    expect((await named('WareHouse')).rows).toEqual([{ a: 1 }]);
    await expect(named('broken')).rejects.toMatchObject({ type: 'ConnectionInvalid', retryable: false });
    await expect(named('broken')).rejects.not.toThrow(/hunter2/);
    for (const name of ['nobody', '../broken', 'a/b', '.', 'a\0'])
      await expect(named(name)).rejects.toMatchObject({ type: 'ConnectionMissing', retryable: false });
    await expect(run({ query: 'select 1' }, {}, taskContext(), sqlHandler())).rejects.toMatchObject({
      type: 'ConnectionMissing',
    });
    await expect(named('${{ params.none }}')).rejects.toMatchObject({ name: 'ExpressionError' });
  });

  it.each<JsonObject>([
    { inputs: { t: [] } },
    { database: 'x.duckdb' },
    { result: { file: 'x.csv' } },
    { connection: '${{ null }}' },
  ])('refuses what belongs to DuckDB: %j', async (more) => {
    await expect(run({ query: 'select 1', ...more })).rejects.toMatchObject({ type: 'BadInput', retryable: false });
  });
});
