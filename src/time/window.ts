import type { TimeBound } from './instant.js';
import { nextTime, previousTime, type TimeSchedule, timesBetween } from './schedule.js';

/** The part of a schedule's nominal times that counts, both ends inclusive, in epoch ms; absent = no bound. */
export interface TimeWindow {
  readonly first?: number;
  readonly last?: number;
}

/**
 * The window of a DAG's `startDate` and `endDate`, which select by the START of the data interval (R5): the first time is
 * the one that ends the first interval to begin at `start.start` or later, the last one ends the last interval to begin before
 * `end.end`. Undefined when no time is left.
 */
export function windowOf(
  schedule: TimeSchedule,
  { start, end }: { readonly start?: TimeBound; readonly end?: TimeBound },
): TimeWindow | undefined {
  const first = start && firstFrom(schedule, start.start);
  const last = end && lastUntil(schedule, end.end);
  if ((start && first === undefined) || (end && last === undefined)) return undefined;
  if (first !== undefined && last !== undefined && first > last) return undefined;
  return { ...(first === undefined ? {} : { first }), ...(last === undefined ? {} : { last }) };
}

/** The nominal times of a window in `from` (inclusive) to `to` (exclusive), epoch ms, ascending, at most `limit`. */
export function timesWithin(
  schedule: TimeSchedule,
  { first, last }: TimeWindow,
  span: { readonly from: number; readonly to: number },
  limit: number,
): number[] {
  const from = first === undefined ? span.from : Math.max(span.from, first);
  const to = last === undefined ? span.to : Math.min(span.to, last + 1000);
  return timesBetween(schedule, from, to, limit);
}

/** The last nominal times of a window before an instant (epoch ms), ascending, at most `limit`. */
export function timesBefore(schedule: TimeSchedule, { first, last }: TimeWindow, before: number, limit: number): number[] {
  const times: number[] = [];
  let time = previousTime(schedule, last === undefined ? before : Math.min(before, last + 1000));
  while (time !== undefined && (first === undefined || time >= first) && times.length < limit) {
    times.push(time);
    time = previousTime(schedule, time);
  }
  return times.reverse();
}

function firstFrom(schedule: TimeSchedule, start: number): number | undefined {
  const begin = nextTime(schedule, Math.ceil(start / 1000) * 1000 - 1000);
  // The very first time of all has an empty interval, at itself.
  if (begin === undefined || previousTime(schedule, begin) === undefined) return begin;
  return nextTime(schedule, begin);
}

function lastUntil(schedule: TimeSchedule, end: number): number | undefined {
  const begin = previousTime(schedule, end);
  return begin === undefined ? undefined : (nextTime(schedule, begin) ?? begin);
}
