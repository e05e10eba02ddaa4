/** How late a coarse timer may be, in ms. */
const TICK_MS = 250;

interface Pending {
  readonly at: number;
  readonly fire: () => void;
}

const pending = new Set<Pending>();
let ticking: NodeJS.Timeout | undefined;

/**
 * Calls `fire` after `ms`, up to a quarter of a second late: for what seldom happens and need not be on time. A timer of Node's own
 * costs each short task as much as a third of all else that is done around it; this is one entry of a set. It does not keep the
 * process alive. Returns what takes it back.
 */
export function coarseTimer(ms: number, fire: () => void): () => void {
  const entry: Pending = { at: Date.now() + ms, fire };
  pending.add(entry);
  ticking ??= setInterval(tick, TICK_MS).unref();
  return () => void pending.delete(entry);
}

function tick(): void {
  if (pending.size === 0) {
    clearInterval(ticking);
    ticking = undefined;
    return;
  }
  const now = Date.now();
  for (const entry of pending) if (entry.at <= now && pending.delete(entry)) entry.fire();
}
