import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { TASK_FAILED, type TaskFailedDetails } from './task-call.js';

/**
 * What Temporal is told of a failed attempt: whether it is to be followed by another one, and in how many ms at the soonest (default:
 * as the activity's own policy says).
 */
export function taskFailed(
  details: TaskFailedDetails,
  { nonRetryable, nextRetryDelay }: { readonly nonRetryable: boolean; readonly nextRetryDelay?: number },
): ApplicationFailure {
  const { failure } = details;
  // Benign: the failure of a task is no trouble of the worker, which would log it as one. The task's own log has the stack.
  const error = ApplicationFailure.create({
    type: TASK_FAILED,
    message: failure.message,
    nonRetryable,
    nextRetryDelay,
    details: [details],
    category: ApplicationFailureCategory.BENIGN,
  });
  error.stack = `${failure.type ?? failure.kind}: ${failure.message}`;
  return error;
}
