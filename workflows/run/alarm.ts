import { sleep } from '@temporalio/workflow';
import { shielded } from './shielded.js';
import { summaryOf } from './summary.js';

/**
 * One clock for all tasks that wait for a moment: a timer of Temporal for the next one only, so that ten thousand waits cost a
 * history, and a new execution of the run, no more than those that end.
 */
export class Alarm {
  private readonly moments = new Map<number, number>();
  /** Moments for which a timer is running. */
  private readonly armed = new Set<number>();

  constructor(
    private readonly tell: (what: () => void) => void,
    /** Called in the turn of the loop when a task's moment has come. */
    private readonly ring: (task: number) => void,
    /** What a task's moment is, for the Web UI. */
    private readonly nameOf: (task: number) => string,
  ) {}

  /** `at` in epoch ms; a moment that has passed comes at once. */
  set(task: number, at: number): void {
    this.moments.set(task, at);
    this.arm(task, at);
  }

  clear(task: number): void {
    this.moments.delete(task);
  }

  private arm(task: number, at: number): void {
    for (const other of this.armed) if (other <= at) return;
    this.armed.add(at);
    const over = (): void =>
      this.tell(() => {
        this.armed.delete(at);
        this.check();
      });
    const timer = (): Promise<void> => sleep(Math.max(1, at - Date.now()), { summary: summaryOf(this.nameOf(task)) });
    void shielded(timer).then(over, over);
  }

  private check(): void {
    const now = Date.now();
    const due = [...this.moments].filter(([, at]) => at <= now).sort(([a, atA], [b, atB]) => atA - atB || a - b);
    for (const [task] of due) {
      this.moments.delete(task);
      this.ring(task);
    }
    const next = [...this.moments].reduce<readonly [number, number] | undefined>(
      (first, moment) => (first === undefined || moment[1] < first[1] ? moment : first),
      undefined,
    );
    if (next !== undefined) this.arm(...next);
  }
}
