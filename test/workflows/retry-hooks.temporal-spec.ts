import { Context } from '@temporalio/activity';
import { CancelledFailure, type WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemResult } from '../../src/dag/map/item-result.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const note = (...args: unknown[]): object => ({ type: 'activity', with: { name: 'note', args } });
const work = (...args: unknown[]): object => ({ type: 'activity', with: { name: 'work', args } });
const soon = { maxAttempts: 3, interval: '1ms' };

type Started = Awaited<ReturnType<RunHarness['startSpec']>>;

/** Runs tasks to their end; what `work` and `note` are called with is kept, in order. */
async function run(
  tasks: object,
  options: {
    readonly cache: number;
    readonly work: (...args: never[]) => unknown;
    readonly onNote?: (...args: never[]) => unknown;
    readonly meanwhile?: (started: Started) => Promise<void>;
    readonly record?: string;
  },
) {
  const calls: unknown[][] = [];
  const kept =
    (name: string, act: (...args: never[]) => unknown) =>
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return act(...(args as never[]));
    };
  const worker = await harness.worker(
    { work: kept('work', options.work), note: kept('note', options.onNote ?? (() => undefined)) },
    { cache: options.cache },
  );
  return worker.runUntil(async () => {
    const started = await harness.startSpec({ id: 'test', tasks });
    await options.meanwhile?.(started);
    const closed: unknown = await started.handle.result().catch((error: unknown) => error);
    if (options.record !== undefined && options.cache !== 0) await recordHistory(started.handle, options.record);
    const { events } = await started.handle.fetchHistory();
    return { closed, calls, report: await started.report(), events: events?.length };
  });
}

/** Fails its first attempts. */
const failing = (times: number) => () => {
  const { attempt } = Context.current().info;
  if (attempt <= times) throw new RangeError(`not yet ${attempt}`);
  return attempt;
};

describe.each(WORKFLOW_CACHES)('hooks between attempts with a workflow cache of $cache', ({ cache }) => {
  it('run before each further attempt, tell what became of them, and cost no event of the history', async () => {
    const about = [
      '${{ attempt }}',
      '${{ task.id }} ${{ task.state }}',
      '${{ task.failure.message }}',
      '${{ tasks.up.output }}',
    ];
    const task = { ...work(), dependsOn: ['up'], retry: soon };
    const up = { type: 'transform', with: { value: 'upstream' } };
    const onNote = (what: string): void => {
      if (what === 'fails') throw new Error('nobody listens');
    };
    const hooks = { retry: [note('hook', ...about), note('fails'), { ...note('never'), when: '${{ task.attempts > 9 }}' }] };
    const { closed, calls, report, events } = await run(
      { up, load: { ...task, hooks } },
      { cache, work: failing(2), onNote, record: 'hooks-between-attempts' },
    );
    expect(closed).toMatchObject({ state: 'success' });
    expect(calls).toEqual([
      ['work'],
      ['note', 'hook', 1, 'load running', 'not yet 1', 'upstream'],
      ['note', 'fails'],
      ['work'],
      ['note', 'hook', 2, 'load running', 'not yet 2', 'upstream'],
      ['note', 'fails'],
      ['work'],
    ]);
    const ranAfter = (attempt: number) => [
      { hook: 'retry', index: 0, attempt, state: 'success', startedAt: expect.any(Number), endedAt: expect.any(Number) },
      { hook: 'retry', index: 1, attempt, state: 'failed', failure: { message: 'nobody listens' } },
      { hook: 'retry', index: 2, attempt, state: 'skipped' },
    ];
    expect(report.tasks['load']).toMatchObject({
      state: 'success',
      output: { value: 3 },
      attempts: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }],
      hooks: [...ranAfter(1), ...ranAfter(2)],
    });
    expect(events).toBe((await run({ up, load: task }, { cache, work: failing(2) })).events);
  });

  it('are of each item of a map, which tells of them', async () => {
    const items = {
      ...work('${{ item.n }}'),
      expand: { n: [10, 20, 30] },
      retry: soon,
      hooks: { retry: note('${{ item.n }}', '${{ index }}', '${{ attempt }}'), success: note('all') },
    };
    const told = "${{ tasks.m.items.filter(i, 'hooks' in i).map(i, i.hooks[0]) }}";
    const { calls, report } = await run(
      { m: items, fan_in: { type: 'transform', dependsOn: ['m'], with: { value: told } } },
      {
        cache,
        work: (n: number) => {
          if (n > 10 && Context.current().info.attempt === 1) throw new Error(`not ${n}`);
          return n;
        },
        record: 'hooks-between-attempts-of-items',
      },
    );
    expect(calls.filter(([name]) => name === 'note').sort()).toEqual([
      ['note', 20, 1, 1],
      ['note', 30, 2, 1],
      ['note', 'all'],
    ]);
    const { state, hooks, items: all } = report.tasks['m']!;
    expect(state).toBe('success');
    expect(hooks).toMatchObject([{ hook: 'success', state: 'success' }]);
    const hook = { hook: 'retry', attempt: 1, state: 'success' };
    expect(all !== undefined && 'value' in all && (all.value as unknown as ItemResult[]).map((item) => item.hooks)).toEqual([
      undefined,
      [hook],
      [hook],
    ]);
    expect(report.tasks['fan_in']!.output).toEqual({ value: [hook, hook] });
  });

  it('end with a cancellation, and the task with them', async () => {
    let begun = (): void => {};
    const running = new Promise<void>((resolve) => (begun = resolve));
    const { closed, report } = await run(
      { load: { ...work(), retry: { maxAttempts: 2, interval: '1h' }, hooks: { retry: note() } } },
      {
        cache,
        work: failing(2),
        onNote: async () => {
          begun();
          await Context.current().cancelled;
        },
        meanwhile: async ({ handle }) => {
          await running;
          await handle.cancel();
        },
      },
    );
    expect((closed as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(report.tasks['load']).toMatchObject({
      state: 'cancelled',
      attempts: [{ attempt: 1, failure: { message: 'not yet 1' } }],
      hooks: [{ hook: 'retry', attempt: 1, state: 'failed', failure: { kind: 'cancelled' } }],
    });
  });

  it('of a SubDAG are activities of the run, before its next attempt; of one that is mapped, for each item', async () => {
    const subDag = {
      type: 'dag',
      retry: soon,
      with: { params: { n: '${{ item.n }}' }, tasks: { leaf: work('${{ params.n }}') } },
      expand: { n: [1, 2] },
      hooks: { retry: { ...note('${{ item.n }}', '${{ attempt }}', '${{ task.failure.kind }}'), when: '${{ item.n > 1 }}' } },
    };
    const tries = new Map<string, number>();
    const { closed, calls, report } = await run(
      {
        mapped: subDag,
        alone: {
          type: 'dag',
          retry: soon,
          with: { tasks: { leaf: work('alone') } },
          hooks: { retry: [note('alone', '${{ attempt }}'), note('fails', '${{ attempt }}')] },
        },
      },
      {
        cache,
        work: (which: string) => {
          const n = (tries.get(which) ?? 0) + 1;
          tries.set(which, n);
          if (n < 3) throw new Error(`not yet ${n}`);
          return n;
        },
        onNote: (what: string) => {
          if (what === 'fails') throw new Error('nobody listens');
        },
        record: 'hooks-between-attempts-of-a-subdag',
      },
    );
    expect(closed).toMatchObject({ state: 'success' });
    const of = (first: unknown) =>
      calls.filter((call) => call.includes(first) || (first === 'alone' && call.includes('fails')));
    expect(of('alone')).toEqual([
      ['work', 'alone'],
      ['note', 'alone', 1],
      ['note', 'fails', 1],
      ['work', 'alone'],
      ['note', 'alone', 2],
      ['note', 'fails', 2],
      ['work', 'alone'],
    ]);
    expect(calls.filter(([name, n]) => name === 'note' && n === 2)).toEqual([
      ['note', 2, 1, 'child'],
      ['note', 2, 2, 'child'],
    ]);
    expect(report.tasks['alone']!.hooks).toMatchObject([
      { hook: 'retry', index: 0, attempt: 1, state: 'success', attempts: [{ attempt: 1 }] },
      { hook: 'retry', index: 1, attempt: 1, state: 'failed', failure: { message: 'nobody listens' } },
      { hook: 'retry', index: 0, attempt: 2, state: 'success' },
      { hook: 'retry', index: 1, attempt: 2, state: 'failed' },
    ]);
    const { items } = report.tasks['mapped']!;
    const states =
      items !== undefined && 'value' in items && (items.value as unknown as ItemResult[]).map(({ hooks }) => hooks);
    const hook = (attempt: number, state: string) => ({ hook: 'retry', attempt, state });
    expect(states).toEqual([
      [hook(1, 'skipped'), hook(2, 'skipped')],
      [hook(1, 'success'), hook(2, 'success')],
    ]);
  });
});
