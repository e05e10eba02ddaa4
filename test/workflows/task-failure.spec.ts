import { ActivityFailure, ApplicationFailure, type RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { endingOfFailure } from '../../workflows/run/task-failure.js';

const TASK = { id: 'a', name: 'wait', queue: 'q' };
const activityFailure = (cause: Error, retryState: RetryState): ActivityFailure =>
  new ActivityFailure('failed', 'wait', 'a', retryState, 'worker', cause);
const attempt = { attempt: 1, startedAt: 10, endedAt: 20, state: 'failed' };
const taskFailed = (retryState: RetryState): ActivityFailure => {
  const details = { failure: { kind: 'error', type: 'NotYet', message: 'no file' }, attempts: [attempt] };
  return activityFailure(ApplicationFailure.create({ type: 'TaskFailed', details: [details] }), retryState);
};

describe('an activity that ends with a failure', () => {
  it('fails its task when nothing is left to be tried', () => {
    expect(endingOfFailure(taskFailed('MAXIMUM_ATTEMPTS_REACHED'), TASK)).toMatchObject({
      state: 'failed',
      failure: { type: 'NotYet', message: 'no file' },
      attempts: [attempt],
    });
  });

  it('is cancelled where it was to stop, and would else have been tried again', () => {
    const ending = endingOfFailure(taskFailed('CANCEL_REQUESTED'), TASK);
    expect(ending).toEqual({ state: 'cancelled', attempts: [attempt], hooks: undefined, startedAt: 10, endedAt: 20 });
    const lost = new TimeoutFailure('lost', undefined, TimeoutType.HEARTBEAT);
    expect(endingOfFailure(activityFailure(lost, 'CANCEL_REQUESTED'), TASK)).toMatchObject({
      state: 'cancelled',
      attempts: [],
    });
  });

  it('fails where it would not have been tried again, whatever else was asked of it', () => {
    expect(endingOfFailure(taskFailed('NON_RETRYABLE_FAILURE'), TASK).state).toBe('failed');
  });
});
