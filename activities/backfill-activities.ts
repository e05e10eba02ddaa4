import type { BackfillActivities, BackfillPort } from './backfill-calls.js';

/** Their names, which no activity of a user may have. */
export const BACKFILL_ACTIVITY_NAMES = [
  'advanceBackfill',
  'startBackfill',
] as const satisfies readonly (keyof BackfillActivities)[];

/** What backfills need, on the system queue. */
export function createBackfillActivities(backfills: BackfillPort): BackfillActivities {
  return {
    advanceBackfill: (input) => backfills.advance(input),
    startBackfill: (facts) => backfills.begin(facts),
  };
}
