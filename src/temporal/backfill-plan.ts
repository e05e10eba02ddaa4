import type { BackfillFacts } from '../../workflows/contract.js';
import { type OutReason, type PlannedInterval, type PlanPage, type Verdict, verdictOf } from '../dag/backfill/backfill.js';
import { runKeyOf } from '../dag/child-id.js';
import type { DagSpec } from '../dag/spec.js';
import { formatInstant } from '../time/instant.js';
import { selectedTimes } from '../time/selection.js';
import type { RunGateway } from './run-gateway.js';
import { timeScheduleOf } from './time-schedule.js';

/** Runs that are asked about at the same time. */
const AT_ONCE = 20;
/** A page that takes longer, since Temporal is slow, ends early: what is left comes with the next one. */
const PAGE_MS = 3_000;

/** An interval of a backfill, whether it is to be run, and why. */
export interface JudgedInterval {
  /** Nominal time, epoch ms. */
  readonly time: number;
  readonly runId: string;
  readonly verdict: Verdict;
}

/** What of {@link BackfillFacts} decides over an interval. */
export type PlanTerms = Pick<BackfillFacts, 'dagId' | 'spans' | 'order' | 'reprocess' | 'acceptedAt'>;

/** The run of a DAG for a nominal time (R2). */
export const datedRunId = (dagId: string, time: number): string => `${dagId}-${formatInstant(time)}`;

/**
 * The intervals behind `after` (absent = from the beginning), at most `limit` of them, with what is done with each of them and why;
 * `next` is where to go on, absent = that was all.
 */
export async function judgedIntervals(
  runs: Pick<RunGateway, 'standing'>,
  spec: DagSpec,
  terms: PlanTerms,
  page: { readonly after?: number; readonly limit: number },
): Promise<{ readonly intervals: readonly JudgedInterval[]; readonly next?: number }> {
  const { dagId, spans, order, reprocess, acceptedAt } = terms;
  const schedule = timeScheduleOf(spec);
  const times = schedule === undefined ? [] : selectedTimes(schedule, spans, { order, ...page });
  const until = Date.now() + PAGE_MS;
  const intervals: JudgedInterval[] = [];
  for (let at = 0; at < times.length; at += AT_ONCE) {
    if (at > 0 && Date.now() > until) return { intervals, next: intervals.at(-1)!.time };
    const judged = times.slice(at, at + AT_ONCE).map(async (time): Promise<JudgedInterval> => {
      const runId = datedRunId(dagId, time);
      if (time > acceptedAt) return { time, runId, verdict: { out: 'future' } };
      const standing = await runs.standing(runId);
      const state = standing?.open ? 'open' : standing?.state === 'success' ? 'success' : 'unsuccessful';
      return {
        time,
        runId,
        verdict: verdictOf(reprocess, standing && { execution: standing.run.execution, state }),
      };
    });
    intervals.push(...(await Promise.all(judged)));
  }
  return { intervals, ...(times.length < page.limit ? {} : { next: times.at(-1)! }) };
}

/** The same as the workflow needs it: what is to be run, and how many are not. */
export async function planPage(
  runs: Pick<RunGateway, 'standing'>,
  spec: DagSpec,
  terms: PlanTerms,
  page: { readonly after?: number; readonly limit: number },
): Promise<PlanPage> {
  const { intervals, next } = await judgedIntervals(runs, spec, terms, page);
  const planned: PlannedInterval[] = [];
  const out: { [reason in OutReason]?: number } = {};
  for (const { time, verdict } of intervals) {
    if ('in' in verdict) planned.push({ time, execution: verdict.execution });
    else out[verdict.out] = (out[verdict.out] ?? 0) + 1;
  }
  return { intervals: planned, out, ...(next === undefined ? {} : { next }) };
}

/** Key of such a run (R2). */
export const datedRunKey = (dagId: string, time: number): string => runKeyOf(datedRunId(dagId, time));
