import { Context } from '@temporalio/activity';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childPrefix } from '../../src/dag/child-id.js';
import type { DagPlan, SubPlan, TaskPlan } from '../../src/dag/plan.js';
import { DAG_RUN_FAILED, RUN_QUERY, type RunBudgets, type RunHead } from '../../workflows/contract.js';
import { planOf, taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

type Started = Awaited<ReturnType<RunHarness['start']>>;

/** A task that runs a plan as a SubDAG. */
const subTask = (id: string, sub: SubPlan, more: Partial<TaskPlan> = {}): TaskPlan => ({ id, type: 'noop', sub, ...more });

/** A plan whose inline SubDAGs are these plans, in order. */
async function planWith(tasks: readonly TaskPlan[], subs: readonly DagPlan[], more: Partial<DagPlan> = {}): Promise<DagPlan> {
  const stored = await Promise.all(subs.map((sub) => harness.storePlan(sub)));
  return { ...planOf(''), tasks, subs: stored.map(({ planKey }) => planKey), ...more };
}

const started = (plan: DagPlan, budgets: Partial<RunBudgets> = {}, more: Parameters<RunHarness['start']>[1] = {}) =>
  harness.start(plan, { ...more, more: { budgets, ...more.more } });

const closed = ({ handle }: Started): Promise<unknown> => handle.result().catch((error: unknown) => error);
const childReport = ({ prefix, runId }: Started, path: string) =>
  harness.report(childPrefix(prefix, runId, `${runId}/${path}`));
const handleOf = (workflowId: string) => harness.environment.client.workflow.getHandle(workflowId);
const isOver = async (workflowId: string): Promise<boolean> =>
  (await handleOf(workflowId).describe()).status.name !== 'RUNNING';

/** Asks again and again until the answer is yes. */
async function until(asked: () => Promise<boolean>): Promise<void> {
  while (!(await asked().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}

const isRunning = (runId: string) => async () => {
  const head = await handleOf(runId).query<RunHead, []>(RUN_QUERY);
  return head.counts.running === 1;
};

/** Waits to be cancelled, and says so. */
const untilCancelled = (log: string[]) => async () => {
  const context = Context.current();
  log.push(`began ${context.info.activityId}`);
  const beat = setInterval(() => context.heartbeat(), 100);
  try {
    await context.cancelled;
  } finally {
    clearInterval(beat);
    log.push(`stopped ${context.info.activityId}`);
  }
};

describe.each(WORKFLOW_CACHES)('a SubDAG with a workflow cache of $cache', ({ cache }) => {
  it('runs as a child with its own params, and its outputs are the output of its task', async () => {
    const child: DagPlan = {
      ...planOf('double'),
      tasks: [{ id: 'double', type: 'transform', value: '${{ params.n * 2 }}' }],
      params: { n: { type: 'number' }, word: { type: 'string', default: 'times' } },
      outputs: [
        ['n', '${{ tasks.double.output }}'],
        ['text', '${{ params.word + " " + run.parent.task + " " + run.root.id + " " + run.ds }}'],
      ],
    };
    const plan = await planWith(
      [
        { id: 'two', type: 'transform', value: 2 },
        subTask('sub', { plan: 0, params: { n: '${{ tasks.two.output + 1 }}' } }, { upstream: [0] }),
        { id: 'after', type: 'transform', value: '${{ tasks.sub.output.n + 1 }}', upstream: [1] },
      ],
      [child],
    );
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      expect(await closed(run)).toMatchObject({ state: 'success', counts: { success: 3 } });
      const { tasks } = await run.report();
      expect(tasks['sub']).toMatchObject({
        output: { value: { n: 6, text: `times sub ${run.runId} 2026-01-01` } },
        attempts: [{ attempt: 1, runId: `${run.runId}/sub` }],
      });
      expect(tasks['after']!.output).toEqual({ value: 7 });
      expect(await childReport(run, 'sub')).toMatchObject({
        state: 'success',
        run: { params: { n: 3, word: 'times' }, scope: { trigger: 'dag', dagId: 'test' } },
      });
      if (cache > 0) {
        await recordHistory(run.handle, 'a-subdag-runs-as-a-child-parent');
        await recordHistory(handleOf(`${run.runId}/sub`), 'a-subdag-runs-as-a-child');
      }
    });
  });

  it('that fails says why in its parent, and so does one that gets the wrong params', async () => {
    const fails = planOf('load\nreport <- load');
    const strict: DagPlan = { ...planOf('x {noop}'), params: { day: { type: 'string' } } };
    const plan = await planWith(
      [
        subTask('sub', { plan: 0 }),
        subTask('wrong', { plan: 1, params: { day: 7 }, retry: retry(3) }),
        subTask('gone', { dag: 'no_such_dag', version: 4 }),
        subTask('list', { plan: 1, params: '${{ [1] }}' }),
      ],
      [fails, strict],
    );
    const work = () => {
      throw ApplicationFailure.create({ message: 'disk gone', type: 'DiskError' });
    };
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      const error = (await closed(run)) as WorkflowFailedError;
      expect(error.cause).toMatchObject({
        type: DAG_RUN_FAILED,
        message: expect.stringContaining('sub (the SubDAG failed: 1 task failed: load (disk gone))'),
      });
      const { tasks } = await run.report();
      expect(tasks['sub']!.failure).toMatchObject({ kind: 'child', details: { runId: `${run.runId}/sub`, kind: 'tasks' } });
      expect(tasks['wrong']).toMatchObject({
        failure: { kind: 'invalid_params', message: expect.stringContaining('the param day') },
        attempts: [{ attempt: 1 }],
      });
      expect(tasks['wrong']!.attempts).toHaveLength(1);
      expect(tasks['gone']!.failure).toMatchObject({
        kind: 'dag_missing',
        message: expect.stringContaining('DAG no_such_dag, version 4'),
      });
      expect(tasks['list']!.failure).toMatchObject({ kind: 'invalid_params' });
    });
  });

  it('keeps what succeeded at its next attempt', async () => {
    const ran: string[] = [];
    const work = () => {
      const { activityId, workflowExecution } = Context.current().info;
      ran.push(activityId);
      if (activityId === 'flaky' && !workflowExecution!.workflowId.endsWith('#3')) throw new Error('not yet');
      return activityId;
    };
    const child: DagPlan = {
      ...planOf('first\nflaky <- first\nlast <- flaky'),
      outputs: [['all', '${{ [tasks.first.output, tasks.last.output] }}']],
    };
    const plan = await planWith([subTask('sub', { plan: 0, retry: retry(3) })], [child]);
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      expect(await closed(run)).toMatchObject({ state: 'success' });
      expect(ran).toEqual(['first', 'flaky', 'flaky', 'flaky', 'last']);
      const { tasks } = await run.report();
      expect(tasks['sub']).toMatchObject({
        output: { value: { all: ['first', 'last'] } },
        attempts: [
          { attempt: 1, failure: { kind: 'child' }, runId: `${run.runId}/sub` },
          { attempt: 2, failure: { kind: 'child' }, runId: `${run.runId}/sub#2` },
          { attempt: 3, runId: `${run.runId}/sub#3` },
        ],
      });
      const last = await childReport(run, 'sub#3');
      expect(last.tasks['first']).toMatchObject({ state: 'success', output: { value: 'first' }, attempts: [{ attempt: 1 }] });
      if (cache > 0) {
        await recordHistory(run.handle, 'a-subdag-keeps-what-succeeded-parent');
        await recordHistory(handleOf(`${run.runId}/sub#2`), 'a-subdag-keeps-what-succeeded');
      }
    });
  });

  it('runs on while its parent continues as new, and is heard', async () => {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const work = async () => {
      const { activityId } = Context.current().info;
      if (activityId === 'slow') await opened;
      if (activityId === 't29') open();
      return activityId;
    };
    const chain = Array.from(
      { length: 30 },
      (_, i): TaskPlan => ({ id: `t${i}`, ...taskOf('activity'), upstream: i === 0 ? undefined : [i - 1] }),
    );
    const slow: DagPlan = { ...planOf('slow'), outputs: [['slow', '${{ tasks.slow.output }}']] };
    const plan = await planWith([...chain, subTask('sub', { plan: 0 }), subTask('other', { plan: 0 })], [slow], {
      bodies: ['b'],
    });
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan, { continueFromEvents: 40 });
      expect(await closed(run)).toMatchObject({ state: 'success', counts: { success: 32 } });
      const { tasks } = await run.report();
      expect(tasks['sub']!.output).toEqual({ value: { slow: 'slow' } });
      const { hop } = await lastInput(run);
      expect(hop).toBeGreaterThan(1);
      if (cache > 0) await recordHistory(run.handle, 'a-subdag-runs-on-while-its-parent-continues-as-new');
    });
  });
});

describe.each(WORKFLOW_CACHES)('children with a workflow cache of $cache', ({ cache }) => {
  it('are cancelled down to the leaves, and each stops in good order', async () => {
    const log: string[] = [];
    const leaf = planOf('leaf');
    const middle = await planWith([subTask('inner', { plan: 0 })], [leaf]);
    const plan = await planWith([subTask('outer', { plan: 0 }), subTask('never', { plan: 0 }, { upstream: [0] })], [middle]);
    const worker = await harness.worker({ work: untilCancelled(log) }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      await until(async () => log.length === 1);
      await run.handle.cancel();
      await closed(run);
      expect(log).toEqual(['began leaf', 'stopped leaf']);
      const { state, tasks } = await run.report();
      expect([state, tasks['outer']!.state, tasks['never']!.state]).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect((await childReport(run, 'outer/inner')).tasks['leaf']!.state).toBe('cancelled');
      if (cache > 0) await recordHistory(handleOf(`${run.runId}/outer`), 'a-child-is-cancelled-down-to-the-leaves');
    });
  });

  it('that take longer than the timeout of their task are stopped, and it fails by name', async () => {
    const log: string[] = [];
    const plan = await planWith([subTask('sub', { plan: 0, timeoutMs: 300 })], [planOf('leaf')]);
    const worker = await harness.worker({ work: untilCancelled(log) }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      await closed(run);
      if (cache > 0) await recordHistory(run.handle, 'a-subdag-that-takes-too-long');
      expect((await run.report()).tasks['sub']!.failure).toMatchObject({ kind: 'timeout' });
      expect(log).toEqual(['began leaf', 'stopped leaf']);
    });
  });

  it('terminated from outside are found out, at once or by the watch, and fail by name', async () => {
    const log: string[] = [];
    const plan = await planWith([subTask('sub', { plan: 0 })], [planOf('leaf')]);
    const worker = await harness.worker({ work: untilCancelled(log) }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      await until(isRunning(`${run.runId}/sub`));
      await handleOf(`${run.runId}/sub`).terminate();
      await closed(run);
      expect((await run.report()).tasks['sub']).toMatchObject({ state: 'failed', failure: { kind: 'terminated' } });
      if (cache > 0) await recordHistory(run.handle, 'a-terminated-child-is-found-out');

      // A parent that has continued as new hears nothing of the end of a child that says nothing: here the watch finds out.
      const carried = {
        format: 1 as const,
        states: 'r',
        tasks: { records: [] },
        startedAt: Date.now(),
        revision: 1,
        failFastTripped: false,
        hop: 1,
        children: [{ task: 0, attempt: 1, startedAt: Date.now() - 100_000 }],
      };
      const later = await started(plan, { childWatchMs: 200 }, { more: { carried } });
      const orphan = await harness.environment.client.workflow.start('dagRun', {
        workflowId: `${later.runId}/sub`,
        taskQueue: 'nobody',
        args: [],
        memo: { run: later.input.run },
      });
      await orphan.terminate();
      await closed(later);
      expect((await later.report()).tasks['sub']!.failure).toMatchObject({ kind: 'terminated' });
    });
  });

  it('cancel themselves when their parent was terminated', async () => {
    const log: string[] = [];
    const middle = await planWith([subTask('inner', { plan: 0 })], [planOf('leaf')]);
    const plan = await planWith([subTask('outer', { plan: 0 })], [middle]);
    const worker = await harness.worker({ work: untilCancelled(log) }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan, { parentWatchMs: 200, longestWatchMs: 200 });
      await until(async () => log.length === 1);
      await run.handle.terminate();
      await until(() => isOver(`${run.runId}/outer`));
      expect(log).toEqual(['began leaf', 'stopped leaf']);
      expect((await childReport(run, 'outer')).state).toBe('cancelled');
      if (cache > 0) await recordHistory(handleOf(`${run.runId}/outer`), 'a-child-whose-parent-was-terminated-cancels-itself');
    });
  });

  it('of a tree 20 levels deep all run', async () => {
    let plan: DagPlan = { ...planOf('leaf'), outputs: [['depth', '${{ 0 }}']] };
    for (let depth = 0; depth < 20; depth++) {
      plan = await planWith([subTask('a_task_with_a_name', { plan: 0 })], [plan], {
        outputs: [['depth', '${{ tasks.a_task_with_a_name.output.depth + 1 }}']],
      });
    }
    const worker = await harness.worker({ work: () => null }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      expect(await closed(run)).toMatchObject({ state: 'success' });
      expect((await run.report()).outputs).toEqual({ depth: 20 });
    });
  });

  it('are cancelled by failFast, and one that is told twice to have ended ends once', async () => {
    const log: string[] = [];
    const work = () => {
      if (Context.current().info.activityId === 'leaf') return untilCancelled(log)();
      throw new Error('no');
    };
    const plan = await planWith(
      [
        { id: 'bad', ...taskOf('activity'), upstream: [] },
        subTask('sub', { plan: 0 }),
        subTask('again', { plan: 1 }, { upstream: [[0, 4]] }),
      ],
      [planOf('leaf'), planOf('x {noop}')],
      { failFast: true, bodies: ['b'] },
    );
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await started(plan);
      await run.handle.signal('childEnded', { task: 1, attempt: 1, execution: 7, state: 'success' });
      await closed(run);
      const { tasks } = await run.report();
      expect([tasks['sub']!.state, tasks['again']!.state]).toEqual(['cancelled', 'success']);
    });
  });
});

/** What the newest execution of a run was started with. */
async function lastInput({ handle }: Started): Promise<{ readonly hop: number }> {
  const { events } = await handle.fetchHistory();
  const payload = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!;
  return (JSON.parse(Buffer.from(payload.data!).toString()) as { carried: { hop: number } }).carried;
}

function retry(maxAttempts: number): NonNullable<SubPlan['retry']> {
  return { maxAttempts, intervalMs: 10, multiplier: 1, maxIntervalMs: 10, jitter: 0 };
}
