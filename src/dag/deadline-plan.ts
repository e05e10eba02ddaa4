import type { Json } from './json.js';
import type { TaskPlan } from './plan.js';

/** From when the time of a deadline counts: of a run or a task it is queued, it starts; the run's date; a moment that is named. */
export const DEADLINE_REFERENCES = ['queued', 'start', 'logicalDate', 'fixed'] as const;
export type DeadlineReference = (typeof DEADLINE_REFERENCES)[number];

/** What a deadline that is missed does to the run, or to its task. */
export const DEADLINE_BEHAVIORS = ['alert', 'cancel', 'fail'] as const;
export type DeadlineBehavior = (typeof DEADLINE_BEHAVIORS)[number];

/** When a run, or a task of it, is to be done (R27). */
export interface DeadlinePlan {
  /** Index of the task; absent = the run. */
  readonly task?: number;
  readonly reference: DeadlineReference;
  readonly intervalMs: number;
  /** fixed: template of an instant. */
  readonly at?: Json;
  /** Default: alert. */
  readonly behavior?: Exclude<DeadlineBehavior, 'alert'>;
  /** What is done when it is missed, or will be; its id is a name, such as `deadline 1 hook`. Default: nothing. */
  readonly hook?: TaskPlan;
}

/**
 * `predicted`: it will be missed; `met`, `missed`: how it came; `ended`: the run, or the task, ended before it, without success; `passed`: it
 * had passed before the run was taken in, and is not applied.
 */
export const DEADLINE_STATES = ['pending', 'predicted', 'met', 'missed', 'ended', 'passed'] as const;
export type DeadlineState = (typeof DEADLINE_STATES)[number];

/** What is known of a deadline of a run. Times are epoch ms. */
export interface DeadlineRecord {
  /** Id of the task; absent = the run. */
  readonly task?: string;
  readonly reference: DeadlineReference;
  readonly behavior: DeadlineBehavior;
  readonly state: DeadlineState;
  /** Absent while it is not known. */
  readonly dueAt?: number;
  /** When it was met or missed, or said to be missed. */
  readonly at?: number;
  /** Of the last prediction: when it would be done, and the task that it is mostly due to. */
  readonly expectedAt?: number;
  readonly because?: string;
  /** How its hook ended the last time. */
  readonly hook?: { readonly state: 'running' | 'success' | 'failed' | 'skipped'; readonly message?: string };
}
