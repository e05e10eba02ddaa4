import { setImmediate } from 'node:timers/promises';

/** The thread of a worker may be kept busy so long, in ms: then all others have their turn, its workflow tasks too. */
const AT_ONCE_MS = 50;

let busyMs = 0;
let turn: Promise<void> | undefined;

/**
 * Does work that nothing interrupts, such as an expression that takes a second. Of much such work at once each piece waits for
 * a round of the event loop after the one before; work that is short waits for nothing.
 */
export async function inTurn<T>(work: () => T): Promise<T> {
  while (busyMs > AT_ONCE_MS) {
    turn ??= setImmediate().then(() => {
      busyMs = 0;
      turn = undefined;
    });
    await turn;
  }
  const began = performance.now();
  try {
    return work();
  } finally {
    busyMs += performance.now() - began;
  }
}
