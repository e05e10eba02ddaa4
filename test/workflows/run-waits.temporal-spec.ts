import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TemporalPort } from '../../activities/system-calls.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { RunWaitPlan } from '../../src/dag/run-wait.js';
import type { TriggerPlan } from '../../src/dag/trigger-plan.js';
import {
  type RunLook,
  type RunLookInput,
  TASKS_QUERY,
  type TasksQueryResult,
  type TriggerInput,
  WATCH_SIGNAL,
} from '../../workflows/contract.js';
import { taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const planOf = (dagId: string, tasks: readonly TaskPlan[]): DagPlan => ({
  ...{ format: 1, dagId, maxActiveTasks: 1, failFast: false, bodies: ['b'] },
  tasks,
});
const waitFor = (id: string, run: RunWaitPlan, more: Partial<TaskPlan> = {}): TaskPlan => ({
  ...{ id, type: 'wait', wait: { timeoutMs: 3_600_000, onTimeout: 'fail', run } },
  ...more,
});
const chain = (length: number, last: Partial<TaskPlan> = {}): TaskPlan[] =>
  Array.from({ length }, (_, i) => ({
    ...{ id: `t${i}`, ...taskOf('activity') },
    ...(i === 0 ? {} : { upstream: [i - 1] }),
    ...(i === length - 1 ? last : {}),
  }));
/** Short lives of executions, and short pauses between two looks. */
const BUDGETS = { continueFromEvents: 20, childWatchMs: 100, longestWatchMs: 400 };

describe.each([{ cache: 100 }, { cache: 0 }])('a run that waits for another, with a workflow cache of $cache', ({ cache }) => {
  it('hears of its end, and of the end of a task, whatever new executions either goes on in', async () => {
    let goOn = (): void => undefined;
    const open = new Promise<void>((resolve) => (goOn = resolve));
    const asked: RunLookInput[] = [];
    let target = '';
    const lookForRun = async (input: RunLookInput): Promise<RunLook> => {
      asked.push(input);
      if (asked.length === 1) return { look: 'absent' };
      const handle = harness.environment.client.workflow.getHandle(target);
      if ((await handle.describe()).status.name !== 'RUNNING')
        return { look: 'found', run: { runId: target, execution: 1, state: 'success', tasks: { t8: 'success' } } };
      await handle.signal(WATCH_SIGNAL, { waiter: input.waiter, tasks: input.tasks });
      return { look: 'found', run: { runId: target, execution: 1 } };
    };
    let calls = 0;
    const work = async (): Promise<string> => {
      if (++calls === 3) await open;
      return 'done';
    };
    const worker = await harness.worker({ work }, { cache, temporal: { lookForRun } });
    await worker.runUntil(async () => {
      const source = await harness.start(planOf('source', chain(9)), { more: { budgets: BUDGETS } });
      target = source.runId;
      const tasks = [
        waitFor('whole', { dag: 'source' }),
        waitFor('part', { dag: 'source', task: 't8' }),
        // Meanwhile it goes on itself, in new executions.
        ...chain(6),
      ];
      const plan = planOf(
        'waiter',
        tasks.map((task, i) => (i > 2 ? { ...task, upstream: [i - 1] } : task)),
      );
      const waiter = await harness.start(plan, { more: { budgets: BUDGETS } });
      await expect.poll(() => asked.length).toBeGreaterThan(3);
      goOn();
      await source.handle.result();
      await waiter.handle.result();
      const { tasks: ended } = await waiter.report();
      for (const id of ['whole', 'part'])
        expect(ended[id]).toMatchObject({
          state: 'success',
          output: { value: { timedOut: false, runId: target, state: 'success' } },
        });
      const histories = await Promise.all([source, waiter].map(({ handle }) => handle.describe()));
      for (const { historyLength } of histories) expect(historyLength).toBeLessThan(150);
      if (cache > 0) {
        await recordHistory(harness.environment.client.workflow.getHandle(target), 'run-that-is-watched');
        await recordHistory(harness.environment.client.workflow.getHandle(waiter.runId), 'run-that-waits-for-another');
      }
    });
  });

  it('waits for a date, says what it waits for, and ends as its timeout and its author say', async () => {
    const date = Date.parse('2024-01-01T00:00:00Z');
    const failed = { look: 'found', run: { runId: 'x-1', execution: 2, state: 'failed' } } as const;
    const lookForRun = async ({ awaited }: RunLookInput): Promise<RunLook> => {
      if (awaited.by === 'date' && awaited.date === date) return { look: 'absent' };
      return awaited.by === 'latest' ? failed : { look: 'never', message: 'it never runs' };
    };
    const tasks = [
      waitFor('dated', { dag: 'x', date: '${{ params.day }}', offsetMs: -3_600_000 }, { needs: { params: ['day'] } }),
      waitFor('nonsense', { dag: 'x', date: '${{ params.none }}' }, { needs: { params: ['none'] } }),
      waitFor('never', { dag: 'x', windowMs: 60_000 }),
      waitFor('skipped', { dag: 'x', latest: true, onFailure: 'skip' }),
      waitFor('failed', { dag: 'x', latest: true }),
    ];
    const [first, ...others] = tasks;
    const bounds = { ...first!.wait!, timeoutMs: 1_500, onTimeout: 'continue' as const };
    const worker = await harness.worker({}, { cache, temporal: { lookForRun } });
    await worker.runUntil(async () => {
      const plan = planOf('ends', [{ ...first!, wait: bounds }, ...others]);
      const run = await harness.start(plan, {
        params: { day: '2024-01-01T01:00:00Z', none: 7 },
        more: { budgets: BUDGETS },
      });
      const notice = async () =>
        (await run.handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 1, taskId: 'dated' })).tasks[0]?.notice;
      await expect.poll(notice).toBe('waits for run x-2024-01-01T00:00:00Z, which has not begun');
      await run.handle.result().catch(() => undefined);
      const { tasks: ended } = await run.report();
      expect(ended['dated']!.output).toEqual({ value: { timedOut: true, runId: null, state: null } });
      expect(ended['nonsense']!.failure).toMatchObject({ kind: 'expression', message: expect.stringContaining('no instant') });
      expect(ended['never']!.failure).toEqual({ kind: 'upstream_run', message: 'it never runs' });
      expect(ended['skipped']!.state).toBe('skipped');
      expect(ended['failed']!.failure).toEqual({ kind: 'upstream_run', message: 'run x-1 is failed' });
    });
  });

  it('starts runs of other DAGs once each, waits for them over new executions, and cancels them with itself', async () => {
    const asked: TriggerInput[] = [];
    const cancelled: string[] = [];
    let ended = false;
    const temporal: Partial<TemporalPort> = {
      triggerRun: async (input) => {
        asked.push(input);
        return { runId: `${input.dagId}@${input.key}`, started: input.dagId !== 'theirs' };
      },
      lookForRun: async ({ awaited }) => {
        const runId = awaited.by === 'id' ? awaited.runId : '';
        const isOver = ended && awaited.dagId !== 'slow';
        return { look: 'found', run: { runId, execution: 1, ...(isOver ? { state: 'success' as const } : {}) } };
      },
      runEnd: async (runId) => ({
        state: runId.startsWith('failing') ? 'failed' : 'success',
        outputs: { runId, much: 'x'.repeat(9_000) },
      }),
      cancelRun: async (runId) => void cancelled.push(runId),
    };
    const trigger = (dag: string, more: Partial<TriggerPlan> = {}): TaskPlan => ({
      ...{ id: dag, type: 'trigger' },
      trigger: { dag, input: {}, waits: true, onTimeout: 'fail', ...more },
    });
    const worker = await harness.worker({ work: async () => 'done' }, { cache, temporal });
    await worker.runUntil(async () => {
      const triggers = [
        trigger('waits', { input: { params: { n: '${{ params.n }}' } } }),
        trigger('failing'),
        trigger('tolerated', { tolerant: true }),
        trigger('leaves', { waits: undefined }),
        trigger('theirs'),
        trigger('slow', { timeoutMs: 3_000, onTimeout: 'skip' }),
      ].map((task) => (task.id === 'waits' ? { ...task, needs: { params: ['n'] } } : task));
      const tasks = [...triggers, ...chain(5).map((task, i) => ({ ...task, upstream: i === 0 ? undefined : [5 + i] }))];
      const run = await harness.start(planOf('starts', tasks), { params: { n: 7 }, more: { budgets: BUDGETS } });
      const states = async () =>
        (await run.handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 20 })).tasks.map(({ state }) => state);
      await expect.poll(async () => (await states()).filter((state) => state === 'success').length).toBe(6);
      ended = true;
      await run.handle.result().catch(() => undefined);
      const { tasks: at } = await run.report();
      expect(asked.map(({ dagId }) => dagId).sort()).toEqual(['failing', 'leaves', 'slow', 'theirs', 'tolerated', 'waits']);
      expect(new Set(asked.map(({ key }) => key)).size).toBe(6);
      const first = asked.find(({ dagId }) => dagId === 'waits')!;
      expect(first).toMatchObject({ params: { n: 7 }, by: { runId: run.runId, taskId: 'waits', depth: 1 }, useExisting: true });
      expect(at['waits']).toMatchObject({ state: 'success', output: { ref: expect.any(String) } });
      expect(at['failing']!.failure).toMatchObject({ kind: 'upstream_run', message: expect.stringContaining('is failed') });
      expect(at['leaves']!.output).toMatchObject({ value: { state: null, outputs: null } });
      expect([at['tolerated']!.state, at['theirs']!.state, at['slow']!.state]).toEqual(['success', 'success', 'skipped']);
      // Its timeout cancels what it has started.
      expect(cancelled).toEqual([`slow@${asked.find(({ dagId }) => dagId === 'slow')!.key}`]);
      if (cache > 0) await recordHistory(harness.environment.client.workflow.getHandle(run.runId), 'tasks-that-trigger-runs');
      ended = false;
      const gone = await harness.start(
        planOf('gone', [
          trigger('waits'),
          trigger('theirs'),
          trigger('kept', { outlives: true }),
          trigger('leaves', { waits: undefined }),
        ]),
      );
      await expect.poll(async () => asked.length).toBe(10);
      await gone.handle.cancel();
      await gone.handle.result().catch(() => undefined);
      expect((await gone.report()).state).toBe('cancelled');
      expect(cancelled.slice(1)).toEqual([`waits@${asked.findLast(({ dagId }) => dagId === 'waits')!.key}`]);
    });
  });

  it('holds a task back that depends on the past, over new executions, without a place', async () => {
    let past: RunLook = { look: 'found', run: { runId: 'daily-1', execution: 1 } };
    const lookForRun = async (): Promise<RunLook> => past;
    const tasks = chain(6).map((task, i) => ({ ...task, upstream: i < 2 ? undefined : [i - 1] }));
    const worker = await harness.worker({ work: async () => 'done' }, { cache, temporal: { lookForRun } });
    await worker.runUntil(async () => {
      const plan = planOf('daily', [{ ...tasks[0]!, past: ['t0', 't5'] }, ...tasks.slice(1)]);
      const { input } = await harness.start(planOf('other', []));
      const run = await harness.start(plan, {
        more: { budgets: { ...BUDGETS, continueFromEvents: 30 }, run: { ...input.run, dated: true, dagId: 'daily' } },
      });
      const first = async () =>
        (await run.handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 6 })).tasks.map(({ state }) => state);
      await expect.poll(first).toEqual(['queued', ...Array.from({ length: 5 }, () => 'success')]);
      past = {
        look: 'found',
        run: { runId: 'daily-1', execution: 1, state: 'failed', tasks: { t0: 'success', t5: 'failed' } },
      };
      const notice = async () =>
        (await run.handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 1, taskId: 't0' })).tasks[0]?.notice;
      await expect.poll(notice).toBe('depends on the past: task t5 of run daily-1 is failed; do that run again');
      past = {
        look: 'found',
        run: { runId: 'daily-1', execution: 2, state: 'success', tasks: { t0: 'skipped', t5: 'success' } },
      };
      await run.handle.result();
      if (cache > 0)
        await recordHistory(harness.environment.client.workflow.getHandle(run.runId), 'task-that-depends-on-the-past');
    });
  });
});
