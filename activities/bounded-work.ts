import { coarseTimer } from './coarse-timer.js';
import type { StopSignal } from './stop-signal.js';
import { TaskError } from './task-error.js';

/** How long work may clean up after its time is over; the workflow's own limit lies 10 s behind. */
const CLEAN_UP_MS = 8000;
/** From here on a limit need not be kept to the millisecond. */
const LONG_MS = 30_000;

/**
 * Runs work for `limitMs` at most: then `stop` is told with what `tooLate` makes, and the work is waited for while it cleans up.
 * Rejects with that error, whatever the work itself says by then.
 */
export function boundedWork<T>(
  limitMs: number,
  stop: StopSignal,
  tooLate: () => TaskError,
  work: () => Promise<T>,
): Promise<T> {
  // One promise and one callback: each further one costs every task, since the hooks of AsyncLocalStorage see them all.
  return new Promise<T>((resolve, reject) => {
    const working = work();
    let giveUp: NodeJS.Timeout | undefined;
    const expire = (): void => {
      const timeout = tooLate();
      stop.stop(timeout);
      giveUp = setTimeout(() => reject(timeout), CLEAN_UP_MS);
    };
    const takeBack = limitMs < LONG_MS ? precise(Math.max(0, limitMs), expire) : coarseTimer(limitMs, expire);
    const over = (): void => {
      takeBack();
      clearTimeout(giveUp);
    };
    working.then(
      (value) => {
        over();
        resolve(value);
      },
      (error: unknown) => {
        over();
        reject(stop.reason instanceof TaskError ? stop.reason : error);
      },
    );
  });
}

function precise(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}
