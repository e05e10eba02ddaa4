import { sleep } from '@temporalio/workflow';
import type { SystemActivities } from '../../activities/system-calls.js';
import { shielded } from './shielded.js';

const FIRST_LOOK_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Looks after queues that other workers serve: a task that waits there is asked about, first after ten seconds, then
 * less and less often, so that a run says "no worker on queue X since …" and does not sit silent. A queue with nothing
 * waiting costs nothing.
 */
export class QueueWatch {
  private readonly waiting = new Map<string, Map<number, number>>();
  private readonly watched = new Set<string>();

  constructor(
    private readonly system: (summary: string) => Pick<SystemActivities, 'countPollers'>,
    private readonly notice: (task: number, text: string | undefined) => void,
  ) {}

  /** A task was sent to a queue. `now` in epoch ms. */
  sent(task: number, queue: string, now: number): void {
    let tasks = this.waiting.get(queue);
    if (tasks === undefined) this.waiting.set(queue, (tasks = new Map()));
    tasks.set(task, now);
    if (!this.watched.has(queue)) void this.watch(queue);
  }

  ended(task: number, queue: string): void {
    this.waiting.get(queue)?.delete(task);
  }

  private async watch(queue: string): Promise<void> {
    this.watched.add(queue);
    try {
      for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 3, LONGEST_PAUSE_MS)) {
        const wait = pause;
        await shielded(() => sleep(wait, { summary: `look whether queue ${queue} has a worker` }));
        const tasks = this.waiting.get(queue);
        if (tasks === undefined || tasks.size === 0) return;
        const pollers = await shielded(() => this.system(`has queue ${queue} a worker?`).countPollers({ queue }));
        const served = pollers > 0;
        const since = Math.min(...tasks.values());
        const text = served
          ? undefined
          : `no worker on queue ${queue} since ${new Date(since).toISOString().slice(0, 19)}Z: start one, or mend the task's queue`;
        for (const task of tasks.keys()) this.notice(task, text);
      }
    } catch {
      // The run is over, or the question could not be asked: nothing to say.
    } finally {
      this.watched.delete(queue);
    }
  }
}
