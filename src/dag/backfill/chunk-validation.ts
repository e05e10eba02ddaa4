/** A stretch of a backfill that is validated, and which attempt it is: a failed one is followed by another run. From 1, both. */
export interface ValidationAttempt {
  readonly chunk: number;
  readonly attempt: number;
  /** Nominal times (epoch ms) of the first and the last interval of the chunk. */
  readonly first: number;
  readonly last: number;
}

/**
 * What is to be done about a validation: `begin` = start its run, when it has its place; `look` = see how it is; `withdraw` = give its
 * place up, unless it has begun; `cancel` = ask it to stop. Each also says how it is.
 */
export interface ValidationWork extends ValidationAttempt {
  readonly act: 'begin' | 'look' | 'withdraw' | 'cancel';
}

/** How a validation was found: `none` = there is none, and it holds no place. Times are epoch ms. */
export interface ValidationSeen {
  readonly state: 'none' | 'waiting' | 'running' | 'success' | 'failed' | 'cancelled';
  readonly runId: string;
  /** The data that it is about, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Why it could not begin; then it is `failed`. */
  readonly reason?: string;
}

/** The validation that was begun last. */
export interface ValidationProgress extends Omit<ValidationSeen, 'state'> {
  readonly chunk: number;
  readonly state: Exclude<ValidationSeen['state'], 'none'>;
}

/** What a {@link ChunkValidation} goes on from. */
export interface ValidationSnapshot {
  readonly chunk: number;
  readonly attempt: number;
  readonly range?: { readonly first: number; readonly last: number };
  readonly underWay?: 'asked' | 'running';
  readonly progress?: ValidationProgress;
}

/**
 * The validation of one chunk after the other, as a state machine: which intervals the chunk at hand has, and how far its validation
 * is. An attempt that fails is followed by another one, of the same chunk.
 */
export class ChunkValidation {
  private chunk: number;
  private attempt: number;
  private range: { readonly first: number; readonly last: number } | undefined;
  /** `asked` = its run may have been started, by a step that nothing was heard of. */
  private stage: 'asked' | 'running' | undefined;
  private latest: ValidationProgress | undefined;
  /** Grows with each reason to look; what a step has found out counts up to where it began. */
  private stirred = 0;
  private served = 0;
  private carriedOut = 0;
  private toCancel = false;

  constructor(from?: ValidationSnapshot) {
    this.chunk = from?.chunk ?? 1;
    this.attempt = from?.attempt ?? 1;
    this.range = from?.range;
    this.stage = from?.underWay;
    this.latest = from?.progress;
    if (this.stage !== undefined) this.stirred++;
  }

  /** Intervals were run, or may have been, that have not been validated. */
  get isOwed(): boolean {
    return this.range !== undefined;
  }

  /** Its run waits for a place or is at work, or may be. */
  get isUnderWay(): boolean {
    return this.stage !== undefined;
  }

  get progress(): ValidationProgress | undefined {
    return this.latest;
  }

  /** The interval of that nominal time belongs to the chunk at hand. */
  cover(time: number): void {
    const { first, last } = this.range ?? { first: time, last: time };
    this.range = { first: Math.min(first, time), last: Math.max(last, time) };
  }

  /** There is a reason to look how it is. */
  stir(): void {
    if (this.stage !== undefined) this.stirred++;
  }

  /** Its run is to be asked to stop. */
  cancel(): void {
    this.toCancel = true;
    this.stir();
  }

  /** What is to be done now; `due` = all intervals of the chunk are over, `mayBegin` = runs may be started at all. */
  wanted(due: boolean, mayBegin: boolean): ValidationWork | undefined {
    if (this.range === undefined) return undefined;
    const attempt = { chunk: this.chunk, attempt: this.attempt, ...this.range };
    if (this.stage === undefined) return due && mayBegin ? { ...attempt, act: 'begin' } : undefined;
    if (this.stage === 'asked' && !mayBegin) return { ...attempt, act: 'withdraw' };
    if (this.stirred === this.served) return undefined;
    if (this.stage === 'asked') return { ...attempt, act: 'begin' };
    return { ...attempt, act: this.toCancel ? 'cancel' : 'look' };
  }

  /** This is being carried out. */
  begun({ act }: ValidationWork): void {
    if (act === 'begin' && this.stage === undefined) {
      this.stage = 'asked';
      this.stirred++;
    }
    this.carriedOut = this.stirred;
  }

  /** How it was found by that work; returns why the backfill may not go on, where it may not. */
  saw({ chunk, attempt }: ValidationWork, seen: ValidationSeen): string | undefined {
    if (chunk !== this.chunk || attempt !== this.attempt || this.stage === undefined) return undefined;
    this.served = this.carriedOut;
    const { state, ...found } = seen;
    if (state !== 'none') this.latest = { chunk, ...found, state };
    switch (state) {
      case 'waiting':
        return undefined;
      case 'running':
        if (this.stage === 'asked' && this.toCancel) this.stirred++;
        this.stage = 'running';
        return undefined;
      case 'none':
        this.stage = undefined;
        return undefined;
      case 'success':
        this.stage = undefined;
        this.range = undefined;
        this.chunk++;
        this.attempt = 1;
        return undefined;
      default:
        this.stage = undefined;
        this.attempt++;
        return (
          found.reason ??
          `the validation of chunk ${chunk} ${state === 'failed' ? 'failed' : 'was cancelled'}: run ${found.runId}`
        );
    }
  }

  snapshot(): ValidationSnapshot {
    const { chunk, attempt, range, stage, latest } = this;
    return {
      chunk,
      attempt,
      ...(range === undefined ? {} : { range }),
      ...(stage === undefined ? {} : { underWay: stage }),
      ...(latest === undefined ? {} : { progress: latest }),
    };
  }
}
