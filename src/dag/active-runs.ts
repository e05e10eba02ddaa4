import type { DagPlan } from './plan.js';
import type { OnFull } from './pool/place.js';
import type { RunScope } from './scope.js';

/** How many runs of a DAG that a schedule or a backfill starts may be at work where it sets no `maxActiveRuns` of its own. */
export const DEFAULT_ACTIVE_RUNS = 16;

/** Priorities of runs among those that wait for a place (1 first): what is wanted now goes before what is made up for. */
const LIVE_PRIORITY = 3;
/** As what a backfill asks for its runs. */
export const BACKFILL_RUN_PRIORITY = 5;

/**
 * How many runs of its DAG may be at work for this one to be one of them; undefined = it need not ask, and does not count. A limit that
 * is declared holds for all runs together; without one those that somebody starts one by one are nobody's business.
 */
export function activeRunsLimit({ maxActiveRuns }: DagPlan, { trigger }: RunScope): number | undefined {
  if (maxActiveRuns !== undefined) return maxActiveRuns;
  return trigger === 'schedule' || trigger === 'backfill' ? DEFAULT_ACTIVE_RUNS : undefined;
}

/** In which order, and how patiently, a run asks for its place. A backfill wants all of its intervals: its runs always wait. */
export function placeTerms(
  { onRunLimit = 'queue' }: DagPlan,
  { trigger }: RunScope,
): { readonly priority: number; readonly onFull: OnFull } {
  if (trigger === 'backfill') return { priority: BACKFILL_RUN_PRIORITY, onFull: 'wait' };
  return { priority: LIVE_PRIORITY, onFull: ON_FULL[onRunLimit] };
}

const ON_FULL = { queue: 'wait', cancel_new: 'refuse', cancel_running: 'evict', fail: 'refuse' } as const;
