import type { BackfillStep, BackfillWork } from '../src/dag/backfill/backfill-walk.js';
import type { BackfillFacts } from '../workflows/contract.js';

/** What a backfill does to the world. */
export interface BackfillActivities {
  /** Carries out a step; all of it may be done twice. What can be mended later makes it fail as a whole. */
  advanceBackfill(input: AdvanceBackfill): Promise<BackfillStep>;
}

export interface AdvanceBackfill {
  readonly facts: BackfillFacts;
  readonly work: BackfillWork;
}

/** The gateway behind {@link BackfillActivities}: they get it from outside and never import `src/temporal`. */
export interface BackfillPort {
  advance(input: AdvanceBackfill): Promise<BackfillStep>;
}
