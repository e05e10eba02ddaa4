import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { WaitPlan } from '../../src/dag/wait-plan.js';
import { TASKS_QUERY, type TasksQueryResult } from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const DAY = 86_400_000;
const BOUNDS = { timeoutMs: 7 * DAY, onTimeout: 'fail' } as const;
const PACE = { everyMs: 100, multiplier: 1, maxIntervalMs: 100 };
const polled = (what: 'file' | 'http' | 'sql', bounds: Partial<WaitPlan> = {}): WaitPlan => ({
  ...BOUNDS,
  poll: { what, about: 'x', body: 0, pace: PACE },
  ...bounds,
});
const timer = (by: 'duration' | 'until', value: string, bounds: Partial<WaitPlan> = {}): WaitPlan => ({
  ...BOUNDS,
  timer: { by, value },
  ...bounds,
});
const waitTask = (id: string, wait: WaitPlan, more: Partial<TaskPlan> = {}): TaskPlan => ({ id, type: 'wait', wait, ...more });
const planOf = (tasks: readonly TaskPlan[]): DagPlan => ({
  format: 1,
  dagId: 'waits',
  maxActiveTasks: 1,
  failFast: false,
  bodies: ['b'],
  tasks,
});
const taskOf = async (handle: { query<T, A extends unknown[]>(name: string, ...args: A): Promise<T> }, taskId: string) =>
  (await handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 1, taskId })).tasks[0]!;

describe.each([{ cache: 100 }, { cache: 0 }])('waits with a workflow cache of $cache', ({ cache }) => {
  it('end when their moment comes, when the file is there, and as their timeout says', async () => {
    const name = `in-${cache}`;
    const plan = planOf([
      waitTask('past', timer('until', '2020-01-01T00:00:00Z')),
      waitTask('soon', timer('duration', '${{ params.pause }}')),
      waitTask('arrived', polled('file'), { needs: { params: ['name'] } }),
      waitTask('counted', polled('sql')),
      waitTask('nonsense', timer('until', '${{ params.pause }}')),
      waitTask('wrong', polled('sql')),
      waitTask('late', timer('duration', '1h', { timeoutMs: 50 })),
      waitTask('missed', polled('file', { timeoutMs: 250, onTimeout: 'skip' })),
      waitTask('patient', polled('file', { timeoutMs: 250, onTimeout: 'continue' })),
    ]);
    const bodies = {
      arrived: { with: { file: `\${{ params.name }}/*.csv` } },
      counted: { with: { sql: { query: 'select 7 as n' } } },
      wrong: { with: { sql: { query: 'select from nowhere at all' } } },
      missed: { with: { file: 'never.csv' } },
      patient: { with: { file: 'never.csv' } },
    };
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const started = await harness.start(plan, { bodies, params: { name, pause: '100ms' } });
      await expect.poll(async () => (await taskOf(started.handle, 'patient')).state, { timeout: 20_000 }).toBe('success');
      await harness.write(`${name}/a.csv`);
      await started.handle.result().catch(() => undefined);
      if (cache > 0) await recordHistory(started.handle, 'waits-for-times-files-and-queries-and-ends-by-timeouts');
      const { tasks, failedTasks } = await started.report();
      expect(tasks['past']!.output).toEqual({ value: { timedOut: false, at: '2020-01-01T00:00:00Z' } });
      expect(tasks['soon']).toMatchObject({ state: 'success', output: { value: { timedOut: false } } });
      expect(tasks['arrived']!.output).toEqual({ value: { timedOut: false, files: [`${name}/a.csv`] } });
      expect(tasks['counted']!.output).toEqual({ value: { timedOut: false, value: 7, rowCount: 1 } });
      expect(tasks['nonsense']!.failure).toMatchObject({ kind: 'expression', message: expect.stringContaining('no instant') });
      expect(tasks['wrong']!.failure).toMatchObject({ kind: 'error', type: 'SqlError' });
      expect(tasks['late']!.failure).toMatchObject({ kind: 'timeout' });
      expect(tasks['missed']!.state).toBe('skipped');
      expect(tasks['patient']!.output).toEqual({ value: { timedOut: true, files: [] } });
      expect(failedTasks).toEqual(['nonsense', 'wrong', 'late']);
      expect(Object.values(tasks).every((task) => task.waiting === undefined && task.notice === undefined)).toBe(true);
    });
  });

  it('are cancelled in mid-poll, whatever the poll finds in that moment', async () => {
    let answer: (() => void) | undefined;
    const server = createServer((_, response) => {
      answer = () => response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const plan = planOf([waitTask('page', polled('http'))]);
      const bodies = { page: { with: { http: { url: `http://127.0.0.1:${port}/` } } } };
      const { handle, report } = await harness.start(plan, { bodies });
      await expect.poll(() => answer).toBeDefined();
      await handle.cancel();
      const asked = async () =>
        (await handle.fetchHistory()).events!.some((event) => event.activityTaskCancelRequestedEventAttributes);
      await expect.poll(asked).toBe(true);
      answer!();
      await handle.result().catch(() => undefined);
      const { tasks, state } = await report();
      expect([state, tasks['page']!.state, tasks['page']!.failure]).toEqual(['cancelled', 'cancelled', undefined]);
    });
    server.close();
  });

  it('are cancelled with their run, at once', async () => {
    const plan = planOf([waitTask('file', polled('file')), waitTask('time', timer('duration', '2d'))]);
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const started = await harness.start(plan, { bodies: { file: { with: { file: 'never.csv' } } } });
      await expect.poll(async () => (await taskOf(started.handle, 'time')).notice).toMatch(/^waits until 20/);
      await started.handle.cancel();
      await started.handle.result().catch(() => undefined);
      const { tasks, state } = await started.report();
      expect([state, tasks['file']!.state, tasks['time']!.state]).toEqual(['cancelled', 'cancelled', 'cancelled']);
    });
  });

  it('cost no history while they are polled, and take no place of tasks', async () => {
    const name = `polled-${cache}/x`;
    const plan = planOf([waitTask('file', polled('file')), { id: 'work', type: 'noop' }]);
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const { handle } = await harness.start(plan, { bodies: { file: { with: { file: name } } } });
      const polls = async () => (await handle.describe()).raw.pendingActivities?.[0]?.attempt ?? 0;
      await expect.poll(polls, { timeout: 20_000 }).toBeGreaterThan(5);
      await harness.write(name);
      await handle.result();
      const { historyLength } = await handle.describe();
      expect(historyLength).toBeLessThan(20);
    });
  });
});
