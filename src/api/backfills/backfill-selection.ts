import type { DagSpec } from '../../dag/spec.js';
import { timeScheduleOf, zoneOf } from '../../temporal/time-schedule.js';
import { formatInstant, InstantError, parseTimeBound, type TimeBound } from '../../time/instant.js';
import type { TimeSchedule } from '../../time/schedule.js';
import { countSelected, type IntervalSpan, mergedSpans } from '../../time/selection.js';
import { type FieldError, Problem } from '../errors/problem.js';
import type { CreateBackfillDto } from './dto/backfill-requests.dto.js';

/** Intervals of one backfill, at most: whoever wants more makes several. */
export const MAX_INTERVALS = 20_000;

/** What a request selects. */
export interface BackfillSelection {
  readonly spans: readonly IntervalSpan[];
  /** Intervals in all. */
  readonly total: number;
}

/**
 * The intervals that a request asks for. Throws 400 for dates that cannot be read, 422 for a DAG without a schedule by time, a range
 * that ends before it begins, one without any interval, one with more than {@link MAX_INTERVALS}, and a date on which none begins.
 */
export function selectionOf(request: CreateBackfillDto, spec: DagSpec): BackfillSelection {
  const schedule = timeScheduleOf(spec);
  if (schedule === undefined)
    throw new Problem(
      'dag_without_schedule',
      `The DAG ${spec.id} has no schedule by time, so there are no intervals to be made up for; start runs of it instead.`,
      { errors: [{ pointer: '/dagId', detail: 'has no schedule by time' }] },
    );
  const zone = zoneOf(spec, schedule);
  const spans = request.dates === undefined ? [rangeOf(request, zone)] : spansOf(request.dates, schedule, zone);
  const total = countSelected(schedule, spans, MAX_INTERVALS);
  if (total > MAX_INTERVALS)
    throw new Problem(
      'too_many_intervals',
      `The range has more than ${MAX_INTERVALS} intervals; choose a shorter one, and make several backfills of it.`,
      { errors: [{ pointer: '/to', detail: `more than ${MAX_INTERVALS} intervals` }] },
    );
  if (total === 0)
    throw new Problem(
      'no_intervals',
      `No interval of the DAG's schedule begins from ${formatInstant(spans[0]!.start)} to before ${formatInstant(spans.at(-1)!.end)}.`,
      { errors: [{ pointer: '/from', detail: 'no interval begins in this range' }] },
    );
  return { spans, total };
}

function rangeOf({ from, to }: CreateBackfillDto, zone: string): IntervalSpan {
  const { start } = boundOf(from!, '/from', zone);
  const { end } = boundOf(to!, '/to', zone);
  if (start >= end)
    throw new Problem('invalid_range', `from (${from}) is not before to (${to}).`, {
      errors: [{ pointer: '/from', detail: 'is not before to' }],
    });
  return { start, end };
}

function spansOf(dates: readonly string[], schedule: TimeSchedule, zone: string): IntervalSpan[] {
  const spans = dates.map((text, i) => {
    const { start, end } = boundOf(text, `/dates/${i}`, zone);
    // Of an instant: the interval that begins at it.
    return { start, end: end > start ? end : start + 1_000 };
  });
  const errors = spans.flatMap((span, i): FieldError[] =>
    countSelected(schedule, [span], 0) === 0 ? [{ pointer: `/dates/${i}`, detail: `no interval begins at ${dates[i]}` }] : [],
  );
  if (errors.length > 0) throw new Problem('date_not_scheduled', `${errors[0]!.detail}.`, { errors });
  return mergedSpans(spans);
}

function boundOf(text: string, pointer: string, zone: string): TimeBound {
  try {
    return parseTimeBound(text, zone);
  } catch (error) {
    if (!(error instanceof InstantError)) throw error;
    throw new Problem('invalid_fields', `${pointer.slice(1)}: ${error.message}.`, {
      errors: [{ pointer, detail: error.message }],
    });
  }
}
