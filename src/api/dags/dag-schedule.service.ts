import { Injectable } from '@nestjs/common';
import type { DagHead } from '../../../workflows/contract.js';
import { parseDuration } from '../../dag/duration.js';
import type { DagSpec, ScheduleSpec } from '../../dag/spec.js';
import { pausedSince } from '../../temporal/paused-since.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { ScheduleGateway, type ScheduleReport } from '../../temporal/schedule-gateway.js';
import { timeScheduleOf, windowOfSpec, zoneOf } from '../../temporal/time-schedule.js';
import { VersionStore } from '../../temporal/version-store.js';
import { formatInstant } from '../../time/instant.js';
import { gapsIn, inForceFrom, outcomeOf, type Span, withBuffered } from '../../time/outcome.js';
import { dataIntervalOf, LAST_INSTANT, type TimeSchedule } from '../../time/schedule.js';
import { type TimeWindow, timesBefore, timesWithin } from '../../time/window.js';
import { dagPath, runPath } from '../base-path.js';
import { Problem } from '../errors/problem.js';
import { instant } from '../instant.js';
import { datedRun } from '../runs/run-id.js';
import { ApiSettings } from '../settings.js';
import { DagsService } from './dags.service.js';
import type { CatchUpDto, DagScheduleDto, PastTimeDto, ScheduledTimeDto, ScheduleGapDto } from './dto/schedule.dto.js';

/** Gaps are looked for among that many times, and so far back. */
const MOST_TIMES = 1_000;
const LOOK_BACK_MS = 7 * 86_400_000;
/** A run that was started is listed a moment later. */
const LISTED_AFTER_MS = 5_000;
/** A DAG that is stored, paused or resumed is so in Temporal a moment later. */
const HEARD_AFTER_MS = 5_000;

/** A schedule with all that is needed to compute its times. */
interface Timetable {
  readonly spec: DagSpec;
  readonly times: TimeSchedule;
  /** Absent = none of its times counts. */
  readonly window?: TimeWindow;
}

/** When DAGs run by themselves, and what became of it. */
@Injectable()
export class DagScheduleService {
  constructor(
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
    private readonly schedules: ScheduleGateway,
    private readonly runs: RunGateway,
    private readonly settings: ApiSettings,
  ) {}

  /** Throws 404 for a DAG that is not there or has no schedule, 410 for a deleted one. */
  async get(dagId: string, count: number): Promise<DagScheduleDto> {
    const head = await this.dags.head(dagId);
    const [{ spec }, report] = await Promise.all([this.versions.spec(head.latest), this.schedules.report(dagId)]);
    const times = timeScheduleOf(spec);
    if (times === undefined || head.schedule === undefined)
      throw new Problem('no_schedule', `The DAG ${dagId} has no schedule by time: it runs when it is started.`);
    const now = Date.now();
    const table: Timetable = { spec, times, window: windowOfSpec(spec, times) };
    const past = await this.past(head, table, report, now);
    return {
      dagId,
      ...(await this.state(head, report)),
      description: inWords(spec.schedule!, times),
      timezone: zoneOf(spec, times),
      startDate: spec.startDate,
      endDate: spec.endDate,
      catchup: spec.catchup ?? false,
      catchUp: catchUpView(head),
      catchupWindow: spec.catchupWindow ?? '1d',
      overlapPolicy: spec.overlapPolicy ?? 'allow_all',
      next: upcoming(table, now, count),
      last: past
        .slice(-count)
        .reverse()
        .map(({ time: _, ...shown }) => shown),
      gaps: gapsIn(past).map(gapView).reverse(),
      counts: report && { ...report.counts, since: instant(report.createdAt) },
      links: {
        dag: dagPath(dagId),
        runs: `${dagPath(dagId).replace(/\/dags\/.*/, '')}/runs?dagId=${encodeURIComponent(dagId)}`,
      },
    };
  }

  /** What the entity says, unless Temporal's Schedule is another: then the entity is told. */
  private async state(head: DagHead, report: ScheduleReport | undefined): Promise<Pick<DagScheduleDto, 'state' | 'note'>> {
    const { state, pause } = head.schedule!;
    if (state === 'pending') return { state, note: 'The Temporal Schedule is being brought in line with the DAG.' };
    if (report === undefined || report.paused !== head.paused) {
      await this.schedules.askForCheck(head.dagId);
      const what = report === undefined ? 'is not there' : report.paused ? 'is paused' : 'is not paused';
      return { state: 'pending', note: `The Temporal Schedule ${what}, against what the DAG says; it is being put right.` };
    }
    if (state === 'active' || pause === undefined) return { state };
    return { state, note: `The DAG is ${pausedSince(pause)}; times that pass are not run.` };
  }

  /** The times of the schedule as it is now that are over, ascending, with what became of them. */
  private async past(
    { dagId, schedule }: DagHead,
    { spec, times, window }: Timetable,
    report: ScheduleReport | undefined,
    now: number,
  ): Promise<(PastTimeDto & { readonly time: number })[]> {
    if (window === undefined) return [];
    // Catching up runs what was before the Temporal Schedule as well.
    const begin = spec.catchup === true ? schedule!.since : inForceFrom(schedule!.since, report?.createdAt, HEARD_AFTER_MS);
    const since = Math.max(begin, now - Math.min(LOOK_BACK_MS, this.settings.retentionMs));
    const first = Math.max(window.first ?? 0, since + 1);
    const over = timesBefore(times, { ...window, first }, now, MOST_TIMES);
    if (over.length === 0) return [];
    const dated = await this.runs.dated(dagId, { from: over[0]!, to: now + 1 });
    const policy = spec.overlapPolicy ?? 'allow_all';
    const facts = {
      pause: untilHeard(schedule!.pause),
      undealt: Math.min(report?.nextTimes[0] ?? Infinity, now - LISTED_AFTER_MS - jitterOf(spec.schedule!)),
      open:
        policy === 'allow_all' ? [] : [...dated.values()].map(({ startedAt, endedAt }) => ({ from: startedAt, to: endedAt })),
    };
    const past: (PastTimeDto & { readonly time: number })[] = [];
    for (const time of over) {
      const { runId, runKey } = datedRun(dagId, formatInstant(time));
      const run = dated.get(runId);
      // Temporal forgets, the report stays; and what has just been started is not listed yet.
      const hasRun =
        run !== undefined || report?.lastStarts.includes(runId) === true || (await this.runs.hasEnded(dagId, runKey));
      past.push({
        time,
        ...timeView(times, time),
        outcome: outcomeOf(time, { ...facts, hasRun }),
        ...(hasRun ? { runId, href: runPath(runId) } : {}),
        ...(run === undefined ? {} : { state: run.state }),
      });
    }
    return [...withBuffered(past, report?.counts.waiting ?? 0, policy === 'buffer_one')];
  }
}

/** Temporal hears of the end of a pause a moment later: what it passed over until then was paused as well. */
function untilHeard(pause: Span | undefined): Span | undefined {
  return pause?.to === undefined ? pause : { ...pause, to: pause.to + HEARD_AFTER_MS };
}

function catchUpView({ schedule, paused }: DagHead): CatchUpDto | undefined {
  if (schedule?.catchUp === undefined) return undefined;
  const { state, from, to, problem } = schedule.catchUp;
  return {
    state: state === 'running' && (paused || to === undefined) ? 'waiting' : state,
    ...(from === undefined ? {} : { from: formatInstant(from) }),
    ...(to === undefined ? {} : { to: formatInstant(to) }),
    problem,
  };
}

function upcoming({ times, window }: Timetable, now: number, count: number): ScheduledTimeDto[] {
  if (window === undefined) return [];
  const span = { from: now + 1, to: LAST_INSTANT };
  return timesWithin(times, window, span, count).map((time) => timeView(times, time));
}

function timeView(times: TimeSchedule, time: number): ScheduledTimeDto {
  const { start, end } = dataIntervalOf(times, time);
  return { logicalDate: formatInstant(time), dataInterval: { start: formatInstant(start), end: formatInstant(end) } };
}

function gapView({ outcome, from, to, times }: ReturnType<typeof gapsIn>[number]): ScheduleGapDto {
  return { outcome, from: formatInstant(from), to: formatInstant(to), times };
}

function jitterOf(schedule: ScheduleSpec): number {
  return typeof schedule === 'object' && 'jitter' in schedule && schedule.jitter !== undefined
    ? parseDuration(schedule.jitter)
    : 0;
}

/** A schedule as a person would say it. */
function inWords(schedule: ScheduleSpec, times: TimeSchedule): string {
  const late = jitterOf(schedule) > 0 ? `, up to ${(schedule as { jitter: string }).jitter} later` : '';
  if (typeof schedule === 'string') return `at ${schedule} in ${zoneOf({}, times)}`;
  if ('cron' in schedule) return `at ${[schedule.cron].flat().join(' and at ')} in ${zoneOf({}, times)}${late}`;
  if ('every' in schedule)
    return `every ${schedule.every}${schedule.offset === undefined ? '' : `, moved on by ${schedule.offset}`}${late}`;
  return `at ${schedule.at.length === 1 ? 'one moment' : `${schedule.at.length} moments`}`;
}
