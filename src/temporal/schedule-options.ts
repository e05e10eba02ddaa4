import { type CalendarSpec, DAYS_OF_WEEK, MONTHS, type ScheduleOptions, type ScheduleSpec } from '@temporalio/client';
import { DAG_RUN, dagScheduleId, type ScheduledRunInput, type ScheduleOrder } from '../../workflows/contract.js';
import { parseCron } from '../dag/cron.js';
import { parseDuration } from '../dag/duration.js';
import type { DagSpec, OverlapPolicy } from '../dag/spec.js';
import { formatInstant } from '../time/instant.js';
import type { TimeSchedule } from '../time/schedule.js';
import { pausedSince } from './paused-since.js';
import { fairnessKey } from './run-presentation.js';
import { scheduledSearchAttributes } from './run-row.js';
import { timeScheduleOf, windowOfSpec } from './time-schedule.js';

/** R26. */
const DEFAULT_CATCHUP_WINDOW_MS = 86_400_000;

const OVERLAP = {
  allow_all: 'ALLOW_ALL',
  skip: 'SKIP',
  buffer_one: 'BUFFER_ONE',
  buffer_all: 'BUFFER_ALL',
  cancel_other: 'CANCEL_OTHER',
  terminate_other: 'TERMINATE_OTHER',
} as const satisfies { readonly [policy in OverlapPolicy]: string };

/** How long after a time its run may still be started, in ms. */
export const catchupWindowMs = ({ catchupWindow }: Pick<DagSpec, 'catchupWindow'>): number =>
  catchupWindow === undefined ? DEFAULT_CATCHUP_WINDOW_MS : parseDuration(catchupWindow);

/** The Temporal Schedule of a DAG: fires at the times of `src/time`, and starts `dagRun` with a reference to the DAG. */
export function scheduleOptions(
  spec: DagSpec,
  pause: Pick<NonNullable<ScheduleOrder['wanted']>, 'pausedAt' | 'pausedBy' | 'pausedWhy'>,
  taskQueue: string,
): ScheduleOptions {
  const { id: dagId } = spec;
  const input: ScheduledRunInput = { scheduled: { dagId } };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: DAG_RUN,
    // Temporal appends the nominal time: that makes the id of a dated run (R2).
    workflowId: dagId,
    taskQueue,
    args: [input],
    typedSearchAttributes: scheduledSearchAttributes(dagId),
    staticSummary: `${dagId} · schedule`,
    priority: { priorityKey: 3, fairnessKey: fairnessKey(dagId) },
  };
  return {
    scheduleId: dagScheduleId(dagId),
    spec: timesOf(spec),
    policies: { overlap: OVERLAP[spec.overlapPolicy ?? 'allow_all'], catchupWindow: catchupWindowMs(spec) },
    action,
    state: { paused: pause.pausedAt !== undefined, note: noteOf(dagId, pause) },
  };
}

/** What people read in Temporal's Web UI beside the switch that is not theirs to press. */
function noteOf(dagId: string, { pausedAt, pausedBy, pausedWhy }: Parameters<typeof scheduleOptions>[1]): string {
  if (pausedAt === undefined)
    return `Kept by the DAG ${dagId}: what is changed here is put back. Pause or store the DAG instead.`;
  return `The DAG ${dagId} is ${pausedSince({ from: pausedAt, by: pausedBy, why: pausedWhy })}. Resume the DAG, not this Schedule.`;
}

function timesOf(spec: DagSpec): ScheduleSpec {
  const times = timeScheduleOf(spec)!;
  const window = windowOfSpec(spec, times);
  // A Schedule without any time never fires.
  if (window === undefined) return {};
  const written = spec.schedule!;
  const jitter =
    typeof written === 'object' && 'jitter' in written && written.jitter !== undefined ? parseDuration(written.jitter) : 0;
  return {
    ...formOf(times, written),
    ...(jitter > 0 ? { jitter } : {}),
    ...(window.first === undefined ? {} : { startAt: new Date(window.first) }),
    ...(window.last === undefined ? {} : { endAt: new Date(window.last) }),
  };
}

function formOf(times: TimeSchedule, written: NonNullable<DagSpec['schedule']>): ScheduleSpec {
  switch (times.kind) {
    case 'interval':
      return { intervals: [{ every: times.everyMs, offset: times.offsetMs }] };
    case 'at':
      return { calendars: times.at.map(momentCalendar), timezone: 'UTC' };
    case 'cron': {
      const texts = typeof written === 'string' ? [written] : 'cron' in written ? [written.cron].flat() : [];
      return { calendars: texts.map(cronCalendar), timezone: times.timezone };
    }
  }
}

/** A cron as a calendar: Temporal would make the same of its text, but then describe another Schedule than the one it was given. */
function cronCalendar(text: string): CalendarSpec {
  const { minutes, hours, daysOfMonth, months, daysOfWeek } = parseCron(text);
  return {
    ...calendar({ second: [0], minute: minutes, hour: hours, dayOfMonth: daysOfMonth, month: months, dayOfWeek: daysOfWeek }),
    comment: text,
  };
}

/** One moment (epoch ms), as a date in UTC that comes once. */
function momentCalendar(moment: number): CalendarSpec {
  const [year, month, dayOfMonth, hour, minute, second] = formatInstant(moment)
    .match(/\d+/g)!
    .map((digits) => [Number(digits)]) as [number[], number[], number[], number[], number[], number[]];
  return { ...calendar({ second, minute, hour, dayOfMonth, month, dayOfWeek: EVERY_DAY }), year: ranges(year) };
}

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];

/** Written out in full, as the server describes it. */
function calendar(
  values: {
    readonly [field in 'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek']: readonly number[];
  },
): CalendarSpec {
  return {
    second: ranges(values.second),
    minute: ranges(values.minute),
    hour: ranges(values.hour),
    dayOfMonth: ranges(values.dayOfMonth),
    month: ranges(values.month).map(({ start, end }) => ({ start: MONTHS[start - 1]!, end: MONTHS[end - 1]!, step: 1 })),
    dayOfWeek: ranges(values.dayOfWeek).map(({ start, end }) => ({
      start: DAYS_OF_WEEK[start]!,
      end: DAYS_OF_WEEK[end]!,
      step: 1,
    })),
  };
}

/** Ascending values as the fewest ranges of neighbours. */
function ranges(values: readonly number[]): { readonly start: number; readonly end: number; readonly step: 1 }[] {
  const found: { start: number; end: number; step: 1 }[] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last?.end === value - 1) last.end = value;
    else found.push({ start: value, end: value, step: 1 });
  }
  return found;
}
