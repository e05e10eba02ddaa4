/**
 * Keeps the lives of a task apart that runs again after a rejection: what an earlier life still reports does not count, and the
 * new one does not start before that report is in, so that no task ever runs beside itself.
 */
export class Rewinds {
  private readonly rounds = new Map<number, number>();
  /** Tasks of whose earlier life something is still under way. */
  private readonly haunted = new Set<number>();
  private readonly parked = new Set<number>();

  /** @param free gives a task back to the walk whose earlier life is over. */
  constructor(private readonly free: (task: number) => void) {}

  /** How often the task was rewound: to be asked when something is begun, and given back to {@link counts}. */
  round(task: number): number {
    return this.rounds.get(task) ?? 0;
  }

  rewound(task: number, outstanding: boolean): void {
    this.rounds.set(task, this.round(task) + 1);
    this.parked.delete(task);
    if (outstanding) this.haunted.add(task);
  }

  /** Whether a report of what was begun in that round counts. One that does not, frees the task. */
  counts(task: number, round: number): boolean {
    if (round === this.round(task)) return true;
    if (this.haunted.delete(task) && this.parked.delete(task)) this.free(task);
    return false;
  }

  /** Whether a task may start now; else it is given back when it may. */
  mayStart(task: number): boolean {
    if (!this.haunted.has(task)) return true;
    this.parked.add(task);
    return false;
  }
}
