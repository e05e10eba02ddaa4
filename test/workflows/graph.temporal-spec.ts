import { Context } from '@temporalio/activity';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import { DAG_RUN, type DagRunInput } from '../../workflows/contract.js';
import { planOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

type Started = Awaited<ReturnType<RunHarness['start']>>;

/** Runs one plan to its end; its history is kept under `name` when recording is on. */
async function run(
  name: string,
  plan: DagPlan,
  work: (task: string) => unknown,
  { cache, params, meanwhile }: { cache: number; params?: DagRunParams; meanwhile?: (started: Started) => Promise<void> },
) {
  const worker = await harness.worker({ work: () => work(Context.current().info.activityId) }, { cache });
  return worker.runUntil(async () => {
    const started = await harness.start(plan, { params });
    await meanwhile?.(started);
    const closed: unknown = await started.handle.result().catch((error: unknown) => error);
    if (cache !== 0) await recordHistory(started.handle, name);
    const report = await started.report();
    const states = Object.fromEntries(Object.values(report.tasks).map(({ taskId, state }) => [taskId, state]));
    return { closed, report, states };
  });
}
type DagRunParams = NonNullable<Parameters<RunHarness['start']>[1]>['params'];

const withTask = (plan: DagPlan, id: string, change: (plan: DagPlan) => Partial<TaskPlan>): DagPlan => ({
  ...plan,
  tasks: plan.tasks.map((task) => (task.id === id ? { ...task, ...change(plan) } : task)),
});
const at = (plan: DagPlan, id: string): number => plan.tasks.findIndex((task) => task.id === id);

/** A promise and what fulfils it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

describe.each([{ cache: 100 }, { cache: 0 }])('a graph with a workflow cache of $cache', ({ cache }) => {
  it('goes the way that a branch chooses, by a stored value too, and meets again after it', async () => {
    const base = planOf(`
      list
      route {noop} <- list
      small <- route
      large <- route
      never <- route
      joined <- small, large [none_failed_min_one_success]`);
    const plan = withTask(base, 'route', (all) => ({
      type: 'branch',
      branch: {
        match: 'first',
        cases: [
          { when: 'tasks.list.output.size() < params.limit', targets: [at(all, 'small')] },
          { when: 'tasks.list.output.startsWith("x")', targets: [at(all, 'large')] },
          { when: 'tasks.list.output.no.such.thing', targets: [at(all, 'never')] },
        ],
      },
    }));
    const work = (task: string) => (task === 'list' ? 'x'.repeat(100_000) : task);
    const { states, report } = await run('branch-by-a-stored-value', plan, work, { cache, params: { limit: 1000 } });
    expect(states).toEqual({
      list: 'success',
      route: 'success',
      small: 'skipped',
      large: 'success',
      never: 'skipped',
      joined: 'success',
    });
    expect(report.tasks['list']!.output).toHaveProperty('ref');
    expect(report.tasks['route']!.output).toEqual({ value: { chosen: ['large'] } });
    expect(report.state).toBe('success');
  });

  it('fails a branch whose condition is none by name, and goes on as its rules say', async () => {
    const base = planOf('route {noop}\na <- route\nafter <- route [all_done]');
    const plan = withTask(base, 'route', (all) => ({
      type: 'branch',
      branch: { match: 'all', cases: [{ when: 'params.word', targets: [at(all, 'a')] }] },
    }));
    const { states, report } = await run('branch-that-fails', plan, () => null, { cache, params: { word: 'yes' } });
    expect(states).toEqual({ route: 'failed', a: 'upstream_failed', after: 'success' });
    expect(report.tasks['route']!.failure).toEqual({
      kind: 'expression',
      message: 'cases[0].when of task route must be true or false, got "yes"',
    });
  });

  it('cleans up after a cancel, and a second cancel does not reach the clean-up', async () => {
    const working = gate();
    const cleaning = gate();
    const goOn = gate();
    const told: string[] = [];
    const base = planOf('create\nwork <- create\nlater <- work\ndelete <- create, work, later\nafterwards <- delete');
    const plan = withTask(
      withTask(base, 'create', () => ({ setup: true })),
      'delete',
      (all) => ({ teardown: [at(all, 'create')] }),
    );
    const work = async (task: string) => {
      const context = Context.current();
      void context.cancelled.catch(() => told.push(task));
      if (task === 'work') {
        working.open();
        await context.cancelled;
      }
      if (task === 'delete') {
        cleaning.open();
        await goOn.opened;
      }
      return task;
    };
    const { closed, states, report } = await run('teardown-after-a-cancel', plan, work, {
      cache,
      meanwhile: async ({ handle }) => {
        await working.opened;
        await handle.cancel();
        await cleaning.opened;
        await handle.cancel();
        goOn.open();
      },
    });
    expect((closed as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(told).toEqual(['work']);
    expect(states).toEqual({
      create: 'success',
      work: 'cancelled',
      later: 'cancelled',
      delete: 'success',
      afterwards: 'cancelled',
    });
    expect(report.tasks['delete']!.output).toEqual({ value: 'delete' });
  });

  it('goes on cleaning up as a new execution, which a further cancel does not reach either', async () => {
    const base = planOf('create\nwork <- create\ndelete <- create, work');
    const plan = withTask(
      withTask(base, 'create', () => ({ setup: true })),
      'delete',
      (all) => ({ teardown: [at(all, 'create')] }),
    );
    let cleaning = gate();
    let goOn = gate();
    goOn.open();
    const work = async () => {
      if (Context.current().info.activityId !== 'delete') return;
      cleaning.open();
      await goOn.opened;
    };
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const { input, handle, prefix, runId } = await harness.start(plan);
      await handle.result();
      cleaning = gate();
      goOn = gate();
      const carried: NonNullable<DagRunInput['carried']> = {
        format: 1,
        states: 'sc.',
        tasks: { records: [] },
        startedAt: Date.now(),
        revision: 0,
        failFastTripped: false,
        stopped: 'cancelled',
        hop: 1,
      };
      const again = await harness.environment.client.workflow.start(DAG_RUN, {
        workflowId: `${runId}-hop`,
        taskQueue: harness.queue,
        args: [{ ...input, carried }],
      });
      await cleaning.opened;
      await again.cancel();
      goOn.open();
      await expect(again.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
      if (cache !== 0) await recordHistory(again, 'clean-up-goes-on-as-a-new-execution');
      const { state, tasks } = await harness.report(prefix);
      expect(state).toBe('cancelled');
      expect(tasks['delete']).toMatchObject({ state: 'success' });
    });
  });

  it('cleans up with failFast, and a clean-up that fails changes nothing', async () => {
    const base = planOf('create\nbad <- create\nslow <- create\ndelete <- create, bad, slow', { failFast: true });
    const plan = withTask(
      withTask(base, 'create', () => ({ setup: true })),
      'delete',
      (all) => ({ teardown: [at(all, 'create')] }),
    );
    const slow = gate();
    const work = async (task: string) => {
      if (task === 'slow') {
        slow.open();
        await Context.current().cancelled;
      }
      if (task === 'bad') await slow.opened;
      if (task === 'bad' || task === 'delete') throw new Error(`${task} is broken`);
    };
    const { states, report } = await run('teardown-with-failfast', plan, work, { cache });
    expect(states).toEqual({ create: 'success', bad: 'failed', slow: 'cancelled', delete: 'failed' });
    expect(report).toMatchObject({ state: 'failed', failure: { message: '1 task failed: bad (bad is broken)' } });
  });

  it('takes the first of two and cancels the other alone', async () => {
    const base = planOf('fast\nslow\nbeside\ntail <- slow\nfirst <- fast, tail\nlast <- first, beside');
    const plan = withTask(base, 'first', (all) => ({
      join: { minSuccess: 1, losers: [at(all, 'fast'), at(all, 'slow'), at(all, 'tail')] },
    }));
    const slow = gate();
    const firstRuns = gate();
    const told: string[] = [];
    const work = async (task: string) => {
      const context = Context.current();
      void context.cancelled.catch(() => told.push(task));
      if (task === 'fast') await slow.opened;
      if (task === 'slow') {
        slow.open();
        await context.cancelled;
      }
      if (task === 'first') firstRuns.open();
      if (task === 'beside') await firstRuns.opened;
      return task;
    };
    const { states, report } = await run('join-that-cancels-others', plan, work, { cache });
    expect(told).toEqual(['slow']);
    expect(states).toEqual({
      fast: 'success',
      slow: 'cancelled',
      beside: 'success',
      tail: 'cancelled',
      first: 'success',
      last: 'success',
    });
    expect(report.state).toBe('success');
  });

  it('goes on after a failure that is allowed, as a success', async () => {
    const plan = withTask(planOf('scan\nload <- scan\ntell <- scan:failure', { failFast: true }), 'scan', () => ({
      allowFailure: true,
    }));
    const work = (task: string) => {
      if (task === 'scan') throw new Error('a virus');
    };
    const { states, report, closed } = await run('failure-that-is-allowed', plan, work, { cache });
    expect(states).toEqual({ scan: 'failed', load: 'success', tell: 'success' });
    expect(report.state).toBe('success');
    expect(closed).toMatchObject({ state: 'success' });
  });
});
