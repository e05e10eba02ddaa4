import type { StopSignal } from './stop-signal.js';
import { TaskError } from './task-error.js';

/** How long work may clean up after its time is over; the workflow's own limit lies 10 s behind. */
const CLEAN_UP_MS = 8000;
/** Node's timers know no longer time; beyond it (24 days) the workflow's own limit holds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs work for `limitMs` at most: then `stop` is told with what `tooLate` makes, and the work is waited for while it cleans up.
 * Rejects with that error, whatever the work itself says by then.
 */
export async function boundedWork<T>(
  limitMs: number,
  stop: StopSignal,
  tooLate: () => TaskError,
  work: () => Promise<T>,
): Promise<T> {
  let giveUp: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const expire = (): void => {
      const timeout = tooLate();
      stop.stop(timeout);
      giveUp = setTimeout(() => reject(timeout), CLEAN_UP_MS);
    };
    timer = setTimeout(expire, Math.min(Math.max(0, limitMs), MAX_TIMER_MS));
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    throw stop.reason instanceof TaskError ? stop.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(giveUp);
  }
}
