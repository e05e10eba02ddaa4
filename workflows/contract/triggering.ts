import type { Json } from '../../src/dag/json.js';
import type { Failure, FinalRunState, OutputValue } from '../../src/dag/state.js';

/** Which task started a run. */
export interface TriggeredBy {
  readonly runId: string;
  readonly taskId: string;
  /** How many triggers in a row led to it, this one included. */
  readonly depth: number;
}

/** Asks for a run that a task starts. */
export interface TriggerInput {
  readonly dagId: string;
  /** Absent = the latest. */
  readonly version?: number;
  readonly params?: Json;
  /** An instant; absent = a run without a date. */
  readonly logicalDate?: Json;
  /** Names a run without a date: the same for each repetition of this request, and for no other. */
  readonly key: string;
  readonly by: TriggeredBy;
  /** A run of that date that somebody else has started is the answer; else it is a failure. */
  readonly useExisting: boolean;
}

/** The run; `started` = by this very task. Or why there is none, for good. */
export type Triggered = { readonly runId: string; readonly started: boolean } | { readonly failure: Failure };

/** How a run ended that a task has waited for. */
export interface TriggerEnd {
  readonly state: FinalRunState;
  readonly failure?: Failure;
  /** `{runId, state, outputs}`: the output of the task (R17). */
  readonly output: OutputValue;
}

/** Where the output of a trigger is kept when it is large. */
export interface TriggerEndInput {
  readonly runId: string;
  readonly task: string;
  readonly prefix: string;
  readonly inlineLimit: number;
}
