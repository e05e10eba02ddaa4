import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Ends every process of a group: SIGTERM, and after `killAfterMs` SIGKILL. Resolves when none is left. `leaderEnded` is awaited
 * so that the leader is reaped and not counted as alive.
 */
export async function endProcessGroup(leader: number | undefined, leaderEnded: Promise<void>, killAfterMs: number): Promise<void> {
  if (leader === undefined) return;
  if (!signalGroup(leader, 'SIGTERM')) return;
  const killAt = Date.now() + killAfterMs;
  while (isAlive(leader)) {
    if (Date.now() >= killAt) {
      signalGroup(leader, 'SIGKILL');
      await Promise.race([leaderEnded, sleep(1000)]);
      // A process in uninterruptible sleep dies when the kernel lets it; nobody can wait for that.
      for (const until = Date.now() + 1000; isAlive(leader) && Date.now() < until; ) await sleep(POLL_MS);
      return;
    }
    await sleep(POLL_MS);
  }
}

function isAlive(leader: number): boolean {
  return signalGroup(leader, 0);
}

/** False when the group is empty. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
