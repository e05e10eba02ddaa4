import type { Failure, FinalRunState, OutputValue } from './state.js';

/** How a child ended, as it tells its parent, and as it stands in its report for a parent that did not hear it. */
export interface ChildEnd {
  readonly state: FinalRunState;
  /** Of a success. */
  readonly output?: OutputValue;
  readonly failure?: Failure;
  /** Its tasks by state; absent where it was ended from outside. */
  readonly counts?: { readonly [state: string]: number | undefined };
}
