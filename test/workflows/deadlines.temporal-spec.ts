import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadlineRecord } from '../../src/dag/deadline-plan.js';
import { RUN_QUERY, type RunHead } from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const work = (name: string, more: object = {}): object => ({ type: 'activity', with: { name }, ...more });
const hook = (text: string): object => ({ type: 'activity', with: { name: 'tell', args: [text] } });
const ALL = '${{ [deadline.state, deadline.task, deadline.because, deadline.lateBy != null] }}';

/** A test that fails elsewhere still ends. */
const PATIENCE_MS = 30_000;

/** Work that ends when it is told to, and what hooks have told. */
function stage() {
  const told: unknown[] = [];
  let goOn = (): void => undefined;
  const open = new Promise<void>((resolve) => (goOn = resolve));
  const activities = {
    quick: async () => 'done',
    gated: async () => {
      const { cancelled, heartbeat } = Context.current();
      const beat = setInterval(() => heartbeat(), 100);
      try {
        await Promise.race([open, cancelled, delay(PATIENCE_MS)]);
      } finally {
        clearInterval(beat);
      }
      return 'done';
    },
    tell: async (what: unknown) => void told.push(what),
  };
  return { told, goOn: () => goOn(), activities };
}

describe.each(WORKFLOW_CACHES)('deadlines with a workflow cache of $cache', ({ cache }) => {
  const record = async (runId: string, name: string): Promise<void> => {
    if (cache > 0) await recordHistory(harness.environment.client.workflow.getHandle(runId), name);
  };

  it('that are missed are told by their hooks while the run goes on, over new executions, and change nothing', async () => {
    const { told, goOn, activities } = stage();
    const worker = await harness.worker(activities, { cache });
    await worker.runUntil(async () => {
      const spec = {
        id: 'alerts',
        deadlines: [
          { reference: 'start', interval: '300ms', hook: hook(ALL) },
          { reference: 'logicalDate', interval: '1h', hook: hook('never') },
          { reference: 'fixed', at: "${{ addDuration(run.logicalDate, '36500d') }}" },
          { reference: 'queued', interval: '1h' },
        ],
        tasks: {
          ...Object.fromEntries(
            Array.from({ length: 8 }, (_, i) => [`t${i}`, work('quick', { dependsOn: i === 0 ? [] : [`t${i - 1}`] })]),
          ),
          late: work('gated', {
            dependsOn: ['t7'],
            deadlines: [
              { reference: 'queued', interval: '200ms', hook: hook(ALL) },
              { reference: 'start', interval: '1h' },
            ],
          }),
          beside: work('quick', { deadlines: [{ reference: 'start', interval: '1h' }] }),
        },
      };
      const run = await harness.startSpec(spec, { more: { budgets: { continueFromEvents: 20 } } });
      const head = () => run.handle.query<RunHead>(RUN_QUERY);
      await expect.poll(() => told.length).toBe(2);
      const states = ({ deadlines = [] }: RunHead) => deadlines.map(({ state }: DeadlineRecord) => state);
      await expect
        .poll(async () => states(await head()))
        .toEqual(['missed', 'passed', 'pending', 'pending', 'met', 'missed', 'pending']);
      goOn();
      await run.handle.result();
      const report = await run.report();
      expect(report.state).toBe('success');
      expect(states(report)).toEqual(['missed', 'passed', 'met', 'met', 'met', 'missed', 'met']);
      expect(report.deadlines![0]).toMatchObject({ reference: 'start', behavior: 'alert', hook: { state: 'success' } });
      expect(report.deadlines![5]).toMatchObject({ task: 'late', dueAt: expect.any(Number) });
      expect(told).toContainEqual(['missed', 'late', null, true]);
      expect(told).toContainEqual(['missed', null, null, true]);
      expect(told).toHaveLength(2);
      await record(run.runId, 'deadlines-that-are-told');
    });
  });

  it.each([
    ['cancel', 'cancelled', undefined],
    ['fail', 'failed', 'deadline'],
  ])('that %s end the run, which cleans up and runs its hooks', async (behavior, state, kind) => {
    const { told, activities } = stage();
    const worker = await harness.worker(activities, { cache });
    await worker.runUntil(async () => {
      const spec = {
        id: `ends-by-${behavior}`,
        deadlines: [{ reference: 'start', interval: '200ms', behavior, hook: hook('${{ deadline.text }}') }],
        hooks: { exit: hook('${{ run.state }}') },
        tasks: {
          make: work('quick', { setup: true }),
          hang: work('gated', { dependsOn: ['make'] }),
          clean: work('tell', { teardown: ['make'], with: { name: 'tell', args: ['clean'] } }),
        },
      };
      const run = await harness.startSpec(spec);
      await run.handle.result().catch(() => undefined);
      const report = await run.report();
      expect([report.state, report.failure?.kind]).toEqual([state, kind]);
      expect(report.tasks['hang']!.state).toBe('cancelled');
      expect(report.deadlines![0]!.state).toBe('missed');
      expect(told).toEqual(
        expect.arrayContaining(['clean', state, expect.stringMatching(/has missed its deadline of 20.*by start/)]),
      );
      if (behavior === 'fail') await record(run.runId, 'deadline-that-fails-the-run');
    });
  });

  it('of tasks end these alone, whatever they are at', async () => {
    const { goOn, activities } = stage();
    const worker = await harness.worker(activities, { cache });
    await worker.runUntil(async () => {
      const gone = (behavior: string, interval = '600ms') => [{ reference: 'queued', interval, behavior }];
      const spec = {
        id: 'tasks',
        maxActiveTasks: 3,
        tasks: {
          cancelled: work('gated', { deadlines: gone('cancel') }),
          failed: work('gated', { deadlines: gone('fail'), allowFailure: true }),
          gate: work('gated'),
          // It finds no place.
          waiting: work('quick', { priority: 5, dependsOn: [], deadlines: gone('fail', '100ms'), allowFailure: true }),
          after: work('quick', { dependsOn: [{ task: 'failed', on: 'failure' }] }),
          pending: work('quick', {
            dependsOn: ['gate'],
            allowFailure: true,
            deadlines: [{ reference: 'fixed', at: '${{ params.at }}', behavior: 'fail' }],
          }),
          tolerant: work('quick', { dependsOn: ['pending'], triggerRule: 'always' }),
        },
        params: { at: { type: 'string' } },
      };
      const at = new Date(Date.now() + 1_500).toISOString();
      const run = await harness.startSpec(spec, { params: { at } });
      const head = () => run.handle.query<RunHead>(RUN_QUERY);
      const missed = async () =>
        (await head()).deadlines?.flatMap(({ state, task }) => (state === 'missed' ? [task] : [])).sort();
      await expect.poll(missed).toEqual(['cancelled', 'failed', 'pending', 'waiting']);
      // Who is asked to stop hears of it with its next heartbeat.
      await expect.poll(async () => (await head()).counts).toMatchObject({ cancelled: 1, failed: 3 });
      goOn();
      await run.handle.result().catch(() => undefined);
      const { tasks } = await run.report();
      expect(tasks['cancelled']!.state).toBe('cancelled');
      for (const id of ['failed', 'waiting', 'pending'])
        expect(tasks[id], id).toMatchObject({
          state: 'failed',
          failure: { kind: 'deadline', message: expect.stringContaining(id) },
        });
      expect([tasks['gate']!.state, tasks['after']!.state, tasks['tolerant']!.state]).toEqual([
        'success',
        'success',
        'success',
      ]);
    });
  });

  it('are foretold before they are missed, with how late it will be and because of which task', async () => {
    const { told, goOn, activities } = stage();
    const usual = { fetch: 100, load: 3_600_000, report: 60_000, side: 10 };
    const worker = await harness.worker(activities, { cache, temporal: { usualDurations: async () => usual } });
    await worker.runUntil(async () => {
      const spec = {
        id: 'foretold',
        deadlines: [
          { reference: 'start', interval: '30m', hook: hook('${{ [deadline.state, deadline.because, deadline.lateBy] }}') },
          { reference: 'start', interval: '3h', hook: hook('never') },
        ],
        tasks: {
          fetch: work('quick'),
          load: work('gated', {
            dependsOn: ['fetch'],
            deadlines: [{ reference: 'start', interval: '1m', hook: hook('task') }],
          }),
          report: work('quick', { dependsOn: ['load'] }),
          side: work('quick'),
        },
      };
      const run = await harness.startSpec(spec);
      await expect.poll(() => told.length).toBe(2);
      const head = await run.handle.query<RunHead>(RUN_QUERY);
      expect(head.deadlines).toMatchObject([
        { state: 'predicted', because: 'load', expectedAt: expect.any(Number), hook: { state: 'success' } },
        { state: 'pending' },
        { task: 'load', state: 'predicted', because: 'load' },
      ]);
      expect(told).toContainEqual(['predicted', 'load', expect.stringMatching(/^3[01]m/)]);
      expect(told).toContainEqual('task');
      goOn();
      await run.handle.result();
      // It was faster than usual.
      expect((await run.report()).deadlines!.map(({ state }) => state)).toEqual(['met', 'met', 'met']);
      await record(run.runId, 'deadlines-that-are-foretold');
    });
  });
});
