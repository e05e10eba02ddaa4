import type { JsonObject } from '../../src/dag/json.js';

/** Update `approve`: a decision about a task that waits for approval. Never blocks. */
export const APPROVE_UPDATE = 'approve';

export interface ApproveInput {
  readonly taskId: string;
  readonly decision: 'approve' | 'reject';
  /** Who decides, as far as known. */
  readonly by?: string;
  readonly comment?: string;
  readonly inputs?: JsonObject;
}

export interface ApproveResult {
  readonly taskId: string;
  readonly decision: 'approve' | 'reject';
  /** Epoch ms. */
  readonly at: number;
}

/**
 * Types of the ApplicationFailures by which a run refuses a decision; the details of `inputs` are a list of
 * `{pointer, message}`. `later` = the run is about to go on in a new execution, or to end: ask again.
 */
export const APPROVE_REFUSALS = {
  notWaiting: 'NotWaiting',
  notApprover: 'NotApprover',
  inputs: 'InputsInvalid',
  later: 'TryAgain',
} as const;
