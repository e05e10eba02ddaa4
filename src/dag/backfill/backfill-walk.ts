import type { BackfillProgress, BackfillState, OutCounts, OutReason, PlannedInterval, PlanPage } from './backfill.js';
import { ChunkValidation, type ValidationSeen, type ValidationSnapshot, type ValidationWork } from './chunk-validation.js';
import { Pace, type PaceSnapshot } from './pace.js';

/** What a backfill keeps to. */
export interface BackfillTerms {
  /** Intervals of the whole selection. */
  readonly total: number;
  readonly maxActiveRuns: number;
  /** Intervals of a chunk: the next one begins when all runs of this one are over. Default: all are one chunk. */
  readonly chunk?: number;
  /** It stops when more runs than that have failed since it was started or resumed. Default: it never does. */
  readonly failureBudget?: number;
  /** Each chunk, without chunks the whole, is validated when its runs are over, before anything goes on. Default: nothing is. */
  readonly validated?: true;
}

/** What has become of a run that is looked at: `none` = there is none, `elsewhere` = it is not this backfill's. */
export type RunSeen = 'none' | 'open' | 'success' | 'failed' | 'cancelled' | 'elsewhere';

/** What a backfill wants done; every part of it may be done twice. */
export interface BackfillWork {
  /** Gives up the places of these. */
  readonly leave: readonly PlannedInterval[];
  /** Asks these runs to stop. */
  readonly cancel: readonly PlannedInterval[];
  /** Looks what became of these. */
  readonly look: readonly PlannedInterval[];
  /** These have a place: starts their runs. */
  readonly start: readonly PlannedInterval[];
  /** Asks for places for these. */
  readonly ask: readonly PlannedInterval[];
  /** When more than that many of those that are looked at have failed, nothing is to be started any more. Default: any number. */
  readonly failuresLeft?: number;
  /** More of the plan is wanted, from behind that time on; null = from the beginning. */
  readonly plan?: { readonly after: number | null };
  /** How many places it may hold at once: to be said to the pool whenever it is asked, and when it has changed. */
  readonly share?: { readonly most: number; readonly revision: number };
  /** The validation of the chunk at hand. */
  readonly validation?: ValidationWork;
}

/** What came of a {@link BackfillWork}, in its orders. */
export interface BackfillStep {
  readonly seen: readonly RunSeen[];
  /** `elsewhere`: the interval has a run that is not this backfill's. */
  readonly started: readonly ('started' | 'elsewhere')[];
  readonly granted: readonly boolean[];
  readonly page?: PlanPage;
  readonly validation?: ValidationSeen;
  /** Something is wrong with the DAG for good: nothing more can be started. */
  readonly trouble?: string;
}

/** What a {@link BackfillWalk} goes on from. */
export interface BackfillSnapshot {
  readonly phase: Phase;
  readonly after?: number;
  readonly allPlanned: boolean;
  readonly planned: readonly PlannedInterval[];
  readonly asked: readonly PlannedInterval[];
  readonly granted: readonly PlannedInterval[];
  readonly running: readonly PlannedInterval[];
  readonly look: readonly number[];
  readonly leave: readonly PlannedInterval[];
  readonly cancel: readonly number[];
  readonly counts: Counts;
  readonly out: OutCounts;
  readonly chunkLeft: number;
  readonly failures: number;
  readonly pace: PaceSnapshot;
  readonly share: { readonly most: number; readonly revision: number };
  readonly toldShare: number;
  readonly workedMs: number;
  readonly reason?: string;
  readonly stopsRuns: boolean;
  readonly tried: readonly number[];
  /** Default: nothing is validated. */
  readonly validation?: ValidationSnapshot;
}

type Phase = 'running' | 'paused' | 'stopped' | 'cancelling';
interface Counts {
  success: number;
  failed: number;
  cancelled: number;
}

/** Requests that wait in the pool, so that one message asks for many: this many beyond what may be at work. */
const AHEAD = 50;
/** Runs that are started, looked at or asked for in one step. */
const STEP = 100;

/**
 * A backfill as a state machine: no clock, no calendar, no Temporal. It holds only what is under way: a page of the plan, the
 * requests that wait for a place, the runs. Whatever is said to it may be said twice and in any order.
 *
 * One file on purpose, though a long one: every method touches the same few sets.
 */
export class BackfillWalk {
  private phase: Phase;
  private after: number | undefined;
  private allPlanned: boolean;
  private planned: PlannedInterval[];
  private readonly asked: Map<number, PlannedInterval>;
  private readonly granted: Map<number, PlannedInterval>;
  private readonly running: Map<number, PlannedInterval>;
  /** Times of intervals that something is to be found out about. */
  private readonly toLook: Set<number>;
  private readonly toLeave: Map<string, PlannedInterval>;
  private readonly toCancel: Set<number>;
  private readonly counts: Counts;
  private readonly out: { [reason in OutReason]?: number };
  private chunkLeft: number;
  private failures: number;
  private readonly pace: Pace;
  private share: { readonly most: number; readonly revision: number };
  /** The first one goes with the first request. */
  private toldShare: number;
  private workedMs: number;
  private reason: string | undefined;
  private since: number | undefined;
  /** Runs that are open when it is cancelled are asked to stop. */
  private stopsRuns: boolean;
  /** Times that are being asked for just now, and those of them that the pool has granted by a word meanwhile. */
  private asking: ReadonlySet<number> = new Set();
  private readonly early = new Set<number>();
  /** Times whose runs may have been started by a step that nothing was heard of. */
  private readonly tried: Set<number>;
  private readonly validation: ChunkValidation | undefined;

  constructor(
    private readonly terms: BackfillTerms,
    from?: BackfillSnapshot,
  ) {
    const byTime = (all: readonly PlannedInterval[] = []) => new Map(all.map((interval) => [interval.time, interval]));
    this.phase = from?.phase ?? 'running';
    this.after = from?.after;
    this.allPlanned = from?.allPlanned ?? false;
    this.planned = [...(from?.planned ?? [])];
    this.asked = byTime(from?.asked);
    this.granted = byTime(from?.granted);
    this.running = byTime(from?.running);
    this.toLook = new Set(from?.look);
    this.toLeave = new Map((from?.leave ?? []).map((interval) => [keyOf(interval), interval]));
    this.toCancel = new Set(from?.cancel);
    this.counts = { success: 0, failed: 0, cancelled: 0, ...from?.counts };
    this.out = { ...from?.out };
    this.chunkLeft = from?.chunkLeft ?? terms.chunk ?? Infinity;
    if (terms.chunk === undefined) this.chunkLeft = Infinity;
    this.failures = from?.failures ?? 0;
    this.pace = new Pace(terms.maxActiveRuns, from?.pace);
    this.share = from?.share ?? { most: terms.maxActiveRuns, revision: 1 };
    this.toldShare = from?.toldShare ?? this.share.revision;
    this.workedMs = from?.workedMs ?? 0;
    this.reason = from?.reason;
    this.stopsRuns = from?.stopsRuns ?? false;
    this.tried = new Set(from?.tried);
    this.validation = terms.validated === true ? new ChunkValidation(from?.validation) : undefined;
    if (this.stopsRuns) this.validation?.cancel();
  }

  /** How it ended; undefined while there is something left to do or to wait for. */
  get outcome(): 'success' | 'failed' | 'cancelled' | undefined {
    if (this.underWay > 0 || this.toLeave.size > 0) return undefined;
    if (this.phase === 'cancelling') return 'cancelled';
    if (this.phase !== 'running' || !this.allPlanned || this.planned.length > 0) return undefined;
    if (this.validation?.isOwed === true) return undefined;
    return this.counts.failed + this.counts.cancelled === 0 ? 'success' : 'failed';
  }

  get state(): BackfillState {
    return this.outcome ?? this.phase;
  }

  /** Whether there is anything to be heard of: requests and runs that are open. */
  get isWaiting(): boolean {
    return this.underWay > 0;
  }

  /** Whether {@link work} would ask for anything. */
  get hasWork(): boolean {
    return (
      this.toLeave.size > 0 ||
      [...this.toCancel].some((time) => this.running.has(time)) ||
      [...this.toLook].some((time) => this.known(time) !== undefined) ||
      (this.phase === 'running' && this.granted.size > 0) ||
      this.pace.limit !== this.share.most ||
      this.toldShare !== this.share.revision ||
      this.validationWork() !== undefined ||
      this.wanted() > 0 ||
      this.wantsPlan
    );
  }

  /** A word of the pool about the run of an interval. */
  hear({ time, execution }: PlannedInterval, word: 'granted' | 'closed'): void {
    const asked = this.asked.get(time);
    if (word === 'closed') {
      if (this.known(time)?.execution === execution) this.toLook.add(time);
    } else if (asked?.execution === execution) {
      this.asked.delete(time);
      this.granted.set(time, asked);
    } else if (this.asking.has(time)) this.early.add(time);
    // It was given up in the meantime, and the pool does not know.
    else if (this.known(time)?.execution !== execution) this.giveUp({ time, execution });
  }

  /** A word of a pool about the run of a validation. */
  hearOfValidation(): void {
    this.validation?.stir();
  }

  /** Nothing may have been lost: everything that is under way is looked at. */
  lookAtAll(): void {
    for (const time of [...this.asked.keys(), ...this.running.keys()]) this.toLook.add(time);
    this.validation?.stir();
  }

  pause(): void {
    if (this.phase === 'running') this.halt('paused');
  }

  /** Goes on, after a pause or a stop; what has failed so far counts no more towards the budget. */
  resume(): void {
    if (this.phase !== 'paused' && this.phase !== 'stopped') return;
    this.phase = 'running';
    this.reason = undefined;
    this.failures = 0;
    this.pace.reset();
  }

  /** Starts nothing more; runs that are open are waited for, or asked to stop. */
  cancel(runs: 'finish' | 'cancel'): void {
    this.planned = [];
    this.halt('cancelling');
    this.allPlanned = true;
    if (runs !== 'cancel') return;
    this.stopsRuns = true;
    for (const time of this.running.keys()) this.toCancel.add(time);
    this.validation?.cancel();
  }

  /** What is to be done now. */
  work(): BackfillWork {
    for (const time of this.toLook) if (this.known(time) === undefined) this.toLook.delete(time);
    if (this.pace.limit !== this.share.most) this.share = { most: this.pace.limit, revision: this.share.revision + 1 };
    const some = (all: Iterable<PlannedInterval | undefined>) =>
      [...all].filter((interval) => interval !== undefined).slice(0, STEP);
    const ask = this.planned.slice(0, this.wanted());
    const { failureBudget } = this.terms;
    this.asking = new Set(ask.map(({ time }) => time));
    const start = this.phase === 'running' ? some(this.granted.values()) : [];
    for (const { time } of start) this.tried.add(time);
    const validation = this.validationWork();
    if (validation !== undefined) this.validation!.begun(validation);
    return {
      leave: some(this.toLeave.values()),
      cancel: some([...this.toCancel].map((time) => this.running.get(time))),
      look: some([...this.toLook].map((time) => this.known(time))),
      start,
      ask,
      ...(failureBudget === undefined ? {} : { failuresLeft: failureBudget - this.failures }),
      ...(this.wantsPlan ? { plan: { after: this.after ?? null } } : {}),
      ...(ask.length > 0 || this.toldShare !== this.share.revision ? { share: this.share } : {}),
      ...(validation === undefined ? {} : { validation }),
    };
  }

  /** What came of it. Words may have come in between: what is not as it was is left alone. */
  did(work: BackfillWork, step: BackfillStep): void {
    if (work.share !== undefined) this.toldShare = work.share.revision;
    for (const interval of work.leave) this.toLeave.delete(keyOf(interval));
    for (const { time } of work.cancel) this.toCancel.delete(time);
    // It looks before it starts: what it started was not there when it looked.
    const begun = new Set(work.start.filter((_, i) => step.started[i] !== undefined).map(({ time }) => time));
    for (const [i, interval] of work.look.entries()) {
      const seen = step.seen[i]!;
      if (seen === 'none' && begun.has(interval.time)) this.toLook.delete(interval.time);
      else this.saw(interval, seen);
    }
    for (const [i, interval] of work.start.entries()) this.started(interval, step.started[i]);
    for (const [i, interval] of work.ask.entries()) this.askedFor(interval, step.granted[i]);
    this.asking = new Set();
    this.early.clear();
    if (step.page !== undefined && work.plan !== undefined) this.take(step.page);
    if (step.validation !== undefined && work.validation !== undefined) this.validated(work.validation, step.validation);
    if (step.trouble !== undefined && this.phase === 'running') this.halt('stopped', step.trouble);
  }

  /** Time that passes while runs may be started, for the estimate. */
  tick(now: number): void {
    if (this.since !== undefined) this.workedMs += Math.max(0, now - this.since);
    this.since = this.phase === 'running' ? now : undefined;
  }

  progress(now: number): BackfillProgress {
    const { success, failed, cancelled } = this.counts;
    const ended = success + failed + cancelled;
    const out = Object.values(this.out).reduce((sum, count) => sum + count, 0);
    const running = this.running.size;
    const left = Math.max(0, this.terms.total - ended - out - running);
    const workedMs = this.workedMs + (this.since === undefined ? 0 : Math.max(0, now - this.since));
    const guess = this.phase === 'running' && ended > 0 && this.outcome === undefined;
    return {
      state: this.state,
      total: this.terms.total,
      success,
      failed,
      cancelled,
      running,
      left: this.phase === 'cancelling' ? 0 : left,
      out: { ...this.out },
      pace: this.pace.limit,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.validation?.progress === undefined ? {} : { validation: this.validation.progress }),
      ...(guess ? { estimatedEndAt: now + Math.round((workedMs / ended) * (left + running / 2)) } : {}),
      updatedAt: now,
    };
  }

  snapshot(): BackfillSnapshot {
    return {
      phase: this.phase,
      ...(this.after === undefined ? {} : { after: this.after }),
      allPlanned: this.allPlanned,
      planned: this.planned,
      asked: [...this.asked.values()],
      granted: [...this.granted.values()],
      running: [...this.running.values()],
      look: [...this.toLook],
      leave: [...this.toLeave.values()],
      cancel: [...this.toCancel],
      counts: { ...this.counts },
      out: { ...this.out },
      chunkLeft: Number.isFinite(this.chunkLeft) ? this.chunkLeft : 0,
      failures: this.failures,
      pace: this.pace.snapshot(),
      share: this.share,
      toldShare: this.toldShare,
      workedMs: this.workedMs,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      stopsRuns: this.stopsRuns,
      tried: [...this.tried],
      ...(this.validation === undefined ? {} : { validation: this.validation.snapshot() }),
    };
  }

  private get underWay(): number {
    return this.asked.size + this.granted.size + this.running.size + (this.validation?.isUnderWay === true ? 1 : 0);
  }

  private validationWork(): ValidationWork | undefined {
    if (this.validation === undefined) return undefined;
    const intervals = this.asked.size + this.granted.size + this.running.size;
    const isOver = this.chunkLeft <= 0 || (this.allPlanned && this.planned.length === 0);
    return this.validation.wanted(intervals === 0 && isOver, this.phase === 'running');
  }

  private validated(work: ValidationWork, seen: ValidationSeen): void {
    const problem = this.validation?.saw(work, seen);
    if (problem !== undefined && (this.phase === 'running' || this.phase === 'paused')) this.halt('stopped', problem);
  }

  private get wantsPlan(): boolean {
    return this.phase === 'running' && !this.allPlanned && this.planned.length === 0 && this.asked.size < this.pace.limit;
  }

  /** How many places are to be asked for now: by the dozen, since a message costs the same whatever it carries. */
  private wanted(): number {
    if (this.phase !== 'running' || this.planned.length === 0) return 0;
    if (this.chunkLeft <= 0) {
      if (this.underWay > 0 || this.validation?.isOwed === true) return 0;
      this.chunkLeft = this.terms.chunk!;
    }
    // As many are at work as may be: the next ones have time.
    if (this.asked.size >= Math.min(this.pace.limit, AHEAD)) return 0;
    return Math.min(STEP, this.pace.limit + AHEAD - this.asked.size, this.chunkLeft, this.planned.length);
  }

  private known(time: number): PlannedInterval | undefined {
    return this.running.get(time) ?? this.granted.get(time) ?? this.asked.get(time);
  }

  private giveUp(interval: PlannedInterval): void {
    this.toLeave.set(keyOf(interval), interval);
  }

  /** Whatever has no run yet goes back into the plan, in its place. */
  private halt(phase: Phase, reason?: string): void {
    this.phase = phase;
    this.reason = reason;
    const begun = [...this.granted.values()].filter(({ time }) => this.tried.has(time));
    const back = [...this.granted.values(), ...this.asked.values()].filter(({ time }) => !this.tried.has(time));
    this.granted.clear();
    this.asked.clear();
    for (const interval of begun) {
      this.granted.set(interval.time, interval);
      this.toLook.add(interval.time);
    }
    for (const interval of back) this.giveUp(interval);
    this.putBack(back);
  }

  /** In their place, where there is a plan still. */
  private putBack(intervals: readonly PlannedInterval[]): void {
    if (this.phase === 'cancelling') return;
    this.planned = [...intervals, ...this.planned];
    this.chunkLeft += intervals.length;
  }

  private saw(interval: PlannedInterval, seen: RunSeen): void {
    const { time } = interval;
    this.toLook.delete(time);
    if (seen === 'open') {
      if (this.asked.get(time) === interval || this.granted.get(time) === interval) this.becomeRunning(interval);
      return;
    }
    this.toCancel.delete(time);
    const running = this.running.delete(time);
    if (seen === 'none' && !running) {
      const asked = this.asked.get(time);
      const unbegun = asked ?? (this.phase === 'running' ? undefined : this.granted.get(time));
      if (unbegun === undefined) return;
      // The pool may have lost the request: asking it again changes nothing where it has not.
      if (asked === undefined) this.giveUp(unbegun);
      this.asked.delete(time);
      this.granted.delete(time);
      this.tried.delete(time);
      this.putBack([unbegun]);
      return;
    }
    this.tried.delete(time);
    if (!running && !this.asked.delete(time) && !this.granted.delete(time)) return;
    if (seen === 'elsewhere') this.leftToOthers(interval);
    else this.ended(seen === 'none' ? 'failed' : seen);
  }

  private started(interval: PlannedInterval, answer: 'started' | 'elsewhere' | undefined): void {
    const { time } = interval;
    // It may be known to be at work, or over, by a look meanwhile.
    if (answer === undefined || this.granted.get(time) !== interval) return;
    if (answer === 'started') this.becomeRunning(interval);
    else {
      this.granted.delete(time);
      this.tried.delete(time);
      this.leftToOthers(interval);
    }
  }

  private askedFor(interval: PlannedInterval, granted: boolean | undefined): void {
    if (granted === undefined) return;
    const at = this.planned.indexOf(interval);
    if (at < 0 || this.phase !== 'running') {
      this.giveUp(interval);
      return;
    }
    this.planned.splice(at, 1);
    this.chunkLeft -= 1;
    this.validation?.cover(interval.time);
    if (granted || this.early.has(interval.time)) this.granted.set(interval.time, interval);
    else this.asked.set(interval.time, interval);
  }

  private becomeRunning(interval: PlannedInterval): void {
    this.asked.delete(interval.time);
    this.granted.delete(interval.time);
    this.tried.delete(interval.time);
    this.running.set(interval.time, interval);
    if (this.stopsRuns) this.toCancel.add(interval.time);
  }

  private leftToOthers(interval: PlannedInterval): void {
    this.giveUp(interval);
    this.out.has_run = (this.out.has_run ?? 0) + 1;
  }

  private ended(state: 'success' | 'failed' | 'cancelled'): void {
    this.counts[state]++;
    this.pace.note(state === 'failed');
    if (state !== 'failed') return;
    this.failures++;
    const { failureBudget } = this.terms;
    if (failureBudget === undefined || this.failures <= failureBudget || this.phase !== 'running') return;
    const runs = this.failures === 1 ? '1 run has' : `${this.failures} runs have`;
    this.halt('stopped', `${runs} failed, more than the failureBudget of ${failureBudget} allows`);
  }

  private take({ intervals, out, next }: PlanPage): void {
    // A backfill that was cancelled meanwhile wants no plan.
    if (this.allPlanned) return;
    this.planned.push(...intervals);
    for (const [reason, count] of Object.entries(out) as [OutReason, number][])
      this.out[reason] = (this.out[reason] ?? 0) + count;
    this.after = next;
    if (next === undefined) this.allPlanned = true;
  }
}

function keyOf({ time, execution }: PlannedInterval): string {
  return `${time}#${execution}`;
}
