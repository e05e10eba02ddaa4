import { setImmediate } from 'node:timers/promises';

/** The thread of a worker may be kept busy so long, in ms: then all others have their turn, its workflow tasks too. */
const AT_ONCE_MS = 50;

let busyMs = 0;
let turn: Promise<void> | undefined;

/**
 * Does work that nothing interrupts, such as an expression that takes a second. Of much such work at once each piece waits for
 * a round of the event loop after the one before; work that is short waits for nothing, and costs no promise.
 */
export function inTurn<T>(work: () => T): T | Promise<T> {
  return busyMs > AT_ONCE_MS ? later(work) : counted(work);
}

async function later<T>(work: () => T): Promise<T> {
  while (busyMs > AT_ONCE_MS) {
    turn ??= setImmediate().then(() => {
      busyMs = 0;
      turn = undefined;
    });
    await turn;
  }
  return counted(work);
}

function counted<T>(work: () => T): T {
  const began = performance.now();
  try {
    return work();
  } finally {
    busyMs += performance.now() - began;
  }
}
