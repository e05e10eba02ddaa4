import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentTask } from '../../activities/task-context.js';
import type { ApprovalPlan } from '../../src/dag/approval-plan.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import {
  APPROVE_REFUSALS,
  APPROVE_UPDATE,
  type ApproveInput,
  type ApproveResult,
  RUN_QUERY,
  TASKS_QUERY,
  type TasksQueryResult,
} from '../../workflows/contract.js';
import { planOf, taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

type Started = Awaited<ReturnType<RunHarness['start']>>;
const asks = (id: string, more: Partial<ApprovalPlan> = {}, upstream?: TaskPlan['upstream']): TaskPlan => ({
  id,
  type: 'approval',
  ...(upstream === undefined ? {} : { upstream }),
  approval: {
    message: `Publish \${{ params.what }}?`,
    onReject: 'fail',
    maxRewinds: 2,
    timeoutMs: 86_400_000,
    onTimeout: 'fail',
    ...more,
  },
  needs: { params: ['what'] },
});
const dag = (tasks: readonly TaskPlan[]): DagPlan => ({ ...planOf(''), dagId: 'approvals', tasks });
const taskIn = async ({ handle }: Started, taskId: string) =>
  (await handle.query<TasksQueryResult, [object]>(TASKS_QUERY, { limit: 1, taskId })).tasks[0]!;
const untilAsked = async (started: Started, taskId: string, rounds = 0, by = ''): Promise<void> => {
  await expect
    .poll(
      async () => {
        const { notice, attempts = [] } = await taskIn(started, taskId);
        return [notice, attempts.length];
      },
      { timeout: 20_000 },
    )
    .toEqual([`waiting for approval${by}: Publish sales?`, rounds]);
};
const decide = ({ handle }: Started, taskId: string, more: Partial<ApproveInput> = {}) =>
  handle.executeUpdate<ApproveResult, [ApproveInput]>(APPROVE_UPDATE, { args: [{ taskId, decision: 'approve', ...more }] });
const refusal = async (answer: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await answer.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return ((error as WorkflowUpdateFailedError).cause as { type?: string }).type;
};
const params = { what: 'sales' };

describe.each([{ cache: 100 }, { cache: 0 }])('approvals with a workflow cache of $cache', ({ cache }) => {
  it('are decided by those who may, with inputs that fit, and keep who, when, why and what', async () => {
    const inputs = { limit: { type: 'integer', minimum: 1 }, region: { type: 'string', default: 'eu' } };
    const plan = dag([
      asks('publish', { approvers: ['ann'], inputs }),
      asks('refuse'),
      asks('ignore', { onReject: 'continue' }),
      asks('leave', { onReject: 'skip' }),
      asks('late', { timeoutMs: 100, onTimeout: 'continue' }),
    ]);
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const started = await harness.start(plan, { params });
      await untilAsked(started, 'publish', 0, ' by ann');
      expect(await started.handle.query(RUN_QUERY)).toMatchObject({ state: 'running', waitingFor: 'approval' });
      const { currentDetails } = await started.handle.query<{ readonly currentDetails: string }, []>(
        '__temporal_workflow_metadata',
      );
      expect(currentDetails).toMatch(/\*\*Waiting for approval\*\*\n\n- publish: by ann: Publish sales\?/);
      expect(await refusal(decide(started, 'publish', { by: 'bob', inputs: { limit: 3 } }))).toBe(APPROVE_REFUSALS.notApprover);
      expect(await refusal(decide(started, 'publish', { by: 'ann', inputs: { limit: 0 } }))).toBe(APPROVE_REFUSALS.inputs);
      expect(await refusal(decide(started, 'nobody'))).toBe(APPROVE_REFUSALS.notWaiting);
      await decide(started, 'publish', { by: 'ann', comment: 'fine', inputs: { limit: 3 } });
      expect(await refusal(decide(started, 'publish', { by: 'ann', inputs: { limit: 3 } }))).toBe(APPROVE_REFUSALS.notWaiting);
      for (const task of ['refuse', 'ignore', 'leave']) await decide(started, task, { decision: 'reject', comment: 'no' });
      await started.handle.result().catch(() => undefined);
      if (cache > 0) await recordHistory(started.handle, 'approvals-are-decided-and-keep-who-and-why');
      const { tasks, state, waitingFor } = await started.report();
      expect(waitingFor).toBeUndefined();
      expect(tasks['publish']!.output).toEqual({
        value: { decision: 'approve', by: 'ann', at: expect.any(String), comment: 'fine', inputs: { limit: 3, region: 'eu' } },
      });
      expect(tasks['refuse']!.failure).toMatchObject({ kind: 'rejected', message: 'rejected: no' });
      expect(tasks['ignore']!.output).toMatchObject({ value: { decision: 'reject', comment: 'no' } });
      expect(tasks['leave']).toMatchObject({ state: 'skipped', attempts: [{ failure: { kind: 'rejected' } }] });
      expect(tasks['late']!.output).toMatchObject({ value: { decision: 'timeout', by: null } });
      expect(state).toBe('failed');
    });
  });

  it('send the run back when they are rejected, as often as they may, and what still runs is not run beside itself', async () => {
    const keys: string[] = [];
    let side = 0;
    let sideAtOnce = 0;
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const work = async (): Promise<number> => {
      if (currentTask().info.taskId === 'side') {
        expect(++sideAtOnce).toBe(1);
        side++;
        await gate;
        sideAtOnce--;
        return side;
      }
      return keys.push(currentTask().info.idempotencyKey);
    };
    const plan = dag([
      { id: 'build', ...taskOf('activity') },
      { id: 'side', ...taskOf('activity'), upstream: [0] },
      asks('review', { rewindTo: 0, maxRewinds: 2 }, [0]),
      { id: 'after', ...taskOf('noop'), upstream: [1, [2, 4]] },
    ]);
    const worker = await harness.worker({ work }, { cache });
    const decided = worker.runUntil(async () => {
      const started = await harness.start(plan, { params });
      for (let round = 0; round < 3; round++) {
        await untilAsked(started, 'review', round);
        // Without a cache a query may see the result of an activity that no workflow task has taken in yet: a decision that
        // comes before that is told that nothing waits.
        await expect
          .poll(() => decide(started, 'review', { decision: 'reject', by: 'ann', comment: `round ${round}` }))
          .toMatchObject({ decision: 'reject' });
      }
      await expect.poll(async () => (await taskIn(started, 'review')).state).toBe('failed');
      expect(side).toBe(1);
      release();
      await started.handle.result().catch(() => undefined);
      if (cache > 0) await recordHistory(started.handle, 'a-rejection-sends-the-run-back');
      const { tasks, counts } = await started.report();
      expect(tasks['build']!.attempts!.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      expect(tasks['build']!.output).toEqual({ value: 3 });
      expect(new Set(keys).size).toBe(3);
      expect(side).toBe(2);
      expect(tasks['review']!.attempts!.map(({ attempt, failure }) => [attempt, failure?.kind])).toEqual([
        [1, 'rejected'],
        [2, 'rejected'],
        [3, 'rejected'],
      ]);
      expect(tasks['review']!.failure!.message).toBe('rejected by ann, after it went back 2 times: round 2');
      expect(counts).toEqual({ success: 3, failed: 1 });
    });
    // The worker stops only when its activities are over.
    await decided.finally(release);
  });
});

describe.each([{ cache: 100 }, { cache: 0 }])('a run that goes on, with a workflow cache of $cache,', ({ cache }) => {
  it('in a new execution still asks and still waits, and forgets no decision', async () => {
    const n = 20;
    const late = `late-${cache}.csv`;
    const plan: DagPlan = {
      ...dag([
        asks('publish'),
        {
          id: 'soon',
          type: 'wait',
          wait: { timer: { by: 'duration', value: '1s' }, timeoutMs: 86_400_000, onTimeout: 'fail' },
        },
        {
          id: 'file',
          type: 'wait',
          wait: {
            poll: { what: 'file', about: 'never.csv', body: 0, pace: { everyMs: 500, multiplier: 1, maxIntervalMs: 500 } },
            timeoutMs: 86_400_000,
            onTimeout: 'fail',
          },
        },
        ...Array.from({ length: n }, (_, i): TaskPlan => ({ id: `t${i}`, ...taskOf('activity') })),
        { id: 'again', ...taskOf('activity'), upstream: [2] },
      ]),
    };
    const worker = await harness.worker({ work: () => null }, { cache });
    await worker.runUntil(async () => {
      const started = await harness.start(plan, {
        params,
        inline: false,
        bodies: { file: { with: { file: late } } },
        more: { budgets: { continueFromEvents: 40 } },
      });
      const first = started.handle.firstExecutionRunId;
      await expect.poll(async () => (await started.handle.describe()).runId).not.toBe(first);
      await untilAsked(started, 'publish');
      expect((await taskIn(started, 'file')).state).toBe('running');
      await expect.poll(() => decide(started, 'publish', { comment: 'now' })).toMatchObject({ decision: 'approve' });
      await harness.write(late);
      await started.handle.result();
      if (cache > 0) await recordHistory(started.handle, 'approvals-and-waits-over-continue-as-new');
      const { counts, tasks } = await started.report();
      expect(counts).toEqual({ success: n + 4 });
      expect(tasks['publish']!.output).toMatchObject({ value: { comment: 'now' } });
      expect(tasks['file']!.output).toMatchObject({ value: { files: [late] } });
    });
  });
});
