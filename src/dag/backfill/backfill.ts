import type { ValidationProgress } from './chunk-validation.js';

/** Which intervals that were run before are run again (R4). */
export const REPROCESS = ['none', 'failed', 'completed'] as const;
export type Reprocess = (typeof REPROCESS)[number];

/** In which order intervals are run. */
export const BACKFILL_ORDERS = ['oldest', 'newest'] as const;
export type BackfillOrder = (typeof BACKFILL_ORDERS)[number];

/**
 * `paused`: nothing more is started until it is resumed. `stopped`: the same, by itself: its failure budget is used up, or something is
 * wrong with the DAG. `cancelling`: what runs is waited for. The last three are final.
 */
export const BACKFILL_STATES = ['running', 'paused', 'stopped', 'cancelling', 'success', 'failed', 'cancelled'] as const;
export type BackfillState = (typeof BACKFILL_STATES)[number];

/** Why an interval is in a backfill: it has no run yet, its run did not succeed, or it is to be done again. */
export const IN_REASONS = ['new', 'unsuccessful', 'again'] as const;
/**
 * Why an interval is not in it: it has a run (`reprocess: none`), its run succeeded (`reprocess: failed`), its run is open now, or
 * its time has not come.
 */
export const OUT_REASONS = ['has_run', 'succeeded', 'open', 'future'] as const;
export type InReason = (typeof IN_REASONS)[number];
export type OutReason = (typeof OUT_REASONS)[number];

/** What is known of the run of an interval when it is planned. */
export interface KnownRun {
  /** The newest execution (R4). */
  readonly execution: number;
  readonly state: 'open' | 'success' | 'unsuccessful';
}

/** Whether an interval is to be run, and why. */
export type Verdict = { readonly in: InReason /** Of its run. */; readonly execution: number } | { readonly out: OutReason };

/** What is done with an interval, by what is known of its run. */
export function verdictOf(reprocess: Reprocess, run: KnownRun | undefined): Verdict {
  if (run === undefined) return { in: 'new', execution: 1 };
  if (reprocess === 'none') return { out: 'has_run' };
  if (run.state === 'open') return { out: 'open' };
  const execution = run.execution + 1;
  if (run.state === 'unsuccessful') return { in: 'unsuccessful', execution };
  return reprocess === 'failed' ? { out: 'succeeded' } : { in: 'again', execution };
}

/** An interval that is to be run: its nominal time (epoch ms), and which execution of its run it will be (R4). */
export interface PlannedInterval {
  readonly time: number;
  readonly execution: number;
}

/** Intervals by why they are not in; reasons without any are absent. */
export type OutCounts = { readonly [reason in OutReason]?: number };

/** A part of the plan. */
export interface PlanPage {
  readonly intervals: readonly PlannedInterval[];
  readonly out: OutCounts;
  /** The nominal time (epoch ms) that was looked at last; absent = that was all. */
  readonly next?: number;
}

/** How a backfill stands. Times are epoch ms. */
export interface BackfillProgress {
  readonly state: BackfillState;
  /** Intervals of the whole selection. */
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: number;
  /** Neither over, nor at work, nor found to be out: some of these may still prove to be. */
  readonly left: number;
  readonly out: OutCounts;
  /** How many may be at work at the same time now. */
  readonly pace: number;
  /** The validation that was begun last; absent before the first, and where none is asked for. */
  readonly validation?: ValidationProgress;
  /** Why it stopped by itself. */
  readonly reason?: string;
  /** By how long it took so far; absent before the first run has ended and while nothing is started. */
  readonly estimatedEndAt?: number;
  readonly updatedAt: number;
}
