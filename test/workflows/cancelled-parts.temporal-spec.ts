import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MapPlan } from '../../src/dag/map/map-plan.js';
import type { TaskPlan } from '../../src/dag/plan.js';
import { planOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const map: MapPlan = { sources: [['n', [0, 1, 2]]], item: true };

/** A promise and what fulfils it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

/** Heartbeats, so that it hears of a cancel, which ends it. */
async function untilCancelled(): Promise<void> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  try {
    await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}

describe.each([{ cache: 100 }, { cache: 0 }])('maps and SubDAGs with a workflow cache of $cache', ({ cache }) => {
  it('are cancelled with the run, but not where they clean up, and a new execution goes on with that', async () => {
    const begun = new Map<string, () => void>();
    const working = ['work[0]', 'work[1]', 'work[2]', 'endless'].map((id) => {
      const { opened, open } = gate();
      begun.set(id, open);
      return opened;
    });
    const cleaning = gate();
    const goOn = gate();
    const work = async (): Promise<unknown> => {
      const { activityId } = Context.current().info;
      if (activityId === 'create') return 'bucket';
      if (activityId === 'wipe') {
        cleaning.open();
        return goOn.opened;
      }
      begun.get(activityId)?.();
      return untilCancelled();
    };
    const endless = await harness.storePlan(planOf('endless'));
    const wipe = await harness.storePlan(planOf('wipe'));
    const { tasks, ...base } = planOf('create\nwork <- create\nlong {noop} <- create\ndelete {noop} <- create, work, long');
    const change: { readonly [id: string]: Partial<TaskPlan> } = {
      create: { setup: true },
      work: { map },
      long: { sub: { plan: 0 } },
      delete: { sub: { plan: 1 }, map, teardown: [0] },
    };
    const plan = {
      ...base,
      tasks: tasks.map((task) => ({ ...task, ...change[task.id] })),
      subs: [endless.planKey, wipe.planKey],
    };
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(plan, { more: { budgets: { continueFromEvents: 10 } } });
      await Promise.all(working);
      await run.handle.cancel();
      await cleaning.opened;
      await harness.environment.client.workflow.getHandle(run.runId).cancel();
      goOn.open();
      const closed: unknown = await run.handle.result().catch((error: unknown) => error);
      expect((closed as Error).cause).toBeInstanceOf(CancelledFailure);
      if (cache !== 0) await recordHistory(run.handle, 'clean-up-by-a-map-of-sub-dags');
      expect((await run.report()).tasks).toMatchObject({
        create: { state: 'success' },
        work: { state: 'cancelled', map: { counts: { cancelled: 3 } } },
        long: { state: 'cancelled' },
        delete: { state: 'success', map: { counts: { success: 3 } } },
      });
    });
  });

  it('are given up alone where a join does not wait for them any more', async () => {
    let open = 4;
    const all = gate();
    const work = async (): Promise<unknown> => {
      if (Context.current().info.activityId === 'fast') return all.opened;
      if (--open === 0) all.open();
      return untilCancelled();
    };
    const { planKey } = await harness.storePlan(planOf('endless'));
    const { tasks, ...base } = planOf('fast\nmapped\nsub {noop}\nfirst <- fast, mapped, sub');
    const change: { readonly [id: string]: Partial<TaskPlan> } = {
      mapped: { map },
      sub: { sub: { plan: 0 } },
      first: { type: 'noop', activity: undefined, join: { minSuccess: 1, losers: [1, 2] } },
    };
    const plan = { ...base, tasks: tasks.map((task) => ({ ...task, ...change[task.id] })), subs: [planKey] };
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(plan);
      expect(await run.handle.result()).toMatchObject({ state: 'success' });
      if (cache !== 0) await recordHistory(run.handle, 'join-that-cancels-a-map-and-a-sub-dag');
      expect((await run.report()).tasks).toMatchObject({
        fast: { state: 'success' },
        mapped: { state: 'cancelled', map: { counts: { cancelled: 3 } } },
        sub: { state: 'cancelled' },
        first: { state: 'success' },
      });
    });
  });

  it('that wait for something do not begin anew in the next execution, once they are cancelled', async () => {
    const { tasks, ...base } = planOf('make\nslow {noop} <- make\nclean <- make, slow');
    const poll = {
      what: 'file',
      about: 'never.csv',
      body: 0,
      pace: { everyMs: 100, multiplier: 1, maxIntervalMs: 100 },
    } as const;
    const change: { readonly [id: string]: Partial<TaskPlan> } = {
      make: { setup: true },
      slow: { type: 'wait', wait: { poll, timeoutMs: 86_400_000, onTimeout: 'fail' } },
      clean: { teardown: [0] },
    };
    const plan = { ...base, tasks: tasks.map((task) => ({ ...task, ...change[task.id] })) };
    const worker = await harness.worker({ work: () => null }, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(plan, {
        bodies: { slow: { with: { file: 'never.csv' } } },
        more: { budgets: { continueFromEvents: 12 } },
      });
      const polls = async (): Promise<number> => {
        const { raw } = await run.handle.describe();
        return raw.pendingActivities?.find(({ activityId }) => activityId === 'slow')?.attempt ?? 0;
      };
      await expect.poll(polls).toBeGreaterThan(1);
      await run.handle.cancel();
      expect(((await run.handle.result().catch((error: unknown) => error)) as Error).cause).toBeInstanceOf(CancelledFailure);
      expect((await run.report()).tasks).toMatchObject({ slow: { state: 'cancelled' }, clean: { state: 'success' } });
    });
  });
});
