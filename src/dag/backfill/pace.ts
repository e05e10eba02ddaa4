/** Outcomes that a decision looks back on. */
const WINDOW = 10;
/** Fewer outcomes say nothing. */
const FEWEST = 4;

/** What a {@link Pace} goes on from. */
export interface PaceSnapshot {
  readonly limit: number;
  /** The last outcomes since the limit changed, oldest first: true = failed. */
  readonly recent: readonly boolean[];
}

/**
 * How many runs may be at work at once: half as many as soon as half of the last ones failed, twice as many again (up to `most`)
 * when a window passes with hardly a failure. After each change the past counts no more, so that one bad stretch halves once.
 */
export class Pace {
  private current: number;
  private recent: boolean[];

  constructor(
    private readonly most: number,
    from?: PaceSnapshot,
  ) {
    this.current = Math.min(from?.limit ?? most, most);
    this.recent = [...(from?.recent ?? [])];
  }

  get limit(): number {
    return this.current;
  }

  note(failed: boolean): void {
    this.recent.push(failed);
    if (this.recent.length > WINDOW) this.recent.shift();
    const failures = this.recent.filter(Boolean).length;
    if (this.recent.length >= FEWEST && 2 * failures >= this.recent.length) this.become(Math.max(1, this.current >> 1));
    else if (this.recent.length === WINDOW && 10 * failures <= WINDOW) this.become(Math.min(this.most, 2 * this.current));
  }

  /** Begins anew, as fast as may be. */
  reset(): void {
    this.current = this.most;
    this.recent = [];
  }

  snapshot(): PaceSnapshot {
    return { limit: this.current, recent: this.recent };
  }

  private become(limit: number): void {
    if (limit === this.current) return;
    this.current = limit;
    this.recent = [];
  }
}
