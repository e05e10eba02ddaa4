import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemResult } from '../../src/dag/map/item-result.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import { taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const QUEUE = 'theirs';
/** Activities of a worker that knows nothing of ours. */
const THEIRS = {
  third_time: async (n: number) => {
    const { attempt } = Context.current().info;
    if (attempt < 3) throw new Error(`not yet, ${attempt}`);
    return n * attempt;
  },
  hopeless: async () => {
    throw ApplicationFailure.create({
      message: 'never',
      type: 'Hopeless',
      nonRetryable: true,
      cause: new Error('no such table'),
    });
  },
  ever_again: async () => {
    throw new Error('not yet');
  },
  even_only: async (n: number) => {
    if (n % 2 === 1) throw new Error(`${n} is odd`);
    return n;
  },
};

const theirs = (
  id: string,
  name: keyof typeof THEIRS,
  args: readonly (string | number)[] = [],
  more: Partial<TaskPlan> = {},
) => {
  const { retry, timeoutMs } = taskOf('activity').activity!;
  const activity = { name, queue: QUEUE, foreign: { args }, timeoutMs, retry: { ...retry, maxAttempts: 3, intervalMs: 20 } };
  return { id, type: 'activity', activity, ...more } satisfies TaskPlan;
};

const plan: DagPlan = {
  format: 1,
  dagId: 'foreign',
  maxActiveTasks: 10,
  failFast: false,
  bodies: ['b'],
  tasks: [
    theirs('patient', 'third_time', [7]),
    theirs('given_up', 'ever_again'),
    theirs('hopeless', 'hopeless', [], { hooks: { failure: [theirs('hopeless hook failure', 'third_time', [1])] } }),
    theirs('numbers', 'even_only', ['${{ item.n }}'], { map: { sources: [['n', [0, 1, 2]]], item: true, toleratedCount: 1 } }),
  ],
  hooks: [{ on: 'exit', task: theirs('hook exit', 'third_time', [2]) }],
};

describe.each([{ cache: 100 }, { cache: 0 }])('activities of other workers, with a workflow cache of $cache', ({ cache }) => {
  it('report their last attempt, whose number is the count, who made it, and what an SDK puts behind its own words', async () => {
    const worker = await harness.worker({}, { cache });
    const other = await Worker.create({
      connection: harness.environment.nativeConnection,
      taskQueue: QUEUE,
      identity: 'their-worker',
      activities: THEIRS,
    });
    const { head, tasks } = await other.runUntil(
      worker.runUntil(async () => {
        const started = await harness.start(plan);
        await started.handle.result().catch(() => undefined);
        if (cache !== 0) await recordHistory(started.handle, 'activities-of-other-workers');
        const { tasks, ...head } = await started.report();
        return { head, tasks };
      }),
    );
    const last = (attempt: number, more: object = {}) => {
      const times = { startedAt: expect.any(Number), endedAt: expect.any(Number) };
      return [{ attempt, worker: 'their-worker', ...times, ...more }];
    };
    expect(tasks['patient']).toMatchObject({ state: 'success', output: { value: 21 }, attempts: last(3) });
    const again = { kind: 'error', type: 'Error', message: 'not yet' };
    expect(tasks['given_up']).toMatchObject({ state: 'failed', failure: again, attempts: last(3, { failure: again }) });
    const never = { kind: 'error', type: 'Hopeless', message: 'never: no such table' };
    expect(tasks['hopeless']).toMatchObject({ failure: never, attempts: last(1, { failure: never }) });
    expect(tasks['hopeless']!.hooks).toMatchObject([{ hook: 'failure', state: 'success', attempts: last(3) }]);
    expect(head.hooks).toMatchObject([{ hook: 'exit', state: 'success', attempts: last(3) }]);
    const { items } = tasks['numbers']!;
    expect((items as { value: unknown }).value as ItemResult[]).toMatchObject([
      { state: 'success', output: 0, attempts: 1 },
      { state: 'failed', failure: { message: '1 is odd' }, attempts: 3 },
      { state: 'success', output: 2, attempts: 1 },
    ]);
  });
});
