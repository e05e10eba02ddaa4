import { CronError, parseCron } from '../cron.js';
import { parseDuration } from '../duration.js';
import { pointer } from '../json-pointer.js';
import type { ScheduleSpec } from '../spec.js';
import type { Checking } from './checking.js';
import { type DateText, readDate } from './date-text.js';
import { checkDuration } from './duration-check.js';

const MAX_CRONS = 100;
const MAX_TIMES = 1000;
const ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

/** Temporal takes no shorter one. */
const MIN_CATCHUP_WINDOW_MS = 10_000;

/** `schedule startDate endDate timezone catchup catchupWindow overlapPolicy` (R5, R26). */
export function checkSchedule(checking: Checking): void {
  const { spec, issues } = checking;
  checkZone(checking, '/timezone', spec.timezone);
  const start = checkDate(checking, '/startDate', spec.startDate);
  const end = checkDate(checking, '/endDate', spec.endDate);
  if (start !== undefined && end !== undefined) {
    const apart = end.ms - start.ms + (end.bare ? 86_400_000 : 0);
    if (apart <= 0)
      issues.error(
        'bad_date',
        '/endDate',
        `the end ${spec.endDate ?? ''} is not after the start ${spec.startDate ?? ''}: no run would ever be due`,
      );
  }
  checkPolicies(checking);
  const { schedule } = spec;
  if (schedule === undefined) return;
  if (typeof schedule === 'string') checkCron(checking, '/schedule', schedule);
  else checkForm(checking, schedule);
}

/** What happens with times that come too early or too late. */
function checkPolicies(checking: Checking): void {
  const { spec, issues } = checking;
  const { overlapPolicy } = spec;
  const window = checkDuration(checking, '/catchupWindow', spec.catchupWindow);
  if (window !== undefined && window < MIN_CATCHUP_WINDOW_MS)
    issues.error('invalid_value', '/catchupWindow', `must be at least 10s, not ${spec.catchupWindow}`);
  if (spec.catchup === true && spec.startDate === undefined && spec.schedule !== undefined && spec.schedule !== null)
    issues.warning(
      'no_past',
      '/catchup',
      "runs all dates from 'startDate' on that have no run, and there is no 'startDate': nothing is made up for; write one",
    );
  if (overlapPolicy === undefined || overlapPolicy === 'allow_all') return;
  if (spec.catchup === true)
    issues.error(
      'not_allowed_with',
      '/overlapPolicy',
      `'${overlapPolicy}' runs one interval at a time and drops or delays others, while 'catchup: true' wants each interval; use allow_all`,
    );
  if (overlapPolicy === 'terminate_other')
    issues.warning(
      'no_cleanup',
      '/overlapPolicy',
      'a run that is terminated by the next one runs no teardown and no hook; `cancel_other` lets it clean up',
    );
}

function checkForm(checking: Checking, schedule: Exclude<ScheduleSpec, string>): void {
  const { issues } = checking;
  if ('cron' in schedule) {
    const list = typeof schedule.cron === 'string' ? [schedule.cron] : schedule.cron;
    if (list.length > MAX_CRONS)
      issues.error('bad_schedule', '/schedule/cron', `${list.length} cron expressions; at most ${MAX_CRONS} are allowed`);
    else
      list.forEach((cron, index) => {
        checkCron(checking, typeof schedule.cron === 'string' ? '/schedule/cron' : pointer('schedule', 'cron', index), cron);
      });
  } else if ('every' in schedule) {
    const every = checkDuration(checking, '/schedule/every', schedule.every);
    if (every !== undefined && (every < 1000 || every % 1000 !== 0))
      issues.error('bad_schedule', '/schedule/every', 'a beat has whole seconds, at least 1s');
    const offset = checkDuration(checking, '/schedule/offset', schedule.offset, { zero: true });
    if (every !== undefined && offset !== undefined && (offset >= every || offset % 1000 !== 0))
      issues.error(
        'bad_schedule',
        '/schedule/offset',
        `must have whole seconds and be shorter than \`every\` (${schedule.every})`,
      );
  } else {
    if (schedule.at.length > MAX_TIMES)
      issues.error('bad_schedule', '/schedule/at', `${schedule.at.length} times; at most ${MAX_TIMES} are allowed`);
    else {
      schedule.at.forEach((text, index) => {
        checkDate(checking, pointer('schedule', 'at', index), text);
      });
    }
  }
  if ('timezone' in schedule) checkZone(checking, '/schedule/timezone', schedule.timezone);
  if ('jitter' in schedule) checkDuration(checking, '/schedule/jitter', schedule.jitter, { zero: true });
}

function checkCron({ issues }: Checking, path: string, text: string): void {
  try {
    const { warning } = parseCron(text);
    if (warning !== undefined) issues.warning('surprising_cron', path, warning);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    issues.error('bad_cron', path, error.message + (isDuration(text) ? `; for a beat write schedule: { every: ${text} }` : ''));
  }
}

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0;
  } catch {
    return false;
  }
}

function checkZone({ issues, isTimeZone }: Checking, path: string, zone: string | undefined): void {
  if (zone === undefined || (zone.length <= 64 && ZONE.test(zone) && isTimeZone(zone))) return;
  issues.error('bad_timezone', path, `'${zone.slice(0, 64)}' is no time zone; use an IANA name such as Europe/Berlin, or UTC`);
}

function checkDate({ issues }: Checking, path: string, text: string | undefined): DateText | undefined {
  if (text === undefined) return undefined;
  const date = readDate(text);
  if (date === undefined)
    issues.error(
      'bad_date',
      path,
      `'${text.slice(0, 40)}' is no date from 1970 to 2099; write 2024-01-31, or an instant with its offset such as 2024-01-31T06:00:00Z`,
    );
  return date;
}
