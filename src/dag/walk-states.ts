import type { FinalTaskState, TaskState } from './state.js';

/**
 * States of all tasks, one character each: `.` pending · `a` ready, its `when` already said yes · `r` running ·
 * `s` success · `f` failed · `k` skipped · `u` upstream_failed · `c` cancelled. Ready tasks whose `when` was not asked yet are pending.
 */
export type WalkStates = string;

/** States as bytes; from SUCCESS on they are final. */
export const PENDING = 0;
export const QUEUED = 1;
export const RUNNING = 2;
export const SUCCESS = 3;
export const FAILED = 4;
export const SKIPPED = 5;
export const UPSTREAM_FAILED = 6;
export const CANCELLED = 7;
/** The name of each byte. */
export const STATE_NAMES: readonly TaskState[] = [
  'pending',
  'queued',
  'running',
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'cancelled',
];
/** The letter of each byte in {@link WalkStates}. */
export const STATE_LETTERS = '.arsfkuc';

/** The byte of each final state. */
export const FINAL_STATE_BYTES: { readonly [state in FinalTaskState]: number } = {
  success: SUCCESS,
  failed: FAILED,
  skipped: SKIPPED,
  upstream_failed: UPSTREAM_FAILED,
  cancelled: CANCELLED,
};
