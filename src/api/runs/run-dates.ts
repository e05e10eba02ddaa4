import type { DagSpec } from '../../dag/spec.js';
import { timeScheduleOf } from '../../temporal/time-schedule.js';
import { datesOfRun, NotScheduledError, type RunDates } from '../../time/dates-of-run.js';
import { InstantError, parseInstant } from '../../time/instant.js';
import { Problem } from '../errors/problem.js';

/** A given logical date in epoch ms. Throws 400 for what is no RFC 3339 instant to the second. */
export function parseLogicalDate(text: string): number {
  try {
    return parseInstant(text);
  } catch (error) {
    if (!(error instanceof InstantError)) throw error;
    throw new Problem('invalid_fields', `logicalDate: ${error.message}.`, {
      errors: [{ pointer: '/logicalDate', detail: error.message }],
    });
  }
}

/** The dates of a new run of a stored DAG (R5). Throws 422 for a date that the schedule does not have, naming the nearest ones. */
export function datesOf(spec: DagSpec, logicalDate: number | undefined, now: number): RunDates {
  try {
    return datesOfRun({ schedule: timeScheduleOf(spec), timezone: spec.timezone, logicalDate, now });
  } catch (error) {
    if (!(error instanceof NotScheduledError)) throw error;
    throw new Problem('date_not_scheduled', error.message, { errors: [{ pointer: '/logicalDate', detail: error.message }] });
  }
}
