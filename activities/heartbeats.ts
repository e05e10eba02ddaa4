import type { AttemptHistory } from './attempt-history.js';
import { coarseTimer } from './coarse-timer.js';

const FIRST_MS = 1000;
const LONGEST_MS = 5000;

/**
 * Heartbeats of one attempt: they prove that its worker lives, bring cancellation, and carry the attempts over a lost worker. The
 * first comes after a second (a short task costs none), from the second attempt on at once (R20).
 */
export class Heartbeats {
  private takeBack: () => void;
  private user: unknown;

  constructor(
    private readonly send: (details: unknown) => void,
    private readonly history: AttemptHistory,
    heartbeatTimeoutMs: number | undefined,
    userDetails: unknown,
  ) {
    this.user = userDetails;
    const interval = heartbeatInterval(heartbeatTimeoutMs);
    if (history.current.attempt > 1) this.beat();
    this.takeBack = after(Math.min(FIRST_MS, interval), () => this.beatEvery(interval));
  }

  /** Sends what is known now, at once. */
  beat(): void {
    this.send(this.history.details(this.user));
  }

  /** The user's code heartbeats: its details travel beside ours. */
  userBeat(details: unknown): void {
    this.user = details;
    this.beat();
  }

  stop(): void {
    this.takeBack();
  }

  private beatEvery(interval: number): void {
    this.beat();
    this.takeBack = after(interval, () => this.beatEvery(interval));
  }
}

/** Coarse, unless a quarter of a second might be too late. */
function after(ms: number, fire: () => void): () => void {
  if (ms >= FIRST_MS) return coarseTimer(ms, fire);
  const timer = setTimeout(fire, ms).unref();
  return () => clearTimeout(timer);
}

/** A third of the timeout, between one and five seconds, but always well within the timeout. */
function heartbeatInterval(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined || timeoutMs <= 0) return LONGEST_MS;
  return Math.min(Math.max(timeoutMs / 3, FIRST_MS), LONGEST_MS, timeoutMs / 2);
}
