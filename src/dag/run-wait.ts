import type { Json } from './json.js';
import type { FinalRunState, TaskState } from './state.js';

/** What a wait makes of a run, or of a task of it, that did not succeed: it fails, is skipped, or says so and waits for a repair. */
export const ON_UPSTREAM_FAILURE = ['fail', 'skip', 'alert'] as const;
export type OnUpstreamFailure = (typeof ON_UPSTREAM_FAILURE)[number];

/** Which run of a DAG a wait is for, as its author says it. */
export interface RunWaitPlan {
  readonly dag: string;
  /** A task of that run, instead of the whole. */
  readonly task?: string;
  /** Template of the date that is meant. Default: the end of the data interval of the run that waits, which is its date if it has one. */
  readonly date?: Json;
  /** Moves that date, in ms, back where it is negative. Default 0. */
  readonly offsetMs?: number;
  /** The newest run with a date in the time that long before it, in ms, which excludes its beginning. Default: the run of that date. */
  readonly windowMs?: number;
  /** The run that began last, whatever its date. Default: false. */
  readonly latest?: true;
  /** Default: fail. */
  readonly onFailure?: Exclude<OnUpstreamFailure, 'fail'>;
}

/** Which run somebody waits for. All dates are epoch ms. */
export type AwaitedRun =
  | { readonly dagId: string; readonly by: 'date'; readonly date: number }
  /** The newest one with a date from behind `after` to `until`. */
  | { readonly dagId: string; readonly by: 'window'; readonly after: number; readonly until: number }
  /** One that is known by its id. */
  | { readonly dagId: string; readonly by: 'id'; readonly runId: string }
  /** The one that began last. */
  | { readonly dagId: string; readonly by: 'latest' }
  /** The newest one with a date before this one, where there is any: what `dependsOnPast` looks at. */
  | { readonly dagId: string; readonly by: 'before'; readonly date: number };

/** A run that somebody waits for, as far as it is known. */
export interface FoundRun {
  readonly runId: string;
  readonly execution: number;
  /** Absent while it is open. */
  readonly state?: FinalRunState;
  /** The tasks that were asked for and have ended, by id; one that the run does not have is missing once the run has ended. */
  readonly tasks?: { readonly [taskId: string]: TaskState };
}

/** What became of what is waited for: `open` = not all of it has ended. */
export type AwaitedOutcome = 'open' | 'succeeded' | 'failed' | 'missing';

/**
 * What a found run means for whoever waits for these tasks of it, or for the whole where none are named. A task that was skipped
 * holds nobody up; `missing` = the run is over and never had a task of that name.
 */
export function awaitedOutcome({ state, tasks = {} }: FoundRun, wanted: readonly string[] | undefined): AwaitedOutcome {
  if (wanted === undefined) return state === undefined ? 'open' : state === 'success' ? 'succeeded' : 'failed';
  const states = wanted.map((id) => (Object.hasOwn(tasks, id) ? tasks[id] : undefined));
  if (states.some((each) => each !== undefined && each !== 'success' && each !== 'skipped')) return 'failed';
  if (states.every((each) => each !== undefined)) return 'succeeded';
  return state === undefined ? 'open' : 'missing';
}
