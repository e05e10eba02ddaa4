import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runKeyOf } from '../../src/dag/child-id.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import { runPrefix } from '../../src/objects/keys.js';
import { RunGateway } from '../../src/temporal/run-gateway.js';
import { TemporalConnection } from '../../src/temporal/temporal-connection.js';
import type { WorkerHost } from '../../src/temporal/worker-host.js';
import {
  activeRunsPool,
  type DagRunInput,
  POOL,
  type PoolInput,
  poolId,
  type RunLook,
  type RunLookInput,
  SEARCH_ATTRIBUTES,
  SYSTEM_QUEUE,
} from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { TemporalHarness } from '../support/temporal-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

const RETRY = { maxAttempts: 1, infraAttempts: 3, intervalMs: 1_000, multiplier: 2, maxIntervalMs: 1_000, jitter: 0 };
const STATE = defineSearchAttributeKey('DagRunState', SEARCH_ATTRIBUTES.DagRunState);
const MANY = { timeout: 120_000 };

let temporal: TemporalHarness;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
});
afterAll(() => temporal?.stop());

describe.each(WORKFLOW_CACHES)('active runs of a DAG, with a workflow cache of $cache,', ({ cache }) => {
  let worker: WorkerHost;
  /** By DAG those that work now, and the most there ever were: a ledger of what really overlaps. */
  const ledger = new Map<string, { working: number; most: number }>();
  const of = (dagId: string) => ledger.get(dagId) ?? { working: 0, most: 0 };
  /** What is found of the run before, by DAG. */
  const past = new Map<string, RunLook>();
  let open = (): void => {};
  let gate: Promise<void>;
  beforeAll(async () => {
    const working = async (until: () => Promise<unknown>): Promise<void> => {
      const [dagId] = Context.current().info.workflowExecution!.workflowId.split('@') as [string];
      const entry = of(dagId);
      ledger.set(dagId, entry);
      entry.most = Math.max(entry.most, ++entry.working);
      await until();
      entry.working--;
    };
    const activities = { work: () => working(() => delay(5)), held: () => working(() => gate) };
    const lookForRun = async ({ awaited }: RunLookInput): Promise<RunLook> =>
      past.get((awaited as { readonly dagId: string }).dagId) ?? { look: 'absent' };
    worker = await temporal.work(undefined, { cache, activities, port: (real) => ({ ...real, lookForRun }) });
  });
  beforeEach(() => {
    gate = new Promise((resolve) => (open = resolve));
  });
  afterEach(() => open());
  afterAll(() => worker?.stop());

  const dag = (name: string): string => `${name}-${cache}`;

  function input(dagId: string, key: string, plan: Partial<DagPlan>, activity = 'work'): DagRunInput {
    const runId = `${dagId}@${key}`;
    const prefix = runPrefix(dagId, runKeyOf(runId), 1);
    const instant = '2026-01-02T00:00:00Z';
    const task = { name: activity, queue: 'baton', foreign: { args: [] }, timeoutMs: 600_000, retry: RETRY };
    return {
      run: {
        runId,
        dagId,
        version: 1,
        execution: 1,
        dated: false,
        acceptedAt: Date.now(),
        params: {},
        scope: {
          id: runId,
          key: runKeyOf(runId),
          dagId,
          ds: '2026-01-01',
          dsNodash: '20260101',
          logicalDate: instant,
          dataInterval: { start: '2026-01-01T00:00:00Z', end: instant },
          trigger: 'manual',
        },
      },
      planKey: 'plans/none',
      prefix,
      plan: {
        format: 1,
        dagId,
        maxActiveTasks: 16,
        failFast: false,
        bodies: [],
        tasks: [{ id: 'a', type: 'activity', activity: task }],
        ...plan,
      },
    };
  }
  const start = async (...args: Parameters<typeof input>): Promise<string> => {
    const run = input(...args);
    expect((await temporal.runs.start(run)).started).toBe(true);
    return run.run.runId;
  };
  const stateOf = async (runId: string): Promise<string> => (await temporal.runs.get(runId))!.head.state;
  const ended = async (runId: string): Promise<string> => {
    expect(await temporal.runs.waitClosed(runId, 60_000)).toBe(true);
    return stateOf(runId);
  };
  const view = (dagId: string) => temporal.pools.view(activeRunsPool(dagId));
  const handle = (id: string) => temporal.connection.client.workflow.getHandle(id);
  /** A pool that looks after its holders, or begins anew, more often than it does by itself. */
  const startPool = (dagId: string, options: Omit<PoolInput, 'name'>) =>
    temporal.connection.client.workflow.start(POOL, {
      workflowId: poolId(activeRunsPool(dagId)),
      taskQueue: SYSTEM_QUEUE,
      args: [{ name: activeRunsPool(dagId), ...options } satisfies PoolInput],
    });
  /** Starts runs one after the other, the first `active` of which are at work when this comes back. */
  async function holding(dagId: string, count: number, plan: Partial<DagPlan> & { readonly maxActiveRuns: number }) {
    const runIds: string[] = [];
    for (let i = 0; i < count; i++) {
      runIds.push(await start(dagId, `r${i}`, plan, 'held'));
      const active = Math.min(i + 1, plan.maxActiveRuns);
      await expect.poll(() => view(dagId)).toMatchObject({ active, queued: i + 1 - active });
    }
    await expect.poll(() => of(dagId).working).toBe(Math.min(count, plan.maxActiveRuns));
    return runIds;
  }

  /** From when a run may work, as its history says, until its workflow is closed. */
  async function spanOf(runId: string): Promise<readonly [from: number, to: number]> {
    const { events } = await handle(runId).fetchHistory();
    const at = (event: NonNullable<typeof events>[number]): number =>
      Number(event.eventTime!.seconds) * 1_000 + (event.eventTime!.nanos ?? 0) / 1e6;
    const granted = events!.find(({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes);
    return [
      at(granted ?? events!.find(({ markerRecordedEventAttributes }) => markerRecordedEventAttributes)!),
      at(events!.at(-1)!),
    ];
  }

  /** How many of them may work at the same time, as Temporal tells it. */
  async function mostOpen(runIds: readonly string[]): Promise<number> {
    const spans = await Promise.all(runIds.map(spanOf));
    return Math.max(...spans.map(([from]) => spans.filter(([start, end]) => start <= from && from < end).length));
  }

  it('are never more than may be, and all that two clients start at once have their turn', MANY, async () => {
    const other = new TemporalConnection(temporal.connection.target);
    const clients = [temporal.runs, new RunGateway(other, temporal.store, 'baton', temporal)];
    const dagId = dag('many');
    const runs = Array.from({ length: cache === 0 ? 12 : 60 }, (_, i) => input(dagId, `r${i}`, { maxActiveRuns: 3 }));
    await Promise.all(runs.map((run, i) => clients[i % 2]!.start(run)));
    for (const { run } of runs) expect(await ended(run.runId)).toBe('success');
    await other.close();
    expect(of(dagId).most).toBeLessThanOrEqual(3);
    const spans = await Promise.all(runs.map(({ run }) => spanOf(run.runId)));
    for (const [from] of spans)
      expect(spans.filter(([start, end]) => start <= from && from < end).length).toBeLessThanOrEqual(3);
    await expect.poll(() => view(dagId)).toMatchObject({ active: 0, queued: 0, used: 0, capacity: 3 });
  });

  it('wait where all places are taken, say so, and begin when one is free; the timeout counts from then on', async () => {
    const dagId = dag('queue');
    const [first, second, third] = await holding(dagId, 3, { maxActiveRuns: 1, timeoutMs: 3_600_000 });
    const { head } = (await temporal.runs.get(third!))!;
    expect(head).toMatchObject({
      state: 'queued',
      notice: 'waits for a place among the active runs (1 ahead of it when it asked); maxActiveRuns is 1',
      counts: { queued: 1 },
    });
    await expect
      .poll(async () => (await temporal.runs.list({ dagId, state: 'queued', limit: 9 })).items.map(({ run }) => run.runId))
      .toEqual([third, second]);
    expect(await view(dagId)).toMatchObject({ holders: [{ runId: first }], next: [{ runId: second }, { runId: third }] });
    const before = Date.now();
    open();
    for (const runId of [first!, second!, third!]) expect(await ended(runId)).toBe('success');
    const after = (await temporal.runs.get(third!))!.head;
    expect(after.notice).toBeUndefined();
    expect(after.startedAt).toBeGreaterThanOrEqual(before);
    expect((await temporal.runs.get(second!))!.head.endedAt).toBeLessThanOrEqual(after.startedAt);
    if (cache > 0) await recordHistory(handle(third!), 'run-that-waits-for-its-place');
  });

  it('can be cancelled while they wait, and leave the queue', async () => {
    const dagId = dag('cancel');
    const [, second, third] = await holding(dagId, 3, { maxActiveRuns: 1 });
    await temporal.runs.cancel(second!);
    expect(await ended(second!)).toBe('cancelled');
    await expect.poll(() => view(dagId)).toMatchObject({ active: 1, queued: 1, next: [{ runId: third }] });
    expect((await temporal.runs.get(second!))!.head.counts).toEqual({ cancelled: 1 });
    open();
    expect(await ended(third!)).toBe('success');
  });

  it('that are ended from outside give their place back, and nobody is asked', async () => {
    const dagId = dag('lost');
    await startPool(dagId, { watchMs: 300 });
    const [first, second, third] = await holding(dagId, 3, { maxActiveRuns: 1 });
    // One that waits is only found out about when its turn comes.
    await handle(second!).terminate('by hand');
    await handle(first!).terminate('by hand');
    await expect.poll(() => stateOf(third!)).toBe('running');
    open();
    expect(await ended(third!)).toBe('success');
    await expect.poll(() => view(dagId)).toMatchObject({ active: 0, queued: 0 });
  });

  it('keep their order and their places while the pool begins anew again and again', async () => {
    const dagId = dag('anew');
    await startPool(dagId, { continueFromEvents: 20 });
    const runs: string[] = [];
    for (let i = 0; i < 8; i++) runs.push(await start(dagId, `r${i}`, { maxActiveRuns: 2 }));
    for (const runId of runs) expect(await ended(runId)).toBe('success');
    expect(of(dagId).most).toBeLessThanOrEqual(2);
    const spans = await Promise.all(runs.map(spanOf));
    for (const [from] of spans)
      expect(spans.filter(([start, end]) => start <= from && from < end).length).toBeLessThanOrEqual(2);
    await expect.poll(() => view(dagId)).toMatchObject({ active: 0, queued: 0 });
    const { runId: latest } = await handle(poolId(activeRunsPool(dagId))).describe();
    const { events } = await handle(poolId(activeRunsPool(dagId))).fetchHistory();
    if (cache > 0) await recordHistory(handle(poolId(activeRunsPool(dagId))), 'pool-that-begins-anew');
    expect(events![0]!.workflowExecutionStartedEventAttributes!.firstExecutionRunId).not.toBe(latest);
  });

  it('go on in the place they hold when their workflow begins anew', async () => {
    const dagId = dag('hop');
    const tasks = ['a', 'b', 'c'].map((id, i): DagPlan['tasks'][number] => ({
      ...input(dagId, 'any', {}).plan!.tasks[0]!,
      id,
      ...(i === 0 ? {} : { upstream: [i - 1] }),
    }));
    const run = { ...input(dagId, 'r', { maxActiveRuns: 1, tasks }), budgets: { continueFromEvents: 5 } };
    await temporal.runs.start(run);
    expect(await ended(run.run.runId)).toBe('success');
    await expect.poll(() => view(dagId)).toMatchObject({ active: 0, queued: 0 });
  });

  /** A run whose tasks, all but those before it, wait for the run before, in executions that are short; and one that has its place. */
  async function parked(dagId: string, tasks: DagPlan['tasks']) {
    past.set(dagId, { look: 'found', run: { runId: 'before', execution: 1 } });
    const made = input(dagId, 'parked', { maxActiveRuns: 1, tasks });
    const budgets = { continueFromEvents: 12, childWatchMs: 50, longestWatchMs: 100 };
    const waiting = made.run.runId;
    await temporal.runs.start({ ...made, run: { ...made.run, dated: true }, budgets });
    await expect.poll(() => view(dagId)).toMatchObject({ active: 0, parked: 1, away: [{ runId: waiting }] });
    const other = await start(dagId, 'other', { maxActiveRuns: 1 }, 'held');
    await expect.poll(() => view(dagId)).toMatchObject({ active: 1, parked: 1, queued: 0, holders: [{ runId: other }] });
    await expect.poll(() => of(dagId).working).toBe(1);
    return { waiting, other };
  }

  it('leave their place to others while all of theirs waits for the run before, and have it again in their turn', async () => {
    const dagId = dag('parked');
    const [task] = input(dagId, 'any', {}).plan!.tasks;
    const { waiting, other } = await parked(dagId, [
      { ...task!, id: 'before' },
      { ...task!, id: 'a', upstream: [0], past: ['a'] },
      { ...task!, id: 'b', upstream: [1], past: ['a', 'b'] },
    ]);
    const { head } = (await temporal.runs.get(waiting))!;
    expect(head).toMatchObject({
      state: 'queued',
      notice: 'waits for the run before it, and has left its place among the active runs to others',
      counts: { success: 1, queued: 1, pending: 1 },
    });
    await expect
      .poll(async () => (await handle(waiting).describe()).raw.workflowExecutionInfo!.firstRunId)
      .not.toBe((await handle(waiting).describe()).runId);
    const row = async () => (await handle(waiting).describe()).typedSearchAttributes.get(STATE);
    await expect.poll(row).toBe('queued');
    past.set(dagId, {
      look: 'found',
      run: { runId: 'before', execution: 1, state: 'success', tasks: { a: 'success', b: 'success' } },
    });
    await expect.poll(() => view(dagId)).toMatchObject({ active: 1, queued: 1, next: [{ runId: waiting }] });
    await expect
      .poll(async () => (await temporal.runs.get(waiting))!.head.notice)
      .toBe('is to go on, and waits for a place among the active runs (as the next); maxActiveRuns is 1');
    open();
    expect(await ended(waiting)).toBe('success');
    expect(of(dagId).most).toBe(1);
    const [after, before] = await Promise.all([waiting, other].map(async (id) => (await temporal.runs.get(id))!.head));
    expect(after!.startedAt).toBe(head.startedAt);
    expect(before!.endedAt!).toBeLessThanOrEqual(after!.endedAt!);
    await expect.poll(() => view(dagId)).toMatchObject({ active: 0, parked: 0, queued: 0 });
    if (cache > 0) {
      await recordHistory(handle(waiting), 'run-that-was-parked');
      await recordHistory(handle(poolId(activeRunsPool(dagId))), 'pool-with-a-run-that-was-parked');
    }
  });

  it('that are parked end at once when they are cancelled, or clean up in their turn', async () => {
    const [clean, untidy] = [dag('clean'), dag('untidy')];
    const [task] = input(clean, 'any', {}).plan!.tasks;
    const made: TaskPlan = { ...task!, id: 'made', setup: true };
    const held: TaskPlan = { ...task!, id: 'a', upstream: [0], past: ['a'] };
    const tidy: TaskPlan = { ...task!, id: 'tidy', upstream: [0, 1], teardown: [0] };
    const first = await parked(clean, [made, held]);
    await temporal.runs.cancel(first.waiting);
    expect(await ended(first.waiting)).toBe('cancelled');
    await expect.poll(() => view(clean)).toMatchObject({ active: 1, parked: 0, queued: 0 });
    const second = await parked(untidy, [made, held, tidy]);
    await temporal.runs.cancel(second.waiting);
    await expect.poll(() => view(untidy)).toMatchObject({ active: 1, queued: 1, next: [{ runId: second.waiting }] });
    open();
    expect(await ended(second.waiting)).toBe('cancelled');
    const { counts } = (await temporal.runs.get(second.waiting))!.head;
    expect(counts).toEqual({ success: 2, cancelled: 1 });
    expect(of(untidy).most).toBe(1);
    if (cache > 0) await recordHistory(handle(second.waiting), 'parked-run-that-cleans-up');
  });

  it('that are parked are forgotten when they are ended from outside', async () => {
    const dagId = dag('gone');
    await startPool(dagId, { watchMs: 300 });
    const [task] = input(dagId, 'any', {}).plan!.tasks;
    const { waiting } = await parked(dagId, [{ ...task!, past: ['a'] }]);
    await handle(waiting).terminate('by hand');
    await expect.poll(() => view(dagId)).toMatchObject({ active: 1, parked: 0 });
  });

  it('wait for nothing where their DAG sets no limit', async () => {
    const dagId = dag('free');
    const runId = await start(dagId, 'r', {});
    expect(await ended(runId)).toBe('success');
    await expect(handle(poolId(activeRunsPool(dagId))).describe()).rejects.toThrow(/not found/i);
  });

  it('have another limit at once when that is raised', async () => {
    const dagId = dag('raise');
    const [, second] = await holding(dagId, 2, { maxActiveRuns: 1 });
    await temporal.pools.resize(activeRunsPool(dagId), { capacity: 2, revision: 2 });
    await expect.poll(() => stateOf(second!)).toBe('running');
  });

  it.each([
    { onRunLimit: 'cancel_new', state: 'cancelled', status: 'CANCELLED' },
    { onRunLimit: 'fail', state: 'failed', status: 'FAILED' },
  ] as const)(
    'beyond the limit are $state where onRunLimit is $onRunLimit, and say why',
    async ({ onRunLimit, state, status }) => {
      const dagId = dag(onRunLimit.replace('_', '-'));
      const plan = { maxActiveRuns: 1, onRunLimit };
      await holding(dagId, 1, plan);
      const refused = await start(dagId, 'refused', plan);
      expect(await ended(refused)).toBe(state);
      expect((await temporal.runs.get(refused))!.head).toMatchObject({
        counts: { cancelled: 1 },
        failure: {
          kind: 'run_limit',
          message: `another run was at work, as many as maxActiveRuns allows; onRunLimit is ${onRunLimit}`,
        },
      });
      expect((await handle(refused).describe()).status.name).toBe(status);
      expect(await view(dagId)).toMatchObject({ active: 1, queued: 0 });
      if (cache > 0) await recordHistory(handle(refused), `run-beyond-the-limit-${onRunLimit}`);
      open();
      await expect.poll(() => view(dagId)).toMatchObject({ active: 0 });
      expect(await ended(await start(dagId, 'later', plan))).toBe('success');
    },
  );

  it('beyond the limit take the place of the oldest where onRunLimit is cancel_running', async () => {
    const dagId = dag('newest');
    const plan = { maxActiveRuns: 1, onRunLimit: 'cancel_running' as const };
    const [oldest] = await holding(dagId, 1, plan);
    const newest = await start(dagId, 'newest', plan);
    expect(await ended(oldest!)).toBe('cancelled');
    expect(await ended(newest)).toBe('success');
    expect(await mostOpen([oldest!, newest])).toBe(1);
  });
});
