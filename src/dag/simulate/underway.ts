import type { DagPlan, RetryPlan, SubPlan } from '../plan.js';
import type { FinalTaskState } from '../state.js';
import type { Script, ScriptedWork } from './script.js';
import type { RunPlace, SimulatedChange, SimulatedRun, StopReason } from './simulation.js';
import type { Timeline } from './timeline.js';

/** Something that has been started: a task, an item, a hook. Tells its end once, by itself or soon after it was cancelled. */
export interface Underway {
  /** It is to stop, in good order. */
  cancel(): void;
}

/** The path of a task or a hook of that run. */
export function pathBelow({ path }: Pick<RunPlace, 'path'>, id: string): string {
  return path === '' ? id : `${path}/${id}`;
}

/** A run that is under way. */
export interface RunUnderway {
  /** No effect on a run that was stopped or is closing: the first reason stands. */
  stop(reason: StopReason): void;
}

/** What begins the run of a SubDAG. `done` is told when it has ended, hooks and all. */
export interface ChildOrder extends Pick<RunPlace, 'path' | 'of'> {
  readonly plan: DagPlan;
  /** The attempt before; what that achieved is kept. Default: nothing. */
  readonly before?: SimulatedRun;
  /** Of the task that it carries out, beside its own. Default: none. */
  readonly timeoutMs?: number;
  readonly done: (run: SimulatedRun) => void;
}

/** What all runs of one simulation share. */
export interface World {
  readonly timeline: Timeline;
  readonly script: Script;
  /** The plan of a SubDAG, where it is known. */
  readonly planOf: (sub: SubPlan, plan: DagPlan) => DagPlan | undefined;
  /** Whether walks go on from snapshots of themselves at this turn. */
  readonly hops: (turn: number) => boolean;
  readonly changes: SimulatedChange[];
  readonly begin: (order: ChildOrder) => RunUnderway;
}

/** How often, and for how long, something is tried. Default: once, for as long as it takes. */
export interface Attempts {
  readonly timeoutMs?: number;
  readonly retry?: Pick<RetryPlan, 'maxAttempts' | 'intervalMs' | 'multiplier' | 'maxIntervalMs'>;
}

/** Wait in ms before the attempt after this one; jitter is nothing that can be foreseen. */
export function waitMs({ intervalMs, multiplier, maxIntervalMs }: NonNullable<Attempts['retry']>, attempt: number): number {
  return Math.min(intervalMs * multiplier ** (attempt - 1), maxIntervalMs);
}

/** Does scripted work, attempt after attempt. A cancellation ends it at once. */
export function runAttempts(
  timeline: Timeline,
  { state = 'success', durationMs = 0, failures = 0 }: ScriptedWork,
  { timeoutMs = Infinity, retry }: Attempts,
  done: (state: FinalTaskState) => void,
): Underway {
  let next = begin(1);
  function begin(attempt: number): ReturnType<Timeline['after']> {
    const fails = attempt <= failures || durationMs > timeoutMs;
    return timeline.after(Math.min(durationMs, timeoutMs), () => {
      if (!fails) done(state);
      else if (retry === undefined || attempt >= retry.maxAttempts) done('failed');
      else next = timeline.after(waitMs(retry, attempt), () => (next = begin(attempt + 1)));
    });
  }
  return {
    cancel: () => {
      next.what = undefined;
      done('cancelled');
    },
  };
}
