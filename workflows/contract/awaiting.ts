import type { AwaitedRun, FoundRun } from '../../src/dag/run-wait.js';

/** Who waits for a run, and under which name of its own it wants to hear of it. */
export interface Waiter {
  /** Workflow id, without a Temporal run id: it may continue as new. */
  readonly workflowId: string;
  readonly token: string;
}

/** A question after a run that somebody waits for. */
export interface RunLookInput {
  readonly awaited: AwaitedRun;
  /** Tasks of that run, by id; absent = the whole run. */
  readonly tasks?: readonly string[];
  readonly waiter: Waiter;
  /** The task that waits, where runs may wait for each other in a circle; absent = they cannot. */
  readonly task?: string;
  /** Whether what failed ends the wait; else a repair of it is waited for. */
  readonly failureEnds: boolean;
  /** When the waiter gives up, epoch ms. */
  readonly until: number;
}

/**
 * The answer. `found`: what is known of the run now; where that does not end the wait, the waiter is told when there is more. `absent`:
 * there is no such run; the waiter is told when one begins, unless it is the one before (`by: before`), which nobody waits for. `never`:
 * there can be none, for that reason.
 */
export type RunLook =
  | { readonly look: 'found'; readonly run: FoundRun }
  | { readonly look: 'absent' }
  | { readonly look: 'never'; readonly message: string };

/** Signal {@link Watch} to an open run: it tells the waiter when it has ended, or the tasks that are named. */
export const WATCH_SIGNAL = 'watch';

export interface Watch {
  readonly waiter: Waiter;
  readonly tasks?: readonly string[];
}

/** Signal {@link RunWord} to whoever waits for a run. */
export const RUN_WORD_SIGNAL = 'runWord';

export interface RunWord {
  readonly token: string;
  /** What is known of the run; absent = one has begun that may be the one: look again. */
  readonly run?: FoundRun;
}

/** Update {@link AwaitRun} of a DAG's entity: the waiter is told when a run of that DAG begins, once. */
export const AWAIT_RUN_UPDATE = 'awaitRun';

export interface AwaitRun {
  readonly waiter: Waiter;
  /** Dates that matter, epoch ms, both included; absent = any run. */
  readonly dates?: { readonly from: number; readonly to: number };
  /** Epoch ms. */
  readonly until: number;
}

/** Signal {@link RunBegan} of a run to its DAG's entity, where somebody waits for runs of the DAG to begin. */
export const RUN_BEGAN_SIGNAL = 'runBegan';

export interface RunBegan {
  readonly runId: string;
  /** Epoch ms; absent = it has no date. */
  readonly date?: number;
}
