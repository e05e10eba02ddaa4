import { proxyActivities } from '@temporalio/workflow';
import type { SystemActivities } from '../activities/system-calls.js';
import type { RetentionInput } from './contract.js';

// A sweep of many runs takes its time; what one attempt deleted the next need not.
const { sweepRuns } = proxyActivities<SystemActivities>({
  summary: 'delete the reports, outputs and logs of runs that are too old',
  startToCloseTimeout: '2 hours',
  retry: { maximumAttempts: 5, initialInterval: '1 minute' },
});

/** Deletes what belongs to runs that closed longer ago than the retention (R3). Started daily by a Temporal Schedule. */
export async function retention({ retentionMs }: RetentionInput): Promise<{ readonly deleted: number }> {
  // Whole days: a run accepted late on a day is not swept early.
  return sweepRuns({ before: new Date(Date.now() - retentionMs).toISOString().slice(0, 10) });
}
