import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runPath } from '../support/api-caller.js';
import type { TrialWorld } from './trial-world.js';

/** Trial c: fan-out and fan-in over programs, hooks of the run, a quorum. */
export function fanOutIn(given: () => TrialWorld): void {
  describe('c, split, work, sum up', () => {
    let world: TrialWorld;
    beforeAll(async () => {
      world = given();
      await world.store('c-fan-out-in.yaml');
    });

    const scratch = (runKey: string) => existsSync(join(world.lake, 'scratch', runKey));
    const usual = {
      split: 'success',
      work: 'success',
      total: 'success',
      alert_errors: 'skipped',
      publish: 'success',
      quorum_report: 'success',
    };
    const run = (shards: number, params: object = {}) =>
      world.run('fan_out_in', { key: `of-${shards}`, params: { shards, ...params } });

    it('publish the sum, and leave no files', async () => {
      const ended = await run(5);
      expect([ended.run.state, ended.run.outputs, ended.states]).toEqual(['success', { total: 10 }, usual]);
      expect(ended.tasks.publish.output.stdout).toBe('published 10\n');
      expect(ended.run.hooks).toMatchObject([{ hook: 'exit', state: 'success' }]);
      expect(scratch('fan_out_in=of-5')).toBe(false);
    });
    it('alert and do not publish when too much of the work failed', async () => {
      const ended = await run(11);
      expect([ended.run.state, ended.run.outputs, ended.states]).toEqual([
        'success',
        { total: 40 },
        { ...usual, alert_errors: 'success', publish: 'skipped' },
      ]);
      expect(ended.tasks.work.map.counts).toEqual({ success: 9, failed: 2 });
      expect(world.host.asked.findLast(({ path }) => path === '/errors')?.body).toEqual({ rate: 2 / 11 });
      const { items } = (await world.baton.get(`${runPath(ended.run.runId)}/tasks/work/items?state=failed`)).body;
      expect(items).toMatchObject([
        { index: 5, attempts: 2 },
        { index: 10, attempts: 2 },
      ]);
    });

    it('publish in spite of that where it was asked for', async () => {
      const ended = await run(6, { maxErrorRate: 0.2 });
      expect([ended.run.state, ended.run.outputs, ended.states]).toEqual(['success', { total: 10 }, usual]);
    });

    it('fail by their output, which says how, where there is nothing to sum up', async () => {
      const ended = await run(0);
      const rest = { work: 'skipped', total: 'skipped', publish: 'skipped', quorum_report: 'skipped' };
      expect([ended.run.state, ended.states]).toEqual(['failed', { ...usual, ...rest }]);
      expect(ended.run.failure).toEqual({
        kind: 'output',
        message: expect.stringMatching(
          /output total: .* tasks\.total\.output is null, .* get\(x, 'path', default\) accepts that/,
        ),
      });
    });

    it('tell of what failed, and clean up all the same', async () => {
      const ended = await run(200);
      const rest = { work: 'upstream_failed', total: 'upstream_failed', publish: 'upstream_failed' };
      expect(ended.states).toEqual({
        ...usual,
        ...rest,
        split: 'failed',
        alert_errors: 'upstream_failed',
        quorum_report: 'upstream_failed',
      });
      expect(world.host.posted('/failed', ended.run.runId)).toEqual([{ run: ended.run.runId, tasks: ['split'] }]);
      expect(ended.run.hooks).toMatchObject([
        { hook: 'failure', state: 'success' },
        { hook: 'exit', state: 'success' },
      ]);
      const { text } = await world.baton.get(`${runPath(ended.run.runId)}/tasks/split/logs`);
      expect(text).toContain('more than 100 shards');
    });
  });
}
