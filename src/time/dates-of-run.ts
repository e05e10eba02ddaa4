import { dateIn, formatInstant } from './instant.js';
import {
  type DataInterval,
  dataIntervalOf,
  isNominalTime,
  lastCompleteInterval,
  nextTime,
  previousTime,
  type TimeSchedule,
} from './schedule.js';

/** The dates of a run, fixed when it is created (R5). Instants are RFC 3339 UTC to the second. */
export interface RunDates {
  /** false: not tied to a date; logicalDate is then the moment of acceptance. */
  readonly dated: boolean;
  readonly logicalDate: string;
  readonly dataInterval: { readonly start: string; readonly end: string };
  /** Date of dataInterval.start in the DAG's zone: `2024-01-31`. */
  readonly ds: string;
  /** `20240131`. */
  readonly dsNodash: string;
}

/** What {@link datesOfRun} goes by. Instants in epoch ms. */
export interface DatesOfRunInput {
  /** Absent: the DAG has no schedule by time. */
  readonly schedule?: TimeSchedule;
  /** The DAG's zone; default: that of its cron schedule, else UTC. */
  readonly timezone?: string;
  /** Absent: an undated run. */
  readonly logicalDate?: number;
  /** The moment of acceptance. */
  readonly now: number;
}

/** A logical date that is none of the schedule's times; names the nearest ones, where there are any. */
export class NotScheduledError extends Error {
  override readonly name = 'NotScheduledError';

  constructor(
    readonly logicalDate: string,
    /** The last time of the schedule before it, RFC 3339. */
    readonly before: string | undefined,
    /** The first time of the schedule after it, RFC 3339. */
    readonly after: string | undefined,
  ) {
    const near = [before, after].filter((time) => time !== undefined);
    const hint =
      near.length === 2
        ? `the nearest are ${before} and ${after}`
        : near.length === 1
          ? `the nearest is ${near[0]}`
          : 'it has no times at all';
    super(`${logicalDate} is not one of the schedule's times; ${hint}. Leave logicalDate out for a run without a date.`);
  }
}

/**
 * The dates of a run (R5): a dated one ends its data interval at `logicalDate`, which must be one of the schedule's times
 * (else {@link NotScheduledError}); an undated one takes the last interval that has ended. Without a schedule, or before its first
 * time, the interval is empty, at the logical date. Throws RangeError for an unknown zone.
 */
export function datesOfRun({ schedule, timezone, logicalDate, now }: DatesOfRunInput): RunDates {
  const instant = Math.floor((logicalDate ?? now) / 1000) * 1000;
  const empty = { start: instant, end: instant };
  let interval: DataInterval = empty;
  if (schedule !== undefined && logicalDate !== undefined) {
    if (!isNominalTime(schedule, logicalDate)) {
      const [before, after] = [previousTime(schedule, logicalDate), nextTime(schedule, logicalDate)];
      throw new NotScheduledError(
        formatInstant(logicalDate),
        before === undefined ? undefined : formatInstant(before),
        after === undefined ? undefined : formatInstant(after),
      );
    }
    interval = dataIntervalOf(schedule, logicalDate);
  } else if (schedule !== undefined) {
    interval = lastCompleteInterval(schedule, instant) ?? empty;
  }
  const zone = timezone ?? (schedule?.kind === 'cron' ? schedule.timezone : 'UTC');
  const ds = dateIn(interval.start, zone);
  return {
    dated: logicalDate !== undefined,
    logicalDate: formatInstant(instant),
    dataInterval: { start: formatInstant(interval.start), end: formatInstant(interval.end) },
    ds,
    dsNodash: ds.replaceAll('-', ''),
  };
}
