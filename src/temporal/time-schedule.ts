import { canonicalJson } from '../dag/canonical-json.js';
import { parseCron } from '../dag/cron.js';
import { parseDuration } from '../dag/duration.js';
import type { Json } from '../dag/json.js';
import type { DagSpec } from '../dag/spec.js';
import { sha256 } from '../objects/sha256.js';
import { parseTimeBound } from '../time/instant.js';
import { readSchedule } from '../time/read-schedule.js';
import type { TimeSchedule } from '../time/schedule.js';
import { type TimeWindow, windowOf } from '../time/window.js';

const FIELDS = ['schedule', 'startDate', 'endDate', 'timezone', 'catchupWindow', 'overlapPolicy'] as const;
/** The fields of a spec that say when it runs. */
export type TimeFields = Pick<DagSpec, (typeof FIELDS)[number]>;

/** The schedule by time of a stored spec, ready to compute with; undefined where it has none. */
export function timeScheduleOf({ schedule, timezone }: TimeFields): TimeSchedule | undefined {
  if (schedule === undefined || schedule === null) return undefined;
  return readSchedule(schedule, { parseCron, parseDuration }, timezone);
}

/** The zone of bare dates and of `run.ds`: the DAG's, else that of its cron schedule, else UTC (R5). */
export function zoneOf({ timezone }: Pick<DagSpec, 'timezone'>, schedule: TimeSchedule | undefined): string {
  return timezone ?? (schedule?.kind === 'cron' ? schedule.timezone : 'UTC');
}

/** What `startDate` and `endDate` leave of a schedule's times; undefined when that is nothing. */
export function windowOfSpec(spec: TimeFields, schedule: TimeSchedule): TimeWindow | undefined {
  const zone = zoneOf(spec, schedule);
  return windowOf(schedule, {
    ...(spec.startDate === undefined ? {} : { start: parseTimeBound(spec.startDate, zone) }),
    ...(spec.endDate === undefined ? {} : { end: parseTimeBound(spec.endDate, zone) }),
  });
}

/** A hash of the fields that say when a DAG runs by itself; undefined where it never does. */
export function timingOf(spec: TimeFields): string | undefined {
  if (spec.schedule === undefined || spec.schedule === null) return undefined;
  const fields = FIELDS.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]);
  return sha256(canonicalJson(Object.fromEntries(fields) as Json)).slice(0, 32);
}
