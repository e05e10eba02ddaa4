import type { CalendarFields } from './calendar.js';
import { parseTimeBound } from './instant.js';
import type { TimeSchedule } from './schedule.js';
import { isTimeZone } from './zone.js';

/** A schedule as authors write it, its shape already checked. */
export type WrittenSchedule =
  | string
  | { readonly cron: string | readonly string[]; readonly timezone?: string }
  | { readonly every: string; readonly offset?: string }
  | { readonly at: readonly string[]; readonly timezone?: string };

/** The readers of the core that this folder does not import; both throw errors of their own. */
export interface ScheduleReaders {
  parseCron(text: string): CalendarFields;
  /** ms. */
  parseDuration(text: string): number;
}

/** A schedule that means nothing; the message says what to write. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

/**
 * Makes a {@link TimeSchedule} of what the author wrote; `timezone` is the DAG's, default UTC. Throws
 * {@link ScheduleError}, InstantError and what the readers throw.
 */
export function readSchedule(written: WrittenSchedule, readers: ScheduleReaders, timezone = 'UTC'): TimeSchedule {
  if (typeof written === 'string') return readSchedule({ cron: written }, readers, timezone);
  if ('every' in written) return readInterval(written, readers);
  const zone = written.timezone ?? timezone;
  if (!isTimeZone(zone))
    throw new ScheduleError(
      `${JSON.stringify(zone)} is no time zone; write an IANA name as the database spells it, such as Europe/Berlin`,
    );
  if ('at' in written) {
    if (written.at.length === 0) throw new ScheduleError('`at` names no time; write at least one');
    return { kind: 'at', at: written.at.map((text) => parseTimeBound(text, zone).start) };
  }
  const crons = typeof written.cron === 'string' ? [written.cron] : written.cron;
  if (crons.length === 0) throw new ScheduleError('`cron` names no time; write at least one expression');
  return { kind: 'cron', crons: crons.map((text) => readers.parseCron(text)), timezone: zone };
}

function readInterval(
  { every, offset }: { readonly every: string; readonly offset?: string },
  readers: ScheduleReaders,
): TimeSchedule {
  const everyMs = readers.parseDuration(every);
  const offsetMs = offset === undefined ? 0 : readers.parseDuration(offset);
  if (everyMs < 1000 || everyMs % 1000 !== 0) throw new ScheduleError(`\`every: ${every}\` must be whole seconds, at least 1s`);
  if (offsetMs < 0 || offsetMs >= everyMs || offsetMs % 1000 !== 0)
    throw new ScheduleError(`\`offset: ${offset}\` must be whole seconds and shorter than \`every: ${every}\``);
  return { kind: 'interval', everyMs, offsetMs };
}
