import type { Failure } from '../src/dag/state.js';
import { TaskError } from './task-error.js';

/** An attempt took too long. `total`: what ended it is the timeout over all attempts, so another attempt has no time either. In ms. */
export function timedOut(timeoutMs: number, total: number | undefined): TaskError {
  const bound =
    total === undefined ? `its timeout of ${timeoutMs} ms` : `its total timeout allows (${total} ms over all attempts)`;
  return new TaskError('Timeout', `it took longer than ${bound}`, { kind: 'timeout', retryable: total === undefined });
}

/** More workers were lost than the task is allowed to lose. */
export function lostTooOften(lost: number, allowed: number, last: Failure | undefined): TaskError {
  return new TaskError(
    'WorkerLost',
    `${lost} attempts were lost, more than infraAttempts (${allowed}) allows; the last one: ${last?.message ?? 'unknown'}`,
    { kind: 'worker_lost', retryable: false },
  );
}
