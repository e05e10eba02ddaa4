import type { Json } from './json.js';
import type { OnTimeout } from './wait-plan.js';

/** What becomes of a trigger whose run of that date is there already: it is waited for, or fails the task. */
export const ON_EXISTING_RUN = ['use', 'fail'] as const;

/** Triggers that may start one another in a row: more are taken for a circle. */
export const MAX_TRIGGER_DEPTH = 50;

/** A task that starts a run of another DAG, one of its own. Takes no place (R13). */
export interface TriggerPlan {
  readonly dag: string;
  /** Default: the latest when it starts. */
  readonly version?: number;
  /** Template of `{params, logicalDate}`, each of which may be absent: no params, a run without a date. */
  readonly input: Json;
  /** The task ends when the run has. Default: when it has been started. */
  readonly waits?: true;
  /** The task succeeds however the run ends. Default: it fails with it. */
  readonly tolerant?: true;
  /** The run goes on when the task is cancelled. Default: it is cancelled too, where it was started here. */
  readonly outlives?: true;
  /** Default: use. */
  readonly onExisting?: 'fail';
  /** Of the whole. Default: none (R19). */
  readonly timeoutMs?: number;
  readonly onTimeout: OnTimeout;
}
