/** Something that will happen, unless it is called off. */
export interface Appointment {
  readonly at: number;
  /** Undefined once it was called off or has happened. */
  what: (() => void) | undefined;
}

/** Virtual time: goes from one appointment to the next, those of the same moment in the order in which they were made. */
export class Timeline {
  /** Virtual ms since the beginning. */
  now = 0;
  private readonly line: Appointment[] = [];

  /** O(log n) comparisons. */
  after(ms: number, what: () => void): Appointment {
    const appointment = { at: this.now + ms, what };
    let low = 0;
    let high = this.line.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.line[middle]!.at <= appointment.at) low = middle + 1;
      else high = middle;
    }
    this.line.splice(low, 0, appointment);
    return appointment;
  }

  /** Goes on to the next appointment and keeps it; false when there is none. */
  step(): boolean {
    for (let next = this.line.shift(); next !== undefined; next = this.line.shift()) {
      const { what } = next;
      if (what === undefined) continue;
      next.what = undefined;
      this.now = next.at;
      what();
      return true;
    }
    return false;
  }
}
