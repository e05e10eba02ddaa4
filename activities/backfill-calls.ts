import type { BackfillStep, BackfillWork } from '../src/dag/backfill/backfill-walk.js';
import type { BackfillFacts } from '../workflows/contract.js';

/** What a backfill does to the world. */
export interface BackfillActivities {
  /** Carries out a step; all of it may be done twice. What can be mended later makes it fail as a whole. */
  advanceBackfill(input: AdvanceBackfill): Promise<BackfillStep>;
  /** Starts a backfill that follows another one; done twice it starts one. */
  startBackfill(facts: BackfillFacts): Promise<void>;
}

export interface AdvanceBackfill {
  readonly facts: BackfillFacts;
  readonly work: BackfillWork;
}

/** The gateway behind {@link BackfillActivities}: they get it from outside and never import `src/temporal`. */
export interface BackfillPort {
  advance(input: AdvanceBackfill): Promise<BackfillStep>;
  begin(facts: BackfillFacts): Promise<void>;
}
