import { dataIntervalOf, type TimeSchedule } from './schedule.js';
import { timesBefore, timesWithin, windowOf } from './window.js';

/** A stretch of time in epoch ms that selects data intervals by their start: `start` inclusive, `end` exclusive. */
export interface IntervalSpan {
  readonly start: number;
  readonly end: number;
}

/** Which of the selected intervals are wanted. */
export interface SelectionPage {
  /** `oldest` = ascending. */
  readonly order: 'oldest' | 'newest';
  /** The nominal time (epoch ms) to go on behind; absent = from the beginning. */
  readonly after?: number;
  readonly limit: number;
}

/** The same spans in order, those that touch or overlap as one. */
export function mergedSpans(spans: readonly IntervalSpan[]): IntervalSpan[] {
  const merged: IntervalSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && span.start <= last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else merged.push(span);
  }
  return merged;
}

/**
 * Nominal times (epoch ms) of the intervals that begin in one of the spans (R5), in the order that is asked for. `spans` as
 * {@link mergedSpans} gives them. Pages that follow each other give each time once.
 */
export function selectedTimes(schedule: TimeSchedule, spans: readonly IntervalSpan[], page: SelectionPage): number[] {
  const { order, after, limit } = page;
  const oldest = order === 'oldest';
  const begun = after === undefined ? undefined : dataIntervalOf(schedule, after).start;
  const times: number[] = [];
  for (const span of oldest ? spans : [...spans].reverse()) {
    if (times.length >= limit) break;
    // Behind us: not worth the search for its bounds.
    if (begun !== undefined && (oldest ? span.end <= begun : span.start > begun)) continue;
    const window = windowOf(schedule, {
      start: { start: span.start, end: span.start },
      end: { start: span.end, end: span.end },
    });
    if (window?.first === undefined || window.last === undefined) continue;
    const { first, last } = window;
    const left = limit - times.length;
    if (oldest)
      times.push(...timesWithin(schedule, window, { from: after === undefined ? first : after + 1, to: last + 1 }, left));
    else times.push(...timesBefore(schedule, window, after ?? last + 1, left).reverse());
  }
  return times;
}

/** How many intervals the spans select, counted no further than `most` + 1. */
export function countSelected(schedule: TimeSchedule, spans: readonly IntervalSpan[], most: number): number {
  return selectedTimes(schedule, spans, { order: 'oldest', limit: most + 1 }).length;
}
