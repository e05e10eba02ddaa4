import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentTask } from '../../activities/task-context.js';
import { childPrefix } from '../../src/dag/child-id.js';
import type { MapPlan } from '../../src/dag/map/map-plan.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import {
  APPROVE_UPDATE,
  type ApproveInput,
  type ApproveResult,
  TASKS_QUERY,
  type TasksQueryResult,
} from '../../workflows/contract.js';
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

/** Asks, and goes back to that task when it is rejected. */
const asks = (rewindTo: number): Partial<TaskPlan> => ({
  type: 'approval',
  activity: undefined,
  approval: { message: 'Good?', onReject: 'fail', rewindTo, maxRewinds: 3, timeoutMs: 86_400_000, onTimeout: 'fail' },
});

/** A plan from text, some of its tasks changed. */
function plan(text: string, change: { readonly [id: string]: Partial<TaskPlan> }, more: Partial<DagPlan> = {}): DagPlan {
  const { tasks, ...rest } = planOf(text);
  return { ...rest, tasks: tasks.map((task) => ({ ...task, ...change[task.id] })), ...more };
}

const taskIn = async ({ handle }: Started, taskId: string) =>
  (await handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 1, taskId })).tasks[0]!;

/** Decides as soon as the approval asks for the n-th time, from 1. */
async function decide(run: Started, decision: 'approve' | 'reject', times: number): Promise<void> {
  await expect
    .poll(async () => {
      const { notice, attempts = [] } = await taskIn(run, 'review');
      return [notice, attempts.length];
    })
    .toEqual(['waiting for approval: Good?', times - 1]);
  const answer = () =>
    run.handle.executeUpdate<ApproveResult, [ApproveInput]>(APPROVE_UPDATE, { args: [{ taskId: 'review', decision }] });
  // Asked before the run has taken in that it waits, or between two executions, it is to be asked again.
  await expect.poll(answer).toMatchObject({ decision });
}

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

/** Tasks as they really run: how often each began, with which keys, and that none is beside itself. */
class Bench {
  readonly keys = new Map<string, string[]>();
  readonly attempts = new Map<string, number[]>();
  private readonly now = new Set<string>();

  times(name: string): number {
    return this.keys.get(name)?.length ?? 0;
  }

  /** `name` is that of the task or item; all rounds of it count together. */
  async work(act: (name: string, time: number) => unknown): Promise<unknown> {
    const { taskId, item, idempotencyKey, attempt } = currentTask().info;
    const { workflowId } = Context.current().info.workflowExecution!;
    const inside = workflowId
      .split('/')
      .slice(1)
      .map((part) => `${part.replace(/#\d+$/, '')}/`);
    const name = `${inside.join('')}${taskId}${item === undefined ? '' : `[${item.index}]`}`;
    expect(this.now.has(name), `${name} runs beside itself`).toBe(false);
    this.now.add(name);
    this.keys.set(name, [...(this.keys.get(name) ?? []), idempotencyKey]);
    this.attempts.set(name, [...(this.attempts.get(name) ?? []), attempt]);
    try {
      return await act(name, this.times(name));
    } finally {
      this.now.delete(name);
    }
  }
}

const map: MapPlan = { sources: [['n', '${{ range(tasks.build.output) }}']], item: true };

describe.each(WORKFLOW_CACHES)('a rejection with a workflow cache of $cache', ({ cache }) => {
  it('takes back all that runs in parts: maps, SubDAGs, their next attempts, waits and hooks', async () => {
    const bench = new Bench();
    const hooking = gate();
    const said: unknown[] = [];
    const act = async (name: string, time: number): Promise<unknown> => {
      if (name === 'build') return 3 - time;
      if (name === 'hooked hook success') {
        if (time === 1) await hooking.opened;
        return null;
      }
      if (name === 'retried/leaf' && time === 1) throw ApplicationFailure.nonRetryable('not yet');
      return time > 1 || name === 'hooked' || name === 'say' ? name : untilCancelled();
    };
    const work = (...args: unknown[]): Promise<unknown> => {
      if (args.length > 0) said.push(args[0]);
      return bench.work(act);
    };
    const leaf = await harness.storePlan(planOf('leaf'));
    const hook = (id: string, more: Partial<TaskPlan> = {}): TaskPlan => ({ id, ...taskOf('activity'), ...more });
    const retry = { maxAttempts: 2, intervalMs: 3_600_000, multiplier: 1, maxIntervalMs: 3_600_000, jitter: 0 };
    const given = plan(
      'build\nmapped <- build\nsub {noop} <- build\nsubs {noop} <- build\nretried {noop} <- build\nfile {noop} <- build\nhooked <- build\nreview <- build',
      {
        mapped: { map, needs: { tasks: [0] } },
        sub: { sub: { plan: 0 } },
        subs: { sub: { plan: 0 }, map, needs: { tasks: [0] } },
        retried: { sub: { plan: 0, retry } },
        file: {
          type: 'wait',
          wait: {
            poll: { what: 'file', about: 'came.csv', body: 0, pace: { everyMs: 200, multiplier: 1, maxIntervalMs: 200 } },
            timeoutMs: 86_400_000,
            onTimeout: 'fail',
          },
        },
        review: asks(0),
        hooked: { hooks: { success: [hook('hooked hook success'), hook('say', { needs: { tasks: [0] } })] } },
      },
      { subs: [leaf.planKey] },
    );
    const worker = await harness.worker({ work }, { cache });
    const over = worker.runUntil(async () => {
      const run = await harness.start(given, {
        bodies: {
          say: { with: { args: ['${{ tasks.build.output }}'] } },
          file: { with: { file: `came-${cache}.csv` } },
        },
      });
      for (const name of ['mapped[0]', 'mapped[1]', 'sub/leaf', 'subs[0]/leaf', 'subs[1]/leaf', 'hooked hook success'])
        await expect.poll(() => bench.times(name), { message: name }).toBe(1);
      await expect.poll(async () => (await taskIn(run, 'retried')).notice).toMatch(/attempt 2 begins at/);
      await decide(run, 'reject', 1);
      await expect.poll(() => bench.times('mapped[0]')).toBe(2);
      await expect.poll(() => bench.times('sub/leaf')).toBe(2);
      // Its hook is still under way: `hooked` waits for that, and nothing else does.
      expect(bench.times('hooked')).toBe(1);
      hooking.open();
      await harness.write(`came-${cache}.csv`);
      await decide(run, 'approve', 2);
      await run.handle.result();
      if (cache > 0) await recordHistory(run.handle, 'a-rejection-takes-back-maps-and-subdags');
      const { tasks, counts } = await run.report();
      expect(counts).toEqual({ success: 8 });
      expect(tasks['build']!.output).toEqual({ value: 1 });
      expect(tasks['mapped']).toMatchObject({ rewinds: 1, map: { total: 1 }, output: { value: ['mapped[0]'] } });
      expect(tasks['sub']!.attempts).toMatchObject([
        { attempt: 1, runId: `${run.runId}/sub`, failure: { kind: 'cancelled' } },
        { attempt: 2, runId: `${run.runId}/sub#2` },
      ]);
      expect(tasks['retried']!.attempts).toMatchObject([
        { attempt: 1, runId: `${run.runId}/retried`, failure: { kind: 'child' } },
        { attempt: 2, runId: `${run.runId}/retried#2` },
      ]);
      const reportOf = (path: string) => harness.report(childPrefix(run.prefix, run.runId, `${run.runId}/${path}`));
      expect([(await reportOf('sub')).state, (await reportOf('sub#2')).state]).toEqual(['cancelled', 'success']);
      expect([(await reportOf('subs[0]')).state, (await reportOf('subs[0]#2')).state]).toEqual(['cancelled', 'success']);
      // Nothing is kept of the attempt before the rejection.
      expect((await reportOf('retried#2')).tasks['leaf']).toMatchObject({ attempts: [{ attempt: 1 }] });
      expect(bench.attempts.get('mapped[0]')).toEqual([1, 5]);
      // What the hooks of the first round say of it is said of that, though it was sent back before they came to it.
      expect(said).toEqual([2, 1]);
      expect(tasks['hooked']!.hooks!.map(({ state }) => state)).toEqual(['success', 'success', 'success', 'success']);
      for (const [name, keys] of bench.keys) expect(new Set(keys).size, name).toBe(keys.length);
    });
    await over.finally(() => hooking.open());
  });

  it('gives up the shards of a large map, and the next ones are others', async () => {
    const bench = new Bench();
    const work = () =>
      bench.work(async (name, time) => {
        if (name === 'build') return 501;
        if (time === 1) return untilCancelled();
        throw ApplicationFailure.nonRetryable('no');
      });
    const large = { map: { ...map, maxConcurrency: 1, stop: true as const }, needs: { tasks: [0] } };
    const given = plan('build\nm <- build\nreview <- build', { m: large, review: asks(0) });
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(given);
      await expect.poll(() => [...bench.keys.values()].flat().length).toBe(2);
      await decide(run, 'reject', 1);
      await decide(run, 'approve', 2);
      await run.handle.result().catch(() => undefined);
      if (cache > 0) await recordHistory(run.handle, 'a-rejection-gives-up-shards');
      const { tasks } = await run.report();
      expect(tasks['m']).toMatchObject({ state: 'failed', map: { counts: { failed: 1, skipped: 500 } } });
      const reportOf = (path: string) => harness.report(childPrefix(run.prefix, run.runId, `${run.runId}/${path}`));
      expect([(await reportOf('m[0]')).state, (await reportOf('m[0]#2')).state]).toEqual(['cancelled', 'success']);
      const [first, second] = bench.keys.get('m[0]/m[0]')!;
      expect(first).not.toBe(second);
    });
  });

  it('is the same in a new execution of the run, with what an earlier one still runs and its branches have chosen', async () => {
    const bench = new Bench();
    const stubborn = gate();
    const work = () =>
      bench.work(async (name, time) => {
        // Deaf to a cancel: the SubDAG of the first round ends when this does.
        if (name === 'sub/leaf' && time === 1) await stubborn.opened;
        return time;
      });
    const leaf = await harness.storePlan(planOf('leaf'));
    const given = plan(
      'pick {noop}\nbuild\nleft <- pick, build\nright <- pick, build\nsub {noop} <- build\nreview <- build',
      {
        pick: { type: 'branch', branch: { match: 'first', cases: [{ when: true, targets: [3] }] } },
        sub: { sub: { plan: 0 } },
        review: asks(1),
      },
      { subs: [leaf.planKey] },
    );
    const worker = await harness.worker({ work }, { cache });
    const over = worker.runUntil(async () => {
      const run = await harness.start(given, { more: { budgets: { continueFromEvents: 5 } } });
      const execution = async (): Promise<string> => (await run.handle.describe()).runId;
      await expect.poll(() => bench.times('sub/leaf')).toBe(1);
      await decide(run, 'reject', 1);
      await expect.poll(() => bench.times('right')).toBe(2);
      const before = await execution();
      await decide(run, 'reject', 2);
      await expect.poll(() => bench.times('right')).toBe(3);
      await expect.poll(execution).not.toBe(before);
      expect(bench.times('sub/leaf')).toBe(1);
      stubborn.open();
      await decide(run, 'approve', 3);
      await run.handle.result();
      if (cache > 0) await recordHistory(run.handle, 'a-rejection-over-executions');
      const { tasks, counts } = await run.report();
      expect(counts).toEqual({ success: 5, skipped: 1 });
      expect([tasks['left']!.state, bench.times('left')]).toEqual(['skipped', 0]);
      expect(bench.times('sub/leaf')).toBe(2);
      expect(tasks['sub']).toMatchObject({
        rewinds: 2,
        attempts: [
          { attempt: 1, failure: { kind: 'cancelled' } },
          { attempt: 2, runId: `${run.runId}/sub#2` },
        ],
      });
      for (const [name, keys] of bench.keys) expect(new Set(keys).size, name).toBe(keys.length);
    });
    await over.finally(() => stubborn.open());
  });

  it('sets up again what has been taken away, and cancels what comes after it', async () => {
    const bench = new Bench();
    const done: string[] = [];
    const work = () =>
      bench.work(async (name, time) => {
        done.push(name);
        return name === 'long' && time === 1 ? untilCancelled() : null;
      });
    const given = plan('make\nuse <- make\nclean <- make, use\nlong <- use\nreview <- clean', {
      make: { setup: true },
      clean: { teardown: [0] },
      review: asks(1),
    });
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(given);
      await expect.poll(() => bench.times('long')).toBe(1);
      await decide(run, 'reject', 1);
      await expect.poll(() => bench.times('clean')).toBe(2);
      await expect.poll(() => bench.times('long')).toBe(2);
      await decide(run, 'approve', 2);
      await run.handle.result();
      expect((await run.report()).counts).toEqual({ success: 5 });
      expect(done.filter((name) => name !== 'long')).toEqual(['make', 'use', 'clean', 'make', 'use', 'clean']);
      expect((await run.report()).tasks['long']!.attempts).toMatchObject([
        { attempt: 1, failure: { kind: 'cancelled' } },
        { attempt: 2 },
      ]);
    });
  });
});
