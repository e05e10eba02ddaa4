import { type CalendarFields, LAST_YEAR, nextMatch } from './calendar.js';
import { daysOf, Zone } from './zone.js';

/** A schedule by time, ready to compute with. Whole seconds throughout, as in the Temporal server. */
export type TimeSchedule = CronSchedule | IntervalSchedule | MomentSchedule;

/** All times that any of the expressions names, in one zone. */
export interface CronSchedule {
  readonly kind: 'cron';
  readonly crons: readonly CalendarFields[];
  /** IANA name. */
  readonly timezone: string;
}

/** Every `everyMs` since 1970-01-01T00:00:00Z, moved on by `offsetMs`. */
export interface IntervalSchedule {
  readonly kind: 'interval';
  /** At least 1,000, whole seconds. */
  readonly everyMs: number;
  /** 0 up to everyMs, whole seconds. */
  readonly offsetMs: number;
}

/** These moments, in epoch ms, in any order. */
export interface MomentSchedule {
  readonly kind: 'at';
  readonly at: readonly number[];
}

/** The half-open stretch of data that a run stands for, in epoch ms: `start` inclusive, `end` exclusive. */
export interface DataInterval {
  readonly start: number;
  readonly end: number;
}

/** Schedules compute from here to the end of this span, in epoch ms: 1970 up to the last year of the Temporal server. */
export const FIRST_INSTANT = 0;
export const LAST_INSTANT = (daysOf(LAST_YEAR + 1, 1, 1) * 86_400 - 1) * 1000;

const HOUR = 3600;

/** The first nominal time after an instant (epoch ms); undefined when none comes. */
export function nextTime(schedule: TimeSchedule, after: number): number | undefined {
  const from = Math.floor(after / 1000);
  if (schedule.kind === 'at') return least(schedule.at.map(wholeSecond).filter((time) => time > from));
  if (schedule.kind === 'interval') return inSpan(nextOfInterval(schedule, Math.max(from, -1)));
  return inSpan(nextOfCrons(schedule, from, settled(schedule, from)));
}

/** The last nominal time before an instant (epoch ms); undefined when there is none since 1970. */
export function previousTime(schedule: TimeSchedule, before: number): number | undefined {
  const to = Math.ceil(before / 1000);
  if (schedule.kind === 'at')
    return least(
      schedule.at.map((time) => -wholeSecond(time)).filter((time) => -time < to),
      -1000,
    );
  if (schedule.kind === 'interval') {
    const every = schedule.everyMs / 1000;
    return inSpan(nextOfInterval(schedule, Math.min(to, LAST_INSTANT / 1000 + 1) - 1 - every));
  }
  const last = Math.min(to, LAST_INSTANT / 1000 + 1);
  // Ever longer stretches of the past, until one holds a time: that costs about as many steps as the last stretch holds.
  for (let back = HOUR; ; back *= 2) {
    const start = settled(schedule, Math.max(-1, last - back));
    let found: number | undefined;
    for (let time = earliest(schedule, start); time !== undefined && time < last; time = earliest(schedule, time)) found = time;
    if (found !== undefined) return inSpan(found);
    if (last - back <= 0) return undefined;
  }
}

/** The nominal times in `from` (inclusive) to `to` (exclusive), epoch ms, ascending, at most `limit`. */
export function timesBetween(schedule: TimeSchedule, from: number, to: number, limit: number): number[] {
  const times: number[] = [];
  let time = nextTime(schedule, Math.ceil(from / 1000) * 1000 - 1000);
  while (time !== undefined && time < to && times.length < limit) {
    times.push(time);
    // One of the schedule's own times is as good a start as one long before it, and cheaper.
    time = schedule.kind === 'cron' ? inSpan(earliest(schedule, time / 1000)) : nextTime(schedule, time);
  }
  return times;
}

/** Whether an instant (epoch ms) is one of the schedule's nominal times. */
export function isNominalTime(schedule: TimeSchedule, instant: number): boolean {
  return instant % 1000 === 0 && nextTime(schedule, instant - 1000) === instant;
}

/**
 * The data interval of the run at a nominal time (epoch ms): from the nominal time before, which is the time itself when
 * there is none (R5).
 */
export function dataIntervalOf(schedule: TimeSchedule, nominal: number): DataInterval {
  return { start: previousTime(schedule, nominal) ?? nominal, end: nominal };
}

/** The last data interval that has ended at an instant (epoch ms); undefined before the first nominal time. */
export function lastCompleteInterval(schedule: TimeSchedule, instant: number): DataInterval | undefined {
  const end = previousTime(schedule, Math.floor(instant / 1000) * 1000 + 1000);
  return end === undefined ? undefined : dataIntervalOf(schedule, end);
}

/**
 * A second from which stepping on gives the times that the server steps through. In a doubled hour, and for the rest of a
 * day whose midnight is missing, its answer depends on where it starts from; started well before, as a running
 * schedule is, it does not.
 */
function settled(schedule: CronSchedule, second: number): number {
  const { start, end } = Zone.of(schedule.timezone).period(second);
  if (second - start < 26 * HOUR) return Math.max(-1, start - 4 * HOUR);
  return end - second < 2 * HOUR ? second - 4 * HOUR : second;
}

function nextOfCrons(schedule: CronSchedule, after: number, from: number): number | undefined {
  let time = earliest(schedule, Math.max(-1, from));
  while (time !== undefined && time <= after) time = earliest(schedule, time);
  return time;
}

function earliest(schedule: CronSchedule, after: number): number | undefined {
  const zone = Zone.of(schedule.timezone);
  let first: number | undefined;
  for (const fields of schedule.crons) {
    const time = nextMatch(fields, zone, after);
    if (time !== undefined && (first === undefined || time < first)) first = time;
  }
  return first;
}

function nextOfInterval({ everyMs, offsetMs }: IntervalSchedule, after: number): number {
  const every = everyMs / 1000;
  const offset = offsetMs / 1000;
  return (Math.floor((after - offset) / every) + 1) * every + offset;
}

function inSpan(second: number | undefined): number | undefined {
  if (second === undefined || second * 1000 < FIRST_INSTANT || second * 1000 > LAST_INSTANT) return undefined;
  return second * 1000;
}

function least(seconds: readonly number[], scale = 1000): number | undefined {
  return seconds.length === 0 ? undefined : seconds.reduce((a, b) => Math.min(a, b)) * scale;
}

function wholeSecond(instant: number): number {
  return Math.floor(instant / 1000);
}
