import type { ChildEnd } from '../../src/dag/child-end.js';
import type { ChildKey } from '../../src/dag/child-id.js';
import type { Attempt } from '../../src/dag/state.js';

/** How a child finds its parent, and what it says who it is. */
export interface ParentLink extends ChildKey {
  /** Workflow id, without a Temporal run id: the parent may continue as new. */
  readonly workflowId: string;
  /** Execution of the parent (R4): a child of an earlier one means nothing to a later one. */
  readonly execution: number;
  /** Largest output in bytes that is told inline; above it the reference to a blob (R15). */
  readonly inlineLimit: number;
}

/** Signal {@link ChildEnded}: the last act of a child, after its report. */
export const CHILD_ENDED_SIGNAL = 'childEnded';

export interface ChildEnded extends ChildEnd, ChildKey {
  readonly execution: number;
}

/** A child that has not ended, as its parent remembers it. Times are epoch ms. */
export interface ChildRecord extends ChildKey {
  readonly startedAt: number;
  /** Set while no child runs and the next attempt is waited for: when it is due. */
  readonly retryAt?: number;
  /** Attempts before this one, all failed; those before a rewind are left out. */
  readonly earlier?: readonly Attempt[];
  /**
   * {@link TaskRecord.rewinds} of its task when it began. Where the task has been sent back since, its end counts for nothing but
   * that the task may start anew. Default 0.
   */
  readonly rewinds?: number;
  /** It was asked to stop. Default: false. */
  readonly cancelled?: true;
}
