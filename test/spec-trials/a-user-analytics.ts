import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runPath } from '../support/api-caller.js';
import type { TrialWorld } from './trial-world.js';

/** Trial a: the users of one day with the counts of their events, over HTTP, DuckDB and PostgreSQL. */
export function userAnalytics(given: () => TrialWorld): void {
  describe('a, users joined with their events', () => {
    let world: TrialWorld;
    beforeAll(async () => {
      world = given();
      await world.store('a-user-analytics.yaml');
    });

    const USERS = [
      { id: 'ann', country: 'de' },
      { id: 'bob', country: 'fr' },
    ];
    const event = (user_id: string, ts: string) => `${JSON.stringify({ user_id, ts })}\n`;
    /** The run of one day of data. */
    const day = (ds: string, params: object = {}) =>
      world.run('user_analytics_pipeline', { logicalDate: new Date(Date.parse(ds) + 86_400_000).toISOString(), params });
    const done = {
      extract_user_data: 'success',
      list_event_partitions: 'success',
      transform_event_data: 'success',
      join_user_events: 'success',
      check_users: 'success',
      load_to_warehouse: 'success',
      page_oncall: 'skipped',
    };

    it('load a day: its counts are right, and nobody is called', async () => {
      world.host.willAnswer('/users?day=2024-01-01', { status: 503, body: {} }, { status: 200, body: USERS });
      world.put('events/2024-01-01', {
        '0.json': event('ann', '2024-01-01T08:00:00Z') + event('ann', '2024-01-01T09:30:00Z'),
        '1.json': event('ann', '2024-01-01T10:15:00Z') + event('eve', '2024-01-01T11:00:00Z'),
      });
      const { run, states, tasks } = await day('2024-01-01');
      expect([run.state, run.failure, states]).toEqual(['success', undefined, done]);
      expect(tasks.extract_user_data.attempts).toHaveLength(2);
      expect(await world.query("select * from user_analytics where day = '2024-01-01' order by id")).toEqual([
        { day: '2024-01-01', id: 'ann', country: 'de', events: '3', last_seen: new Date('2024-01-01T10:15:00Z') },
        { day: '2024-01-01', id: 'bob', country: 'fr', events: '0', last_seen: null },
      ]);
      const { items } = (await world.baton.get(`${runPath(run.runId)}/tasks/transform_event_data/items`)).body;
      const folder = join(world.lake, 'events/2024-01-01');
      expect(items).toMatchObject([
        { key: join(folder, '0.json'), output: { rowCount: 1 } },
        { key: join(folder, '1.json'), output: { rowCount: 2 } },
      ]);
      const [call] = world.host.asked.filter(({ path, query }) => path === '/users' && query.day === '2024-01-01');
      expect(call).toMatchObject({ headers: { authorization: 'Bearer letmein' } });
      expect(JSON.stringify([run, tasks])).not.toContain('letmein');
    });

    it('skip what follows where there are no events', async () => {
      world.host.willAnswer('/users?day=2024-01-02', { status: 200, body: USERS });
      const { run, states } = await day('2024-01-02');
      expect([run.state, states]).toEqual([
        'success',
        {
          ...done,
          transform_event_data: 'skipped',
          join_user_events: 'skipped',
          check_users: 'skipped',
          load_to_warehouse: 'skipped',
        },
      ]);
    });

    const rest = { join_user_events: 'upstream_failed', check_users: 'upstream_failed', load_to_warehouse: 'upstream_failed' };
    it.each([
      ['the source refuses', '03', { status: 401, body: {} }, 'extract_user_data', /answered 401/, 1],
      [
        'the source sends something else',
        '04',
        { status: 200, body: { users: USERS } },
        'extract_user_data',
        /must be a list/,
        1,
      ],
      ['the source is busy for good', '05', { status: 503, body: {} }, 'extract_user_data', /answered 503/, 3],
    ])('page somebody when %s', async (_, date, answer, taskId, message, attempts) => {
      world.host.willAnswer(`/users?day=2024-01-${date}`, answer);
      world.put(`events/2024-01-${date}`, { '0.json': event('ann', '2024-01-01T08:00:00Z') });
      const { run, states, tasks } = await day(`2024-01-${date}`);
      expect(states).toEqual({ ...done, ...rest, [taskId]: 'failed', page_oncall: 'success' });
      expect(run).toMatchObject({
        state: 'failed',
        failedTasks: [taskId],
        failure: { message: expect.stringMatching(message) },
      });
      expect(tasks[taskId].attempts).toHaveLength(attempts);
      expect(world.host.posted('/oncall', run.runId)).toEqual([
        { text: `user analytics for 2024-01-${date} failed`, run: run.runId },
      ]);
    });

    it('page somebody when a check fails, and load nothing', async () => {
      world.host.willAnswer('/users?day=2024-01-06', { status: 200, body: USERS });
      world.put('events/2024-01-06', { '0.json': event('ann', '2024-01-06T08:00:00Z') });
      const { run, states } = await day('2024-01-06', { minUsers: 3 });
      expect(states).toEqual({ ...done, check_users: 'failed', load_to_warehouse: 'upstream_failed', page_oncall: 'success' });
      expect(run.failure.message).toContain('"row_count","min":3');
      expect(await world.query("select * from user_analytics where day = '2024-01-06'")).toEqual([]);
    });

    it('are told of an unreadable partition by its name', async () => {
      world.host.willAnswer('/users?day=2024-01-07', { status: 200, body: USERS });
      world.put('events/2024-01-07', { '0.json': event('ann', '2024-01-07T08:00:00Z'), '1.json': '{"user_id": 1' });
      const { run, states } = await day('2024-01-07');
      expect(states).toEqual({ ...done, ...rest, transform_event_data: 'failed', page_oncall: 'success' });
      expect(run.failure.message).toMatch(/transform_event_data \(1 of 2 items failed: .*1\.json/);
    });
  });
}
