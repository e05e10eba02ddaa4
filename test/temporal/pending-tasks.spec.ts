import type { WorkflowExecutionDescription } from '@temporalio/client';
import { expect, it } from 'vitest';
import { withPendingTasks } from '../../src/temporal/pending-tasks.js';
import type { TaskRecord } from '../../workflows/contract.js';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const at = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: 0 });
const running: TaskRecord = { taskId: 'load', state: 'running', revision: 1 };
const told = (activity: object, task: TaskRecord = running): string | undefined =>
  withPendingTasks(
    [task],
    { raw: { pendingActivities: [{ activityId: 'load', ...activity }] } } as unknown as WorkflowExecutionDescription,
    NOW,
  )[0]!.notice;

it('tells which attempt a task waits for, when it begins, and why the last one failed', () => {
  expect(told({ state: 1, attempt: 3, lastFailure: { message: 'disk full' }, nextAttemptScheduleTime: at(NOW + 30_000) })).toBe(
    'attempt 3 begins at 2026-01-01T00:01:30Z; the last one failed: disk full',
  );
  expect(told({ state: 2, attempt: 2, lastFailure: { message: 'disk full' } })).toBe(
    'attempt 2 is under way; the last one failed: disk full',
  );
});

it('tells of a task that no worker has taken for some time, and of none that has just been sent', () => {
  expect(told({ state: 1, attempt: 1, scheduledTime: at(NOW - 60_000) })).toBe('waits for a worker since 2026-01-01T00:00:00Z');
  expect(told({ state: 1, attempt: 1, scheduledTime: at(NOW - 1_000) })).toBeUndefined();
  expect(told({ state: 2, attempt: 1, scheduledTime: at(NOW - 60_000) })).toBeUndefined();
});

it('leaves what the run says itself, and tasks that are over', () => {
  expect(told({ state: 1, attempt: 3 }, { ...running, notice: 'no worker on queue gpu' })).toBe('no worker on queue gpu');
  expect(told({ state: 1, attempt: 3 }, { ...running, state: 'success' })).toBeUndefined();
});
