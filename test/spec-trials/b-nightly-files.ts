import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import type { TrialWorld } from './trial-world.js';

/** Files by name: so many of them, each with that text. */
const files = (count: number, text: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${String(i).padStart(2, '0')}.csv`, text]));

/** Trial b: a branch, a map that tolerates failures, a join after both, a cluster that is always taken away. */
export function nightlyFiles(given: () => TrialWorld): void {
  describe('b, files of the night on a cluster', () => {
    let world: TrialWorld;
    beforeAll(async () => {
      world = given();
      await world.store('b-nightly-files.yaml');
    });

    /** The run of one day of data, in winter, with its files. */
    const day = async (ds: string, orders: { readonly [name: string]: string }, params: object = {}) => {
      world.put(`orders/${ds}/eu`, orders);
      const logicalDate = `${new Date(Date.parse(ds) + 86_400_000).toISOString().slice(0, 10)}T01:00:00Z`;
      const { body } = await world.baton.post('/api/v1/dags/nightly_files/runs', { logicalDate, params });
      return body.runId as string;
    };
    const night = async (...args: Parameters<typeof day>) => world.ended(await day(...args));
    const usual = {
      create_cluster: 'success',
      list_files: 'success',
      route: 'success',
      nothing_today: 'skipped',
      full_reload: 'skipped',
      transform: 'success',
      join_paths: 'success',
      publish: 'success',
      warn_partial: 'skipped',
      delete_cluster: 'success',
    };
    const published = (ds: string) => world.query('select region from published where day = $1', [ds]);

    it('publish although one file in fifty is broken, and take the cluster away', async () => {
      const { run, states, tasks } = await night('2026-01-01', { ...files(50, '7'), '31.csv': 'broken' });
      expect([run.state, states]).toEqual(['success', usual]);
      expect(tasks.join_paths.output).toEqual({ files: 50, failed: 1 });
      expect(tasks.create_cluster.output.nodes).toBe(4);
      expect(tasks.delete_cluster.output.done).toHaveLength(49);
      expect(existsSync(tasks.create_cluster.output.id)).toBe(false);
      expect(await published('2026-01-01')).toEqual([{ region: 'eu' }]);
      const { items } = (await world.baton.get(`${runPath(run.runId)}/tasks/transform/items?state=failed`)).body;
      expect(items).toMatchObject([{ index: 31, key: '31.csv', attempts: 4, failure: { message: '31.csv cannot be read' } }]);
    });

    it('do nothing when there is nothing, or everything when that is asked', async () => {
      const empty = await night('2026-01-02', {});
      expect([empty.run.state, empty.states]).toEqual([
        'success',
        { ...usual, nothing_today: 'success', transform: 'skipped', publish: 'skipped' },
      ]);
      expect(empty.tasks.join_paths.output).toEqual({ files: 0, failed: 0 });
      const all = await night('2026-01-03', files(1, '7'), { fullReload: true });
      expect([all.run.state, all.states]).toEqual(['success', { ...usual, full_reload: 'success', transform: 'skipped' }]);
      expect(all.tasks.delete_cluster.output.done).toEqual(['everything']);
      expect([await published('2026-01-02'), await published('2026-01-03')]).toEqual([[], [{ region: 'eu' }]]);
    });

    it('warn when too many files are broken, publish nothing, and take the cluster away', async () => {
      const { run, states, tasks } = await night('2026-01-04', { ...files(3, '7'), '01.csv': 'broken' });
      expect(states).toEqual({
        ...usual,
        transform: 'failed',
        join_paths: 'upstream_failed',
        publish: 'upstream_failed',
        warn_partial: 'success',
      });
      expect(run).toMatchObject({ state: 'failed', failedTasks: ['transform'] });
      expect(world.host.posted('/warn', run.runId)).toHaveLength(1);
      expect(tasks.delete_cluster.output.done).toEqual(['00.csv', '02.csv']);
      expect(await published('2026-01-04')).toEqual([]);
    });

    it('have nothing to take away where no cluster was made', async () => {
      world.put('no-clusters', { 'nightly_files-2026-01-06T01:00:00Z': '' });
      const { run, states } = await night('2026-01-05', files(1, '7'));
      expect([run.state, run.failedTasks, states.delete_cluster, states.warn_partial]).toEqual([
        'failed',
        ['create_cluster'],
        'upstream_failed',
        'success',
      ]);
    });

    it('take the cluster away when they are cancelled', async () => {
      const runId = await day('2026-01-06', { ...files(1, '7'), '01.csv': 'slow' });
      await until(() => existsSync(join(world.lake, 'clusters', runId, '01.csv')));
      expect((await world.baton.post(`${runPath(runId)}/cancel`)).status).toBe(202);
      const { run, states, tasks } = await world.ended(runId);
      expect([run.state, states]).toEqual([
        'cancelled',
        { ...usual, transform: 'cancelled', join_paths: 'cancelled', publish: 'cancelled', warn_partial: 'cancelled' },
      ]);
      expect(tasks.delete_cluster.output.done).toEqual(['00.csv', '01.csv']);
    });
  });
}
