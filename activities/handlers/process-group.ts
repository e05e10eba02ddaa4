import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 200;
/** A process in uninterruptible sleep dies when the kernel lets it; nobody can wait for that. */
const AFTER_KILL_MS = 2000;

/**
 * Ends every process of a group: SIGTERM, and after `killAfterMs` SIGKILL. Resolves when none runs any more.
 */
export async function endProcessGroup(leader: number | undefined, killAfterMs: number): Promise<void> {
  if (leader === undefined || !signalGroup(leader, 'SIGTERM')) return;
  if (await ended(leader, killAfterMs)) return;
  signalGroup(leader, 'SIGKILL');
  await ended(leader, AFTER_KILL_MS);
}

async function ended(leader: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, LONGEST_POLL_MS)) {
    if (!signalGroup(leader, 0) || !(await hasRunningMember(leader))) return true;
    if (Date.now() >= until) return false;
    await sleep(Math.min(wait, Math.max(1, until - Date.now())));
  }
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

/**
 * Whether the group holds more than zombies: what is dead but not yet collected by its parent (in a container often for long) counts as
 * alive for `kill`. Linux tells by /proc; elsewhere the answer is yes.
 */
async function hasRunningMember(leader: number): Promise<boolean> {
  const names = await readdir('/proc').catch(() => undefined);
  const pids = names?.filter((name) => /^\d+$/.test(name)) ?? [];
  if (pids.length === 0) return true;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // pid (name, which may hold anything) state parent group …
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) === leader && state !== 'Z' && state !== 'X') return true;
  }
  return false;
}
