/** What of the walk is to be told when the last of an earlier round of a task is over. */
interface Released {
  /** The place of `maxActiveTasks` that it still held is free. */
  giveBack(task: number): void;
  /** A task that was to start, and could not, may now. */
  putBack(task: number): void;
}

/**
 * Keeps the rounds apart of tasks that run again after a rejection: what is still under way of an earlier round (activities, polls,
 * children, evaluations, hooks) counts for nothing, and the task does not start anew before all of that is over, so that no task
 * ever runs beside itself. Of tasks that can never be sent back nothing is counted.
 */
export class Rewinds {
  /** How much is under way of a task in its present round, and how much of all earlier ones. */
  private readonly present = new Map<number, number>();
  private readonly earlier = new Map<number, number>();
  private readonly parked = new Set<number>();

  /**
   * @param rewindable the tasks that may ever be sent back.
   * @param roundOf how often a task has been sent back.
   */
  constructor(
    private readonly rewindable: ReadonlySet<number>,
    private readonly roundOf: (task: number) => number,
    private readonly walk: Released,
  ) {}

  /**
   * Something begins for a task, or goes on in a new execution of the run, where its round is known. Returns the round, which is to be
   * told when it is {@link over}.
   */
  begun(task: number, round?: number): number {
    if (!this.rewindable.has(task)) return 0;
    const present = this.roundOf(task);
    const its = round ?? present;
    count(its === present ? this.present : this.earlier, task, 1);
    return its;
  }

  /** It is over; false when it was of an earlier round, so that it counts for nothing. */
  over(task: number, round: number): boolean {
    if (!this.rewindable.has(task)) return true;
    if (round === this.roundOf(task)) {
      count(this.present, task, -1);
      return true;
    }
    count(this.earlier, task, -1);
    if (!this.earlier.has(task)) this.release(task);
    return false;
  }

  /** The task is being sent back: call it before its round changes. */
  rewound(task: number): void {
    const open = this.present.get(task) ?? 0;
    this.present.delete(task);
    this.parked.delete(task);
    if (open > 0) count(this.earlier, task, open);
    else if (!this.earlier.has(task)) this.release(task);
  }

  /** Whether a task may start now; else it is put back when it may. */
  mayStart(task: number): boolean {
    if (!this.earlier.has(task)) return true;
    this.parked.add(task);
    return false;
  }

  private release(task: number): void {
    this.walk.giveBack(task);
    if (this.parked.delete(task)) this.walk.putBack(task);
  }
}

function count(counts: Map<number, number>, task: number, by: number): void {
  const sum = (counts.get(task) ?? 0) + by;
  if (sum > 0) counts.set(task, sum);
  else counts.delete(task);
}
