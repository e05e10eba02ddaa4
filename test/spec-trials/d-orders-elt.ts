import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { until } from '../support/api-caller.js';
import { FOLDER } from './trial.js';
import type { TrialWorld } from './trial-world.js';

const NIGHTS = Array.from({ length: 31 }, (_, day) => `2025-03-${String(day + 1).padStart(2, '0')}`);
const LAST = '2025-03-31';
const LAST_RUN = 'orders_elt-2025-04-01T00:00:00Z';
const MIDDLE = '2025-03-12';
/** A month of nights, four at a time, beside the other pipelines. */
const A_MONTH_MS = 240_000;
const MIDDLE_RUN = 'orders_elt-2025-03-13T01:00:00Z';

/** Trial d: a month of nights that is caught up with, each merged behind the one before it, and its backfill. */
export function ordersElt(given: () => TrialWorld): void {
  describe.sequential('d, orders night by night', () => {
    let world: TrialWorld;
    beforeAll(async () => {
      world = given();
      const without = [MIDDLE, LAST];
      for (const night of NIGHTS) world.put(`orders/${night}`, { _SUCCESS: without.includes(night) ? '0' : '3' });
      await world.store('d-orders-elt.yaml', (yaml) =>
        yaml.replace('startDate: 2025-01-01', `startDate: ${NIGHTS[0]}\nendDate: ${LAST}`),
      );
    });

    // biome-ignore lint/suspicious/noExplicitAny: as REST tells of them
    const runs = async (): Promise<any[]> => (await world.baton.get('/api/v1/runs?dagId=orders_elt&limit=200')).body.items;
    const merged = async () => (await world.query('select day from merged order by id')) as { readonly day: string }[];

    it('wait for a night that failed in the middle without keeping it from being done again', {
      timeout: 2 * A_MONTH_MS,
    }, async () => {
      const places = async () => (await world.baton.get('/api/v1/dags/orders_elt/places')).body;
      // Until then others are parked for a moment too.
      const upToMiddle = async () =>
        (await runs()).filter(({ runId, endedAt }) => runId <= MIDDLE_RUN && endedAt !== undefined);
      await until(async () => (await upToMiddle()).length === NIGHTS.indexOf(MIDDLE) + 1, A_MONTH_MS);
      await expect.poll(places, { timeout: A_MONTH_MS }).toMatchObject({ maxActiveRuns: 4, active: 0, parked: 4 });
      const [next] = (await places()).away;
      const waiting = (await world.baton.get(next.href)).body;
      expect(waiting).toMatchObject({
        state: 'queued',
        notice: 'waits for the run before it, and has left its place among the active runs to others',
      });
      const merging = async () => (await world.baton.get(`${next.href}/tasks/merge_orders`)).body.notice;
      await expect
        .poll(merging)
        .toBe(`depends on the past: task merge_orders of run ${MIDDLE_RUN} is upstream_failed; do that run again`);
      world.put(`orders/${MIDDLE}`, { _SUCCESS: '3' });
      const again = { dagId: 'orders_elt', dates: [MIDDLE], reprocess: 'failed' };
      expect((await world.baton.post('/api/v1/backfills', again)).status).toBe(202);
      const { run } = await world.ended(waiting.runId);
      expect([run.state, run.startedAt]).toEqual(['success', waiting.startedAt]);
    });

    it('catch up with the past in order, page somebody for the night that fails, and leave alone what was in time', {
      timeout: 2 * A_MONTH_MS,
    }, async () => {
      await until(
        async () => (await world.baton.get('/api/v1/dags/orders_elt/schedule')).body.catchUp?.state === 'done',
        A_MONTH_MS,
      );
      await until(async () => (await runs()).every(({ endedAt }) => endedAt !== undefined), A_MONTH_MS);
      // There is no two o'clock on the 30th of March.
      const nights = new Set((await runs()).map(({ runId }) => runId));
      expect([nights.size, (await runs()).length]).toEqual([30, 31]);
      const failed = (await runs()).filter(({ state }) => state !== 'success');
      expect(failed.map(({ runId, execution, state }) => [runId, execution, state]).sort()).toEqual([
        [MIDDLE_RUN, 1, 'failed'],
        [LAST_RUN, 1, 'failed'],
      ]);
      const days = (await merged()).map(({ day }) => day);
      expect([days.length, days]).toEqual([29, [...days].sort()]);
      const night = await world.ended(LAST_RUN);
      expect(night.states).toMatchObject({ check_raw: 'failed', merge_orders: 'upstream_failed', page_oncall: 'success' });
      expect(world.host.posted('/oncall', night.run.runId)).toEqual([{ run: night.run.runId }]);
      const well = await world.ended('orders_elt-2025-03-02T01:00:00Z');
      expect(well.run.deadlines).toMatchObject([
        { reference: 'logicalDate', state: 'passed' },
        { task: 'merge_orders', reference: 'start', state: 'met' },
      ]);
      expect(world.host.posted('/sla', well.run.runId)).toEqual([]);
    });

    it('are made good by the backfill that its author wrote', async () => {
      world.put(`orders/${LAST}`, { _SUCCESS: '4' });
      const request = parse(readFileSync(`${FOLDER}/d-backfill.request.yaml`, 'utf8'));
      const plan = (await world.baton.post('/api/v1/backfills', request)).body;
      expect(plan.items.filter(({ included }: { readonly included: boolean }) => included)).toMatchObject([
        { runId: LAST_RUN, reason: 'unsuccessful', execution: 2 },
      ]);
      const { id } = (await world.baton.post('/api/v1/backfills', { ...request, dryRun: false })).body;
      await until(async () => (await world.baton.get(`/api/v1/backfills/${id}`)).body.state === 'success');
      expect((await world.baton.get(`/api/v1/backfills/${id}`)).body.progress).toMatchObject({
        success: 1,
        out: { succeeded: 29 },
      });
      expect((await merged()).at(-1)).toEqual({ day: LAST });
      expect(await world.query('select count(*)::int as n from stg.orders where day = $1', [LAST])).toEqual([{ n: 4 }]);
    });
  });
}
