import { CancelledFailure, Context, heartbeat } from '@temporalio/activity';
import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common';
import type { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it, test } from 'vitest';
import type { HeartbeatDetails } from '../../activities/attempt-history.js';
import type { TaskCall } from '../../activities/task-call.js';
import { currentTask } from '../../activities/task-context.js';
import type { RetryHookBody, RetryPlan } from '../../src/dag/plan.js';
import { compileRetryRule } from '../../src/dag/retry-rule.js';
import type { HookRecord } from '../../src/dag/state.js';
import { DEFAULT_RETRY, TaskBench } from './task-bench.js';

type Fn = (...args: never[]) => unknown;

const retry: RetryPlan = { ...DEFAULT_RETRY, maxAttempts: 3, intervalMs: 60_000, multiplier: 1 };
const hook = (args: readonly unknown[] = [], more: Partial<RetryHookBody> = {}): RetryHookBody => ({
  name: 'task hook retry',
  type: 'activity',
  with: { name: 'hook', args: args as never },
  timeoutMs: 60_000,
  ...more,
});
const fails: Fn = () => {
  throw new RangeError('not yet');
};

/** A task of activity `work` whose hooks call `hook`; what hooks are called with is kept. */
async function make({
  hooks = [hook()],
  work = fails,
  act = () => undefined,
  policy = retry,
  call = {},
  secretValues = {},
}: {
  readonly hooks?: readonly RetryHookBody[];
  readonly work?: Fn;
  readonly act?: Fn;
  readonly policy?: RetryPlan;
  readonly call?: Partial<TaskCall>;
  readonly secretValues?: { readonly [name: string]: string };
}) {
  const calls: unknown[][] = [];
  const bench = await TaskBench.create({
    secretValues,
    user: { work, hook: (...args: unknown[]) => [calls.push(args), act(...(args as never[]))][1] },
  });
  const made = await bench.call({ with: { name: 'work', args: [] }, retry: policy, retryHooks: hooks }, call);
  return { bench, calls, call: made };
}

const brief = (hooks: readonly HookRecord[] | undefined): unknown[] | undefined =>
  hooks?.map(({ attempt, state, failure, index }) => [attempt, index, state, failure?.kind]);

describe('hooks between attempts', () => {
  it('run after each attempt that another one follows, in order, and see what failed', async () => {
    const seen = [
      '${{ attempt }}',
      '${{ task }}',
      '${{ params.p }}',
      '${{ tasks.up.output }}',
      '${{ item.n }}',
      '${{ index }}',
    ];
    const { bench, calls, call } = await make({
      hooks: [hook(['first', ...seen]), hook(['second'], { name: 'task hook retry 2' })],
      call: {
        params: { p: 7 },
        tasks: { up: { state: 'success', output: { value: 'x' } } },
        item: { index: 4, key: 'four', value: { n: 44 } },
      },
    });
    const { failed, calls: attempts, delays } = await bench.runToEnd('work', call);
    expect(attempts).toBe(3);
    const task = (n: number) => ({
      id: 'task',
      state: 'running',
      failure: { kind: 'error', type: 'RangeError', message: 'not yet' },
      attempts: n,
    });
    expect(calls).toEqual([['first', 1, task(1), 7, 'x', 44, 4], ['second'], ['first', 2, task(2), 7, 'x', 44, 4], ['second']]);
    expect(brief(failed?.hooks)).toEqual([
      [1, 0, 'success', undefined],
      [1, 1, 'success', undefined],
      [2, 0, 'success', undefined],
      [2, 1, 'success', undefined],
    ]);
    expect(failed?.hooks?.[0]).toEqual({
      hook: 'retry',
      index: 0,
      attempt: 1,
      state: 'success',
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
    });
    expect(delays.every((delay) => (delay as number) > 0 && (delay as number) <= 60_000)).toBe(true);
  });

  it('come back with a success, and with a skip', async () => {
    let tries = 0;
    const once = await make({ work: () => (++tries < 2 ? (fails as () => never)() : 'done') });
    const { returned } = await once.bench.runToEnd('work', once.call);
    expect(returned?.output).toEqual({ value: 'done' });
    expect(brief(returned?.hooks)).toEqual([[1, undefined, 'success', undefined]]);

    const rules = [compileRetryRule({ message: 'gone', action: 'skip' }), compileRetryRule({ action: 'retry', wait: '1m' })];
    let n = 0;
    const skipped = await make({
      policy: { ...retry, rules },
      work: () => {
        throw new Error(++n === 1 ? 'not yet' : 'gone');
      },
    });
    const end = await skipped.bench.runToEnd('work', skipped.call);
    expect(end.returned).toMatchObject({ skipped: true, hooks: [{ attempt: 1, state: 'success' }] });
  });

  test.each<[string, Fn, Partial<RetryPlan>]>([
    ['a success', () => 1, {}],
    ['the last attempt', fails, { maxAttempts: 1 }],
    [
      'a failure that is not repeated',
      () => {
        throw ApplicationFailure.nonRetryable('never');
      },
      {},
    ],
    ['a failure that a rule ends', fails, { rules: [compileRetryRule({ action: 'fail' })] }],
    ['an attempt after which there is no time', fails, { totalTimeoutMs: 30_000 }],
  ])('do not run after %s', async (_, work, policy) => {
    const { bench, calls, call } = await make({ work, policy: { ...retry, ...policy } });
    const { failed, returned } = await bench.run('work', call);
    expect(calls).toEqual([]);
    expect(failed ?? returned).not.toHaveProperty('hooks');
  });

  test.each<[string, Partial<RetryHookBody>, Fn, object]>([
    ['fails', {}, () => (fails as () => never)(), { state: 'failed', failure: { type: 'RangeError', message: 'not yet' } }],
    ['is not wanted', { when: 'task.attempts > 5' }, fails, { state: 'skipped' }],
    ['is never wanted', { when: false }, fails, { state: 'skipped' }],
    [
      'has a condition that is none',
      { when: '1 + 1' },
      fails,
      {
        state: 'failed',
        failure: {
          kind: 'expression',
          message: expect.stringContaining('when of task hook retry must be true or false, got 2'),
        },
      },
    ],
    [
      'has an expression that fails',
      { with: { name: 'hook', args: ['${{ params.none }}'] } },
      fails,
      { state: 'failed', failure: { kind: 'expression' } },
    ],
    [
      'names an activity that nobody has',
      { with: { name: 'hok' } },
      fails,
      { state: 'failed', failure: { kind: 'unknown_activity', message: expect.stringContaining('hok') } },
    ],
    [
      'is of a type that is off',
      { type: 'shell', with: { argv: ['true'] } },
      fails,
      { state: 'failed', failure: { kind: 'type_disabled' } },
    ],
    [
      'needs a secret that is missing',
      { with: { name: 'hook', args: ['${{ secrets.NONE }}'] } },
      fails,
      { state: 'failed', failure: { type: 'SecretMissing' } },
    ],
    [
      'takes longer than it may',
      { timeoutMs: 1 },
      () => Context.current().cancelled,
      { state: 'failed', failure: { kind: 'timeout', message: 'task hook retry took longer than the 1 ms that it had' } },
    ],
  ])('change nothing where one %s', async (_, more, act, record) => {
    const { bench, call } = await make({
      hooks: [hook([], more), hook(['next'], { when: true })],
      act: (name: string) => (name === 'next' ? null : act()),
    });
    const { failed, error } = await bench.run('work', call);
    expect(failed).toMatchObject({ failure: { message: 'not yet' }, hooks: [record, { index: 1, state: 'success' }] });
    expect(error).toMatchObject({ nonRetryable: false, nextRetryDelay: expect.any(Number) });
  });

  it('take their time out of the wait, of which at least something stays', async () => {
    let took = 0;
    const slow = await make({
      act: async () => {
        const from = Date.now();
        await new Promise((resolve) => setTimeout(resolve, 30));
        took = Date.now() - from;
      },
    });
    expect((await slow.bench.run('work', slow.call)).error?.nextRetryDelay).toBeLessThanOrEqual(60_000 - took);
    const short = await make({
      policy: { ...retry, intervalMs: 5 },
      act: () => new Promise((resolve) => setTimeout(resolve, 30)),
    });
    expect((await short.bench.run('work', short.call)).error?.nextRetryDelay).toBe(1);
  });

  it('that use up the time of all attempts leave none for another one', async () => {
    const { bench, call, calls } = await make({
      policy: { ...retry, intervalMs: 1, totalTimeoutMs: 300 },
      hooks: [hook(['first']), hook(['never'])],
      act: () => Context.current().cancelled,
    });
    const { failed, error } = await bench.run('work', call);
    expect(error?.nonRetryable).toBe(true);
    expect(calls).toEqual([['first']]);
    expect(failed).toMatchObject({
      failure: { message: 'not yet' },
      hooks: [{ state: 'failed', failure: { kind: 'timeout' } }],
    });
  });

  it('write into the log of the attempt, their own secrets hidden there and in what they fail with', async () => {
    const { bench, call } = await make({
      hooks: [hook(['${{ secrets.TOKEN }}'])],
      secretValues: { TOKEN: 'swordfish' },
      act: (token: string) => {
        currentTask().log.info(`cleaning up\nwith ${token}`, { token });
        Context.current().log.warn('nearly');
        throw new Error(`no ${token}`);
      },
    });
    const { failed } = await bench.run('work', call);
    expect(failed?.hooks?.[0]?.failure?.message).toBe('no ***');
    expect(
      (await bench.log())
        .replace(/^\S+ /gm, '')
        .split('\n')
        .filter((line) => !/^\w+ +at /.test(line)),
    ).toEqual([
      'error attempt 1 failed: RangeError: not yet',
      'error RangeError: not yet',
      'info task hook retry: cleaning up',
      'info task hook retry: with *** {"token":"***"}',
      'warn task hook retry: nearly',
      'error task hook retry: failed: Error: no ***',
      '',
    ]);
  });

  it('are other work than the task, and each time again, for systems that de-duplicate', async () => {
    const keys: string[] = [];
    const note = (): void => void keys.push(currentTask().info.idempotencyKey);
    const { bench, call } = await make({
      work: () => {
        note();
        throw new Error('no');
      },
      act: () => {
        note();
        expect(currentTask().info).toMatchObject({ taskId: 'task hook retry', resources: {} });
      },
    });
    await bench.runToEnd('work', call);
    const [work, hookAfter1, again, hookAfter2, last] = keys;
    expect([again, last]).toEqual([work, work]);
    expect(new Set([work, hookAfter1, hookAfter2]).size).toBe(3);
  });

  it('keep the marks of progress of the task, and tell the server that they begin and end', async () => {
    const { bench, call } = await make({
      work: () => {
        heartbeat('page 7');
        throw new Error('no');
      },
      act: () => {
        expect(currentTask().lastProgress).toBeUndefined();
        heartbeat('something else');
      },
    });
    const { heartbeats } = await bench.run('work', call);
    expect(
      heartbeats.map(({ user, hooks, attempts }) => [user, hooks?.[0]?.state, attempts[0]?.endedAt !== undefined]),
    ).toEqual([
      ['page 7', undefined, false],
      ['page 7', undefined, true],
      ['page 7', 'running', true],
      ['page 7', 'running', true],
      ['page 7', 'success', true],
    ]);
  });

  it.each(['while it runs', 'as it begins'])(
    'are told to stop by a cancellation, which then is what becomes of the task: %s',
    async (when) => {
      const soon = when === 'as it begins';
      let env: MockActivityEnvironment | undefined;
      const { bench, call, calls } = await make({
        hooks: [hook(['first']), hook(['never'])],
        act: () => {
          env!.cancel('CANCELLED');
          return Context.current().cancelled;
        },
      });
      const error = await bench
        .run('work', call, {}, (made) => {
          env = made;
          if (soon)
            env.on('heartbeat', ({ hooks }: HeartbeatDetails) => hooks?.[0]?.state === 'running' && env!.cancel('CANCELLED'));
        })
        .catch((e: unknown) => e);
      expect(error).toBeInstanceOf(CancelledFailure);
      expect((error as CancelledFailure).details[0]).toMatchObject({
        failure: { kind: 'cancelled' },
        attempts: [{ failure: { message: 'not yet' } }],
        hooks: [{ state: 'failed', failure: { kind: 'cancelled' } }],
      });
      expect(calls).toEqual(soon ? [] : [['first']]);
    },
  );

  it('are told to stop by a worker that shuts down, and the next attempt comes all the same', async () => {
    let env: MockActivityEnvironment | undefined;
    const { bench, call } = await make({
      act: () => {
        env!.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
        return Context.current().cancelled;
      },
    });
    const { error, failed } = await bench.run('work', call, {}, (made) => void (env = made));
    expect(error).toMatchObject({ nonRetryable: false, nextRetryDelay: expect.any(Number) });
    expect(failed).toMatchObject({ failure: { message: 'not yet' }, hooks: [{ state: 'failed' }] });
  });

  it('tell of the newest twenty only, in few words', async () => {
    const old = Array.from({ length: 20 }, (_, i) => ({
      hook: 'retry',
      attempt: i + 1,
      state: 'success',
      startedAt: i,
      endedAt: i,
    }));
    const { bench, call } = await make({
      policy: { ...retry, maxAttempts: 100 },
      act: () => {
        throw new Error('x'.repeat(2000));
      },
    });
    const attempts = Array.from({ length: 20 }, (_, i) => ({
      attempt: i + 1,
      startedAt: 1,
      endedAt: 2,
      failure: { kind: 'error', message: 'no' },
    }));
    const { failed } = await bench.run('work', call, {
      attempt: 21,
      heartbeatDetails: { attempts, userFailures: 20, hooks: old },
    });
    expect(failed?.hooks?.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    expect(failed?.hooks?.at(-1)?.failure?.message.length).toBeLessThan(600);
  });
});

describe('after an attempt whose worker was lost', () => {
  it('they run before the next attempt, whose own time is not touched, also where nobody knows anything of the lost one', async () => {
    const order: string[] = [];
    const { bench, call, calls } = await make({
      hooks: [hook(['${{ task.failure.kind }}', '${{ attempt }}'])],
      work: () => order.push('work') && 'done',
      act: () => void order.push('hook'),
    });
    const { returned } = await bench.run('work', call, { attempt: 2 });
    expect(order).toEqual(['hook', 'work']);
    expect(calls).toEqual([['worker_lost', 1]]);
    expect(brief(returned?.hooks)).toEqual([[1, undefined, 'success', undefined]]);
    expect(returned?.attempts.at(-1)?.startedAt).toBeGreaterThanOrEqual(returned!.hooks![0]!.endedAt!);
  });

  it('they run where its last heartbeat has left no end, or the worker had to go', async () => {
    const { bench, call, calls } = await make({ work: () => 'done' });
    const lost = { attempts: [{ attempt: 1, startedAt: 5, worker: 'w0' }], userFailures: 0 };
    await bench.run('work', call, { attempt: 2, heartbeatDetails: lost });
    const failure = { kind: 'worker_lost' as const, message: 'worker w0 was shut down' };
    const left = { attempts: [{ attempt: 1, startedAt: 5, endedAt: 6, failure }], userFailures: 0 };
    await bench.run('work', call, { attempt: 2, heartbeatDetails: left });
    expect(calls).toHaveLength(2);
  });

  it('they do not run again where they were interrupted themselves: that is told', async () => {
    const { bench, call, calls } = await make({ work: () => 'done' });
    const failure = { kind: 'error' as const, message: 'not yet' };
    const { returned } = await bench.run('work', call, {
      attempt: 2,
      heartbeatDetails: {
        attempts: [{ attempt: 1, startedAt: 5, endedAt: 6, failure }],
        userFailures: 1,
        hooks: [{ hook: 'retry', attempt: 1, state: 'running', startedAt: 7 }],
      },
    });
    expect(calls).toEqual([]);
    expect(brief(returned?.hooks)).toEqual([[1, undefined, 'failed', 'worker_lost']]);
  });

  it('they do not run where too many were lost', async () => {
    const { bench, call, calls } = await make({ policy: { ...retry, infraAttempts: 1 } });
    expect((await bench.run('work', call, { attempt: 3 })).failed?.failure.kind).toBe('worker_lost');
    expect(calls).toEqual([]);
  });

  it('a cancellation during them is what becomes of the task, which does not begin', async () => {
    let began = false;
    let env: MockActivityEnvironment | undefined;
    const { bench, call } = await make({ work: () => (began = true), act: () => env!.cancel('CANCELLED') });
    const error = await bench.run('work', call, { attempt: 2 }, (made) => void (env = made)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CancelledFailure);
    expect(began).toBe(false);
  });
});
