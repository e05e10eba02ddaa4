import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runKeyOf } from '../../src/dag/child-id.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { runPrefix } from '../../src/objects/keys.js';
import { RunGateway } from '../../src/temporal/run-gateway.js';
import { TemporalConnection } from '../../src/temporal/temporal-connection.js';
import type { WorkerHost } from '../../src/temporal/worker-host.js';
import { activeRunsPool, type DagRunInput, POOL, type PoolInput, poolId, SYSTEM_QUEUE } from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { TemporalHarness } from '../support/temporal-harness.js';

const RETRY = { maxAttempts: 1, infraAttempts: 3, intervalMs: 1_000, multiplier: 2, maxIntervalMs: 1_000, jitter: 0 };
const MANY = { timeout: 120_000 };

let temporal: TemporalHarness;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
});
afterAll(() => temporal?.stop());

describe.each([
  { name: 'with a cache', cache: 100 },
  { name: 'without one', cache: 0 },
])('active runs of a DAG, on a worker $name', ({ cache }) => {
  let worker: WorkerHost;
  /** Those that work now, and the most there ever were: a ledger of what really overlaps. */
  let working = 0;
  let most = 0;
  let open = (): void => {};
  let gate: Promise<void>;
  beforeAll(async () => {
    const work = async (): Promise<void> => {
      most = Math.max(most, ++working);
      await delay(5);
      working--;
    };
    const held = async (): Promise<void> => {
      most = Math.max(most, ++working);
      await gate;
      working--;
    };
    worker = await temporal.work(undefined, { cache, activities: { work, held } });
  });
  beforeEach(() => {
    [working, most] = [0, 0];
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
  /** A pool that looks after its holders more often than every 15 s. */
  const quickPool = (dagId: string) =>
    temporal.connection.client.workflow.start(POOL, {
      workflowId: poolId(activeRunsPool(dagId)),
      taskQueue: SYSTEM_QUEUE,
      args: [{ name: activeRunsPool(dagId), watchMs: 300 } satisfies PoolInput],
    });

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

  it(
    'are never more than may be, and all of sixty that two clients start at once have their turn, in order',
    MANY,
    async () => {
      const other = new TemporalConnection(temporal.connection.target);
      const clients = [temporal.runs, new RunGateway(other, temporal.store, 'baton')];
      const dagId = dag('many');
      const runs = Array.from({ length: 60 }, (_, i) => input(dagId, `r${i}`, { maxActiveRuns: 3 }));
      await Promise.all(runs.map((run, i) => clients[i % 2]!.start(run)));
      for (const { run } of runs) expect(await ended(run.runId)).toBe('success');
      await other.close();
      expect(most).toBeLessThanOrEqual(3);
      const spans = await Promise.all(runs.map(({ run }) => spanOf(run.runId)));
      for (const [from] of spans)
        expect(spans.filter(([start, end]) => start <= from && from < end).length).toBeLessThanOrEqual(3);
      await expect.poll(() => view(dagId)).toMatchObject({ active: 0, queued: 0, used: 0, capacity: 3 });
    },
  );
});
