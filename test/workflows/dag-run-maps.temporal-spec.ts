import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemResult } from '../../src/dag/map/item-result.js';
import type { MapPlan } from '../../src/dag/map/map-plan.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { OutputValue } from '../../src/dag/state.js';
import { readJson } from '../../src/objects/json-blob.js';
import { ITEMS_QUERY, type ItemsQueryResult, RUN_QUERY } from '../../workflows/contract.js';
import { BUDGETS } from '../../workflows/run/budgets.js';
import { planOf, taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

type Options = Parameters<RunHarness['start']>[1] & {
  readonly cache: number;
  readonly record?: string;
  readonly meanwhile?: (started: Awaited<ReturnType<RunHarness['start']>>) => Promise<void>;
};

/** Runs one plan to its end and returns the report, and how the workflow closed. */
async function run(plan: DagPlan, activities: { readonly [name: string]: (...args: never[]) => unknown }, options: Options) {
  const worker = await harness.worker(activities, options);
  return worker.runUntil(async () => {
    const started = await harness.start(plan, options);
    await options.meanwhile?.(started);
    const closed: unknown = await started.handle.result().catch((error: unknown) => error);
    if (options.record !== undefined && options.cache !== 0) await recordHistory(started.handle, options.record);
    return { ...started, closed, report: await started.report() };
  });
}

const withTask = (plan: DagPlan, id: string, change: Partial<TaskPlan>): DagPlan => ({
  ...plan,
  tasks: plan.tasks.map((task) => (task.id === id ? { ...task, ...change } : task)),
});
const map = (plan: Partial<MapPlan>): { readonly map: MapPlan } => ({
  map: { sources: [['n', [0, 1, 2, 3, 4]]], item: true, ...plan },
});
const value = async (output: OutputValue | undefined): Promise<unknown> =>
  output === undefined ? undefined : 'value' in output ? output.value : await readJson(harness.store, output.ref);
const itemsOf = async (output: OutputValue | undefined) => (await value(output)) as ItemResult[];
const argsOf = (id: string, template: string) => ({ bodies: { [id]: { with: { args: [template] } } } });

describe.each(WORKFLOW_CACHES)('maps in dagRun with a workflow cache of $cache', ({ cache }) => {
  it('run an activity for each item, at most maxConcurrency at a time, and put the outputs in order', async () => {
    let running = 0;
    let most = 0;
    const ids: string[] = [];
    const work = async (n: number) => {
      ids.push(Context.current().info.activityId);
      most = Math.max(most, ++running);
      await new Promise((done) => setTimeout(done, 40 - 5 * n));
      running--;
      return n * 10;
    };
    const plan = withTask(
      withTask(planOf('m\nreduce {noop} <- m'), 'm', map({ maxConcurrency: 3, key: 'number ${{ item.n }}' })),
      'reduce',
      {
        type: 'transform',
        value: { sum: '${{ sum(tasks.m.output) }}', keys: '${{ tasks.m.items.map(i, i.key) }}' },
        needs: { tasks: [0], items: [0] },
      },
    );
    const { report } = await run(
      plan,
      { work },
      { cache, record: 'maps-activities-over-a-literal-list', ...argsOf('m', '${{ item.n }}') },
    );
    expect(most).toBe(3);
    expect(ids.sort()).toEqual(['m[0]', 'm[1]', 'm[2]', 'm[3]', 'm[4]']);
    expect(await value(report.tasks['m']!.output)).toEqual([0, 10, 20, 30, 40]);
    expect(report.tasks['m']).toMatchObject({ state: 'success', map: { total: 5, counts: { success: 5 } } });
    expect(report.tasks['reduce']!.output).toEqual({
      value: { sum: 100, keys: [0, 1, 2, 3, 4].map((n) => `number ${n}`) },
    });
  });

  it('fail above what is tolerated after the others ran, and the fan-in sees every item', async () => {
    const work = (n: number) => {
      if (n % 2 === 1) throw ApplicationFailure.create({ message: `odd ${n}`, type: 'Odd' });
      return n;
    };
    const plan = withTask(withTask(planOf('m\nreduce {noop} <- m [all_done]'), 'm', map({ toleratedCount: 1 })), 'reduce', {
      type: 'transform',
      value: '${{ tasks.m.items.filter(i, i.state == "failed").map(i, i.failure.message) }}',
      needs: { tasks: [0], items: [0] },
    });
    const { report } = await run(plan, { work }, { cache, ...argsOf('m', '${{ item.n }}') });
    expect(report.tasks['m']).toMatchObject({
      state: 'failed',
      failure: { kind: 'items_failed', message: '2 of 5 items failed, 1 may: 1 (odd 1), 3 (odd 3)' },
    });
    expect(report.tasks['m']!.output).toBeUndefined();
    expect((await itemsOf(report.tasks['m']!.items)).map(({ state }) => state)).toEqual([
      'success',
      'failed',
      'success',
      'failed',
      'success',
    ]);
    expect(report.tasks['reduce']!.output).toEqual({ value: ['odd 1', 'odd 3'] });
  });

  it('succeed within what is tolerated, with the outputs of those that succeeded', async () => {
    const work = (n: number) => {
      if (n === 2) throw new Error('two');
      return n;
    };
    const { report } = await run(
      withTask(planOf('m'), 'm', map({ toleratedPercentage: 20 })),
      { work },
      { cache, ...argsOf('m', '${{ item.n }}') },
    );
    expect(report.tasks['m']).toMatchObject({ state: 'success', output: { value: [0, 1, 3, 4] } });
  });

  it('give up the rest at the first failure where they are told to, and cancel what runs', async () => {
    const work = async (n: number) => {
      if (n === 1) throw new Error('one');
      await Context.current().cancelled;
    };
    const { report } = await run(
      withTask(planOf('m\nother'), 'm', map({ stop: true, maxConcurrency: 2 })),
      { work },
      { cache, bodies: { m: { with: { args: ['${{ item.n }}'] } }, other: { with: { args: [1] } } } },
    );
    expect(report.tasks['m']!.state).toBe('failed');
    expect((await itemsOf(report.tasks['m']!.items)).map(({ state }) => state)).toEqual([
      'cancelled',
      'failed',
      'skipped',
      'skipped',
      'skipped',
    ]);
  });

  it('are skipped over an empty list, and fail by name over no list, too long a list, and lists of different length', async () => {
    const sources = (key: string): MapPlan['sources'] => [['n', `\${{ params.${key} }}`]];
    let plan = planOf('empty\nafter <- empty\nnumber\nlong\nzip\nbad\nlimit');
    for (const [id, change] of Object.entries({
      empty: map({ sources: sources('none') }),
      number: map({ sources: sources('number') }),
      long: map({ sources: sources('three'), maxLength: 2 }),
      zip: map({ sources: [...sources('three'), ['other', [1]]], zip: true }),
      bad: map({ sources: sources('three[7]') }),
      limit: map({ sources: sources('three'), maxConcurrency: 'params.number - 7' }),
    }))
      plan = withTask(plan, id, change);
    const { report } = await run(plan, { work: () => 1 }, { cache, params: { none: [], number: 7, three: [1, 2, 3] } });
    expect(report.tasks['empty']).toMatchObject({ state: 'skipped', items: { value: [] }, map: { total: 0 } });
    expect(report.tasks['after']!.state).toBe('skipped');
    const kinds = Object.entries(report.tasks).map(([id, { failure }]) => [id, failure?.kind]);
    expect(Object.fromEntries(kinds)).toEqual({
      empty: undefined,
      after: undefined,
      number: 'not_a_list',
      long: 'map_too_long',
      zip: 'zip_lengths',
      bad: 'expression',
      limit: 'expression',
    });
  });

  it('over a stored list read their items there, name them, and pass large outputs on by reference', async () => {
    // More than 32 KiB of them: a shorter list travels with the run. Without a cache many steps would be many replays.
    const [n, width] = cache > 0 ? [120, 300] : [30, 1_200];
    const rows = Array.from({ length: n }, (_, i) => ({ id: i, text: `row ${i} ${'x'.repeat(width)}` }));
    let plan = planOf('source\nm <- source\nt {noop} <- m\nreduce {noop} <- t, m\nagain <- m');
    plan = withTask(
      plan,
      'm',
      map({ sources: [['row', '${{ tasks.source.output }}']], key: 'id ${{ item.row.id }}', maxConcurrency: 50 }),
    );
    plan = withTask(plan, 't', {
      type: 'transform',
      value: '${{ item.row.id }}',
      ...map({ sources: [['row', '${{ tasks.m.output }}']] }),
    });
    plan = withTask(plan, 'reduce', {
      type: 'transform',
      value: {
        ids: '${{ sum(tasks.t.output) }}',
        last: `\${{ tasks.m.items[${n - 1}].key }}`,
        of: '${{ tasks.m.output.size() }}',
      },
    });
    plan = withTask(plan, 'again', { needs: { tasks: [1], items: [1] } });
    const work = (what: unknown) => (what === 'source' ? rows : what);
    const { report, prefix, handle } = await run(
      plan,
      { work },
      {
        cache,
        record: 'maps-over-a-stored-list',
        bodies: {
          source: { with: { args: ['source'] } },
          m: { with: { args: ['${{ item.row }}'] } },
          again: { with: { args: ['${{ tasks.m.items[7].output.id + tasks.m.items.size() }}'] } },
        },
      },
    );
    expect(report.tasks['m']!.output).toMatchObject({ size: expect.any(Number) as number });
    expect(await value(report.tasks['m']!.output)).toEqual(rows);
    expect(report.tasks['reduce']!.output).toEqual({ value: { ids: ((n - 1) * n) / 2, last: `id ${n - 1}`, of: n } });
    expect(report.tasks['again']!.output).toEqual({ value: 7 + n });
    // That they were named at once shows that the list was not at hand.
    const { events } = await handle.fetchHistory();
    const called = events!.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    expect(called).toContain('itemKeys');
    const lines = Buffer.from((await harness.store.get(`${prefix}maps/m/items.jsonl`))!)
      .toString('utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as ItemResult).output)).toEqual(rows);
  });

  it('retry an item alone and tell how many attempts it took', async () => {
    const retry = { maxAttempts: 2, infraAttempts: 3, intervalMs: 10, multiplier: 1, maxIntervalMs: 10, jitter: 0 };
    const plan = withTask(planOf('m'), 'm', { ...map({}), activity: { ...taskOf('activity').activity!, retry } });
    const work = (n: number) => {
      if (n === 3 && Context.current().info.attempt === 1) throw new Error('not yet');
      return n;
    };
    const { report } = await run(plan, { work }, { cache, ...argsOf('m', '${{ item.n }}') });
    expect((await itemsOf(report.tasks['m']!.items)).map(({ attempts }) => attempts)).toEqual([1, 1, 1, 2, 1]);
  });

  it('continue as new in the middle and forget nothing', async () => {
    const list = Array.from({ length: 60 }, (_, i) => i);
    const plan = withTask(planOf('m'), 'm', map({ sources: [['n', list]], maxConcurrency: 5, key: 'nr ${{ item.n }}' }));
    const work = (n: number) => `item ${n}`;
    const budgets = { ...BUDGETS, continueFromEvents: 60, drainFromEvents: 80 };
    const { report, handle, input } = await run(
      plan,
      { work },
      { cache, ...argsOf('m', '${{ item.n }}'), more: { budgets }, record: 'maps-continue-as-new-in-the-middle' },
    );
    expect(await value(report.tasks['m']!.output)).toEqual(list.map((n) => `item ${n}`));
    expect((await itemsOf(report.tasks['m']!.items)).map(({ key }) => key)).toEqual(list.map((n) => `nr ${n}`));
    const { runId } = await handle.describe();
    expect(runId).not.toBe(handle.firstExecutionRunId);
    expect(input.run.execution).toBe(1);
  });

  it('run a SubDAG for each item, and maps inside of it', async () => {
    const leaf = withTask(planOf('leaf {noop}'), 'leaf', {
      type: 'transform',
      value: '${{ params.row * 10 + item.column }}',
      ...map({ sources: [['column', [1, 2, 3]]] }),
    });
    const { planKey } = await harness.storePlan({
      ...leaf,
      anyParams: true,
      outputs: [['cells', '${{ tasks.leaf.output }}']],
    });
    const plan: DagPlan = {
      ...withTask(planOf('m {noop}'), 'm', {
        sub: { plan: 0, params: { row: '${{ item.row }}' } },
        ...map({ sources: [['row', [1, 2, 3]]], maxConcurrency: 2 }),
      }),
      subs: [planKey],
    };
    const { report } = await run(plan, {}, { cache, record: 'maps-of-sub-dags-that-map' });
    expect(await value(report.tasks['m']!.output)).toEqual(
      [1, 2, 3].map((row) => ({ cells: [1, 2, 3].map((c) => row * 10 + c) })),
    );
  });

  it('with more than 500 items run in shards, whose results stay out of this history', async () => {
    const [n, good] = cache > 0 ? [1203, 1100] : [603, 550];
    const key = `\${{ item.n < ${good} ? "nr " + string(item.n) : string(1 / 0) }}`;
    const plan = withTask(planOf('m {noop}\nafter {noop} <- m'), 'm', {
      ...map({ sources: [['n', '${{ range(params.n) }}']], key, maxLength: 2000, maxConcurrency: 40, toleratedPercentage: 10 }),
    });
    const { report, handle } = await run(plan, {}, { cache, record: 'maps-in-shards', params: { n } });
    expect(report.tasks['m']).toMatchObject({
      state: 'success',
      map: { total: n, counts: { success: good, failed: n - good } },
    });
    expect(await value(report.tasks['m']!.output)).toEqual(Array.from({ length: good }, () => null));
    const items = await itemsOf(report.tasks['m']!.items);
    expect(items.map(({ index }) => index)).toEqual(Array.from({ length: n }, (_, i) => i));
    expect(items[good - 1]).toMatchObject({ key: `nr ${good - 1}`, state: 'success' });
    expect(items[good]).toMatchObject({ state: 'failed', failure: { kind: 'expression' } });
    expect(report.tasks['after']!.state).toBe('success');
    const { events } = await handle.fetchHistory();
    expect(events!.length).toBeLessThan(60);
  });

  it('in shards fail above what is tolerated, and give up where they are told to', async () => {
    const source = { sources: [['n', '${{ range(1600) }}']] as const, key: '${{ string(1 / (item.n - 3)) }}', maxLength: 2000 };
    const plan = withTask(planOf('m {noop}'), 'm', map({ ...source, maxConcurrency: 1, stop: true }));
    const { report } = await run(plan, {}, { cache, record: 'maps-in-shards-that-give-up' });
    expect(report.tasks['m']).toMatchObject({
      state: 'failed',
      failure: { kind: 'items_failed', details: { failed: 1, total: 1600, tolerated: 0 } },
      map: { counts: { success: 3, failed: 1, skipped: 1596 } },
    });
    expect(await itemsOf(report.tasks['m']!.items)).toHaveLength(1600);
  });

  it('are cancelled with the run, and answer questions about their items while they run', async () => {
    const work = async () => Context.current().cancelled;
    const { closed, report } = await run(
      withTask(planOf('m'), 'm', map({ maxConcurrency: 2 })),
      { work },
      {
        cache,
        record: 'maps-that-are-cancelled',
        meanwhile: async ({ handle }) => {
          let page: ItemsQueryResult;
          do page = await handle.query<ItemsQueryResult, [object]>(ITEMS_QUERY, { taskId: 'm', limit: 1 });
          while (page.items.length === 0 || !page.more);
          expect(page.items[0]).toMatchObject({ index: 0, key: '0', state: 'running' });
          expect(await handle.query(RUN_QUERY)).toMatchObject({ state: 'running', counts: { running: 1 } });
          await handle.cancel();
        },
      },
    );
    expect((closed as Error).cause).toBeInstanceOf(CancelledFailure);
    expect(report.tasks['m']).toMatchObject({ state: 'cancelled', map: { counts: { cancelled: 5 } } });
  });
});
