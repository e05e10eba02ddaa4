import type { Failure } from '../../src/dag/state.js';
import type { DagRunInput } from './run.js';
import type { RunMemo } from './run-facts.js';

/**
 * Argument of `dagRun` when a Temporal Schedule starts it: a reference, since a Schedule keeps its arguments for good. Version, dates and
 * params are looked up by the run's first act.
 */
export interface ScheduledRunInput {
  readonly scheduled: { readonly dagId: string };
}

/** Search attributes that Temporal sets on what a Schedule starts: the nominal time, and the Schedule's id. */
export const SCHEDULED_TIME_ATTRIBUTE = 'TemporalScheduledStartTime';

export const SCHEDULED_BY_ATTRIBUTE = 'TemporalScheduledById';

/** What a run that a Schedule has started asks. Times are epoch ms. */
export interface ScheduledStart {
  readonly dagId: string;
  readonly runId: string;
  readonly nominal: number;
  /** When its workflow was started; the version is the one that was the newest then. */
  readonly firedAt: number;
  /** It is started later to make up for its date: that the DAG was paused then is no reason against it. */
  readonly madeUp?: true;
}

/**
 * Why a start by a Schedule comes to nothing: the run of that date `exists` already, the DAG is `deleted` or was `paused` at that time, or it
 * is `unscheduled`: its schedule has no such time (R3).
 */
export interface SkippedStart {
  readonly skipped: 'exists' | 'deleted' | 'paused' | 'unscheduled';
  readonly message: string;
}

/** What a run that a Schedule has started is. */
export interface ResolvedStart {
  readonly input: DagRunInput;
  readonly memo: RunMemo;
  /** Why it cannot begin: it closes with that. */
  readonly failure?: Failure;
}
