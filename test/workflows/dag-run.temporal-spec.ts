import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import { DAG_RUN_FAILED, type RunHead, TASKS_QUERY, type TasksQueryResult } from '../../workflows/contract.js';
import { planOf, taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

/** Runs one plan to its end and returns the report, and how the workflow closed. */
async function run(
  plan: DagPlan,
  activities: { readonly [name: string]: (...args: never[]) => unknown },
  options: Parameters<RunHarness['start']>[1] & {
    readonly cache: number;
    readonly meanwhile?: (started: Awaited<ReturnType<RunHarness['start']>>) => Promise<void>;
  },
) {
  const worker = await harness.worker(activities, options);
  return worker.runUntil(async () => {
    const started = await harness.start(plan, options);
    await options.meanwhile?.(started);
    const closed: unknown = await started.handle.result().catch((error: unknown) => error);
    if (options.cache !== 0) await recordHistory(started.handle, historyName(expect.getState().currentTestName ?? ''));
    return { ...started, closed, report: await started.report() };
  });
}

/** A file name from the name of a test: its first words say what the history shows. */
const historyName = (test: string): string =>
  test
    .replace(/^.*> /, '')
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .slice(0, 60)
    .replace(/-+$/, '');

/** Changes one task of a plan. */
const withTask = (plan: DagPlan, id: string, change: Partial<TaskPlan>): DagPlan => ({
  ...plan,
  tasks: plan.tasks.map((task) => (task.id === id ? { ...task, ...change } : task)),
});
const states = (report: { readonly tasks: { readonly [id: string]: { readonly state: string } } }): { [id: string]: string } =>
  Object.fromEntries(Object.entries(report.tasks).map(([id, { state }]) => [id, state]));

describe.each(WORKFLOW_CACHES)('dagRun with a workflow cache of $cache', ({ cache }) => {
  it('runs a diamond in order and reports each attempt', async () => {
    const order: string[] = [];
    const work = () => void order.push(Context.current().info.activityId);
    const { closed, report } = await run(planOf('a\nb <- a\nc <- a\nd <- b, c'), { work }, { cache });
    expect(closed).toMatchObject({ state: 'success', counts: { success: 4 } });
    expect(order[0]).toBe('a');
    expect(order[3]).toBe('d');
    expect(report.tasks['d']).toMatchObject({
      state: 'success',
      output: { value: null },
      attempts: [{ attempt: 1, worker: 'worker-1' }],
    });
    expect(report.tasks['d']!.startedAt).toBeGreaterThanOrEqual(report.tasks['b']!.endedAt!);
  });

  it('closes failed with the names of the failed tasks, and still notifies', async () => {
    const work = () => {
      if (Context.current().info.activityId === 'load')
        throw ApplicationFailure.create({ message: 'disk gone', type: 'DiskError' });
    };
    const { closed, report } = await run(planOf('load\npublish <- load\npage <- publish:failure'), { work }, { cache });
    expect(closed).toBeInstanceOf(WorkflowFailedError);
    expect((closed as WorkflowFailedError).cause).toMatchObject({
      type: DAG_RUN_FAILED,
      message: '1 task failed: load (disk gone)',
    });
    expect(states(report)).toEqual({ load: 'failed', publish: 'upstream_failed', page: 'success' });
    expect(report.tasks['load']!.failure).toEqual({ kind: 'error', type: 'DiskError', message: 'disk gone' });
    expect(report).toMatchObject({ state: 'failed', failedTasks: ['load'] });
  });

  it('retries as the plan says and lists every attempt', async () => {
    const plan = withTask(planOf('flaky'), 'flaky', {
      activity: {
        ...taskOf('activity').activity!,
        retry: { maxAttempts: 3, infraAttempts: 3, intervalMs: 10, multiplier: 1, maxIntervalMs: 10, jitter: 0 },
      },
    });
    const work = () => {
      if (Context.current().info.attempt < 3) throw new Error('not yet');
      return 'third time';
    };
    const { report } = await run(plan, { work }, { cache });
    expect(report.tasks['flaky']).toMatchObject({ state: 'success', output: { value: 'third time' } });
    expect(report.tasks['flaky']!.attempts!.map((attempt) => [attempt.attempt, attempt.failure?.message])).toEqual([
      [1, 'not yet'],
      [2, 'not yet'],
      [3, undefined],
    ]);
  });

  it('asks when, computes transforms and outputs, and fails a bad expression by name', async () => {
    const base = planOf(`
      source
      doubled {noop} <- source
      asked <- doubled
      never <- doubled
      wrong <- doubled
      broken <- doubled
      after <- broken [all_done]`);
    const plan: DagPlan = withTask(
      withTask(
        withTask(
          withTask(withTask(base, 'doubled', { type: 'transform', value: { n: '${{ tasks.source.output * 2 }}' } }), 'asked', {
            when: 'tasks.doubled.output.n == 42',
          }),
          'never',
          { when: 'params.no' },
        ),
        'wrong',
        { when: '"text"' },
      ),
      'broken',
      { when: 'tasks.doubled.output.missing > 1' },
    );
    const work = () => 21;
    const { report, closed } = await run(plan, { work }, { cache, params: { no: false } });
    expect(states(report)).toEqual({
      source: 'success',
      doubled: 'success',
      asked: 'success',
      never: 'skipped',
      wrong: 'failed',
      broken: 'failed',
      after: 'success',
    });
    expect(report.tasks['wrong']!.failure).toMatchObject({
      kind: 'expression',
      message: expect.stringContaining('must be true or false'),
    });
    expect(report.tasks['broken']!.failure).toMatchObject({ kind: 'expression', message: expect.stringContaining('missing') });
    expect(closed).toBeInstanceOf(WorkflowFailedError);
  });

  it('computes the outputs of the DAG at the end, and fails when one cannot be computed', async () => {
    const plan: DagPlan = { ...planOf('source'), outputs: [['n', '${{ tasks.source.output + 1 }}']] };
    const good = await run(plan, { work: () => 41 }, { cache });
    expect(good.report).toMatchObject({ state: 'success', outputs: { n: 42 } });
    const bad = await run(plan, { work: () => null }, { cache });
    expect(bad.report).toMatchObject({
      state: 'failed',
      failure: { kind: 'output', message: expect.stringContaining('output n') },
    });
  });

  it('cancels gracefully: what runs is told, what waits is cancelled, and the run closes as cancelled', async () => {
    const told: string[] = [];
    let running = () => {};
    const started = new Promise<void>((resolve) => (running = resolve));
    const work = async () => {
      running();
      await Context.current().cancelled.catch(() => void told.push('told'));
      throw new CancelledFailure('stopped');
    };
    const { closed, report } = await run(
      planOf('long\nlater <- long'),
      { work },
      {
        cache,
        meanwhile: async ({ handle }) => {
          await started;
          await handle.cancel();
        },
      },
    );
    expect((closed as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(told).toEqual(['told']);
    expect(states(report)).toEqual({ long: 'cancelled', later: 'cancelled' });
    expect(report.state).toBe('cancelled');
  });

  it('ends at its own timeout as failed, kind run_timeout', async () => {
    const work = async () => {
      await Context.current().cancelled;
    };
    const { report } = await run(planOf('long', { timeoutMs: 300 }), { work }, { cache });
    expect(report).toMatchObject({
      state: 'failed',
      failure: { kind: 'run_timeout' },
      tasks: { long: { state: 'cancelled' } },
    });
  });

  it('with failFast cancels the others at the first failure', async () => {
    const plan = planOf('bad\nslow\nlater <- slow\npage <- bad:failure', { failFast: true });
    const work = async () => {
      const { activityId } = Context.current().info;
      if (activityId === 'bad') throw ApplicationFailure.nonRetryable('no');
      if (activityId === 'slow') await Context.current().cancelled;
    };
    const { report } = await run(plan, { work }, { cache });
    expect(states(report)).toEqual({ bad: 'failed', slow: 'cancelled', later: 'skipped', page: 'success' });
    expect(report.state).toBe('failed');
  });

  it('evaluates an expression over a stored value, and the author sees no difference', async () => {
    const plan = withTask(
      withTask(planOf('big\nlength {noop} <- big\nasked <- big'), 'length', {
        type: 'transform',
        value: '${{ tasks.big.output.size() }}',
      }),
      'asked',
      { when: 'tasks.big.output.size() > 10' },
    );
    const work = () => (Context.current().info.activityId === 'big' ? 'x'.repeat(100_000) : 'small');
    const { report } = await run(plan, { work }, { cache });
    expect(report.tasks['big']!.output).toMatchObject({ ref: expect.any(String), size: 100_002 });
    expect(report.tasks['length']!.output).toEqual({ value: 100_000 });
    expect(report.tasks['asked']!.state).toBe('success');
  });

  it('checks what a transform makes of a stored value against its outputSchema', async () => {
    const copy = { type: 'transform', value: '${{ tasks.source.output }}' } as const;
    const plan = withTask(
      withTask(planOf('source\nfits {noop} <- source\nother {noop} <- source'), 'fits', {
        ...copy,
        outputSchema: { type: 'string' },
      }),
      'other',
      { ...copy, outputSchema: { type: 'integer' } },
    );
    const { report } = await run(plan, { work: () => 'x'.repeat(100_000) }, { cache });
    expect(report.tasks['fits']).toMatchObject({ state: 'success', output: { ref: expect.any(String) } });
    expect(report.tasks['other']).toMatchObject({
      state: 'failed',
      failure: { kind: 'output_schema', message: expect.stringContaining('must be a whole number') },
    });
  });

  it('loads its plan from the object store, and fails by name when it is gone', async () => {
    const stored = await run(planOf('a'), { work: () => null }, { cache, inline: false });
    expect(stored.report.state).toBe('success');
    await harness.store.delete(stored.input.planKey);
    const worker = await harness.worker({ work: () => null }, { cache });
    await worker.runUntil(async () => {
      const again = await harness.environment.client.workflow.start('dagRun', {
        workflowId: `${stored.runId}-again`,
        taskQueue: harness.queue,
        args: [stored.input],
      });
      await expect(again.result()).rejects.toMatchObject({
        cause: { type: DAG_RUN_FAILED, message: expect.stringContaining('plan') },
      });
    });
  });

  it('answers queries while it runs, with only what changed since', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const work = async () => (Context.current().info.activityId === 'b' ? gate : undefined);
    const { closed } = await run(
      planOf('a\nb <- a\nc <- b'),
      { work },
      {
        cache,
        meanwhile: async ({ handle }) => {
          try {
            await expect
              .poll(async () => (await handle.query<RunHead>('run')).counts)
              .toMatchObject({ success: 1, running: 1, pending: 1 });
            const all = await handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 100 });
            expect(all.tasks.map((task) => [task.taskId, task.state])).toEqual([
              ['a', 'success'],
              ['b', 'running'],
              ['c', 'pending'],
            ]);
            const news = await handle.query<TasksQueryResult, [object]>(TASKS_QUERY, {
              limit: 100,
              sinceRevision: all.head.revision,
            });
            expect(news.tasks).toEqual([]);
          } finally {
            // The worker stops only when its activities are over.
            release();
          }
        },
      },
    );
    expect(closed).toMatchObject({ state: 'success' });
  });

  it('makes another workflow task for what does not fit into one, and none where nothing is left', async () => {
    for (const [tasks, timers] of [
      [200, 0],
      [201, 1],
    ]) {
      const plan = planOf(Array.from({ length: tasks! }, (_, i) => `t${i}`).join('\n'), { maxActiveTasks: 300 });
      const { closed, handle } = await run(plan, { work: () => null }, { cache });
      expect(closed).toMatchObject({ state: 'success', counts: { success: tasks } });
      const { events } = await handle.fetchHistory();
      expect(events!.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null)).toHaveLength(timers!);
    }
  });

  it('continues as new in the middle of a long chain and forgets nothing', async () => {
    // Without a cache each step replays all before it: there a short chain has to do, with small budgets.
    const { n, more } = cache > 0 ? { n: 750 } : { n: 40, more: { budgets: { continueFromEvents: 60 } } };
    const plan: DagPlan = {
      ...planOf('a'),
      tasks: Array.from({ length: n }, (_, i) => ({
        id: `t${i}`,
        ...taskOf('activity'),
        upstream: i === 0 ? undefined : [i - 1],
      })),
    };
    const { report, handle } = await run(plan, { work: () => null }, { cache, more });
    expect(report.counts).toEqual({ success: n });
    expect(Object.keys(report.tasks)).toHaveLength(n);
    expect(report.tasks['t0']!.attempts).toHaveLength(1);
    const lengths = async (): Promise<readonly number[]> => {
      const executions = harness.environment.client.workflow.list({ query: `WorkflowId = '${handle.workflowId}'` });
      const found: number[] = [];
      for await (const { historyLength } of executions) found.push(historyLength);
      return found;
    };
    await expect.poll(async () => (await lengths()).length).toBeGreaterThan(1);
    expect(Math.max(...(await lengths()))).toBeLessThanOrEqual(10_240);
  });
});

describe('dagRun', () => {
  it('says that no worker serves a queue', async () => {
    const plan = withTask(planOf('away'), 'away', {
      activity: { ...taskOf('activity').activity!, body: undefined, queue: 'nobody', foreign: { args: [1] } },
    });
    // It takes ten seconds to be sure: with a cache and without one at the same time.
    const said = [100, 0].map((cache) =>
      run(
        plan,
        {},
        {
          cache,
          queue: `watch-${cache}`,
          meanwhile: async ({ handle }) => {
            await expect
              .poll(async () => (await handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 1 })).tasks[0]!.notice, {
                timeout: 30_000,
              })
              .toMatch(/^no worker on queue nobody since /);
            await handle.cancel();
          },
        },
      ),
    );
    for (const { report } of await Promise.all(said)) expect(report.state).toBe('cancelled');
  });
});
