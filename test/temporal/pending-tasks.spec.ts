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

it('tells how a wait stands: its attempts are polls', () => {
  const wait = { state: 1, attempt: 38, activityType: { name: 'wait' }, lastFailure: { message: 'no file in/*.csv' } };
  expect(told({ ...wait, nextAttemptScheduleTime: at(NOW + 30_000) })).toBe(
    'waiting, 37 polls; next at 2026-01-01T00:01:30Z; the last one: no file in/*.csv',
  );
  expect(told({ ...wait, state: 2, attempt: 2 })).toBe('waiting, 1 poll; one is under way; the last one: no file in/*.csv');
  expect(told({ ...wait, scheduledTime: at(NOW - 1000) })).toMatch(/^waiting, 37 polls; the next waits for a worker; /);
});

it('goes on counting the attempts of a task that runs again after a rejection', () => {
  const again = { ...running, rewinds: 1, attempts: [{ attempt: 1 }, { attempt: 2 }] };
  expect(told({ state: 2, attempt: 2, activityId: 'load#2' }, again)).toBe('attempt 4 is under way');
  expect(told({ state: 2, attempt: 2 }, again), 'what still runs of the time before').toBeUndefined();
});
