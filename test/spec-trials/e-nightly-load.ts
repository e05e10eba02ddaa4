import { beforeAll, describe, expect, it } from 'vitest';
import { runPath } from '../support/api-caller.js';
import type { TrialWorld } from './trial-world.js';

/** Trials e1 to e3: SubDAGs of one another, pinned versions, a map over a SubDAG, PostgreSQL at the bottom. */
export function nightlyLoad(given: () => TrialWorld): void {
  // They load the same tables.
  describe.sequential('e, SubDAGs over three levels', () => {
    let world: TrialWorld;
    beforeAll(async () => {
      world = given();
      // The second level asks for version 3.
      for (const version of [1, 2, 3])
        expect(await world.store('e1-load-table.yaml', (yaml) => `${yaml}description: version ${version}\n`)).toBe(version);
      await world.store('e2-load-domain.yaml');
      await world.store('e3-nightly-load.yaml');
    });

    const exported = (ds: string, rows: { readonly [source: string]: number }) =>
      world.query(
        'insert into exports select source, i, i from jsonb_each_text($1) e(source, n), generate_series(1, n::int) i',
        [Object.fromEntries(Object.entries(rows).map(([source, n]) => [`s3://exports/${source}/${ds}`, n]))],
      );
    /** The run of one day of data in which each table has as many rows as told. */
    const night = async (ds: string, rows: { readonly [source: string]: number }) => {
      await exported(ds, rows);
      return world.run('nightly_load', { logicalDate: new Date(Date.parse(ds) + 86_400_000).toISOString() });
    };
    /** How many rows a table has. */
    const rowsIn = async (table: string) => (await world.query(`select id from ${table}`)).length;
    const SALES = { 'sales/orders': 5, 'sales/refunds': 2, 'sales/customers': 3 };
    const FINANCE = { 'finance/ledger': 4, 'finance/invoices': 4 };

    it('load all tables, and report what does not add up', async () => {
      const { run, states, tasks } = await night('2026-01-01', { ...SALES, ...FINANCE });
      const all = { sales: 'success', finance: 'success', reconcile: 'success', summary: 'success' };
      expect([run.state, run.failure, states]).toEqual(['success', undefined, all]);
      expect(tasks.sales.output).toEqual({
        rows: 10,
        loaded: ['sales.orders', 'sales.refunds', 'sales.customers'],
        failed: [],
      });
      expect(tasks.summary.output).toEqual({ rows: 18, diff: 2 });
      expect(world.host.asked.findLast(({ path }) => path === '/diff')?.body).toEqual({ diff: 2, day: '2026-01-01' });
      expect(await rowsIn('sales.orders')).toBe(5);
      const { body: leaf } = await world.baton.get(runPath(`${run.runId}/sales/tables[1]`));
      expect(leaf).toMatchObject({ dagId: 'load_table', version: 3, outputs: { rows: 2, table: 'sales.refunds' } });
    });

    it('load no table twice when another had to be tried again', async () => {
      await world.query("insert into locked values ('s3://exports/sales/customers/2026-01-02', 3)");
      const before = await rowsIn('sales.orders');
      const { run, tasks } = await night('2026-01-02', { ...SALES, 'finance/ledger': 10 });
      expect([run.state, run.failure]).toEqual(['success', undefined]);
      expect(tasks.sales.attempts).toMatchObject([
        { failure: { kind: 'child', message: expect.stringContaining('customers/2026-01-02 is locked') } },
        { attempt: 2 },
      ]);
      expect(tasks.sales.output).toMatchObject({ rows: 10, failed: [] });
      expect(await rowsIn('sales.orders')).toBe(before + 5);
      expect(await rowsIn('sales.customers')).toBe(before + 1);
      // Nothing is left to report.
      expect(tasks.summary.output).toEqual({ rows: 20, diff: 0 });
      expect((await world.baton.get(`${runPath(`${run.runId}/reconcile`)}/tasks/report`)).body.state).toBe('skipped');
    });

    it('say at the top what happened at the bottom', async () => {
      await world.query("insert into locked values ('s3://exports/finance/ledger/2026-01-03', 1000)");
      const { run, states } = await night('2026-01-03', SALES);
      expect(states).toEqual({
        sales: 'success',
        finance: 'failed',
        reconcile: 'upstream_failed',
        summary: 'upstream_failed',
      });
      expect(run.failure.message).toMatch(/finance .*load_domain .*tables .*ledger .*load .*ledger\/2026-01-03 is locked/);
    });

    it('tolerate one table in ten, and name it', async () => {
      const names = 'abcdefghij'.split('');
      await world.query(
        `create schema wide; ${names.map((name) => `create table wide.${name} (like sales.orders);`).join('')}`,
      );
      await world.query("insert into locked values ('s3://exports/wide/d/2026-01-04', 1000)");
      const params = { domain: 'wide', tables: names };
      const { run } = await world.run('load_domain', { logicalDate: '2026-01-04T00:00:00Z', params });
      expect(run).toMatchObject({ state: 'success', outputs: { rows: 0, failed: ['d'] } });
      expect(run.outputs.loaded).toHaveLength(9);
    });

    it('are DAGs of their own, whose params are checked', async () => {
      await exported('alone', { 'sales/refunds': 7 });
      const params = { source: 's3://exports/sales/refunds/alone', table: 'sales.refunds', mode: 'replace' };
      const { run, states } = await world.run('load_table', { params });
      expect([run.outputs, states]).toEqual([
        { rows: 7, table: 'sales.refunds' },
        { prepare: 'success', load: 'success' },
      ]);
      expect(await rowsIn('sales.refunds')).toBe(7);
      const refused = await world.baton.post('/api/v1/dags/load_table/runs', { params: { ...params, table: 'sales; drop' } });
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/params/table' }] } });
    });
  });
}
