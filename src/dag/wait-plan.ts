import type { Json } from './json.js';
import type { RunWaitPlan } from './run-wait.js';

/** What a wait or an approval becomes when its `timeout` passes (R19). */
export const ON_TIMEOUT = ['fail', 'skip', 'continue'] as const;
export type OnTimeout = (typeof ON_TIMEOUT)[number];

/** A task that waits: by a timer of the run itself, by polls, which are attempts of one activity, or for a run. Takes no place (R13). */
export interface WaitPlan {
  /** `duration` from its start or `until` an instant; the value is a text or a template that gives one. */
  readonly timer?: { readonly by: 'duration' | 'until'; readonly value: Json };
  readonly poll?: PollPlan;
  /** A run of another DAG, or a task of one. */
  readonly run?: RunWaitPlan;
  /** Of the whole wait (R19). */
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}

/** What is looked at again and again. */
export const POLLED = ['file', 'http', 'sql'] as const;

export interface PollPlan {
  readonly what: (typeof POLLED)[number];
  /** What it looks at, for readers: the pattern, method and URL, or query as the spec has it, on one line, cut. */
  readonly about: string;
  /** Index into `DagPlan.bodies`. */
  readonly body: number;
  /** Temporal task queue, one of our own; absent = the run's. */
  readonly queue?: string;
  readonly pace: PollPace;
}

/** How often: the n-th pause is `everyMs * multiplier ** (n - 1)`, at most `maxIntervalMs`. */
export interface PollPace {
  readonly everyMs: number;
  readonly multiplier: number;
  readonly maxIntervalMs: number;
}
