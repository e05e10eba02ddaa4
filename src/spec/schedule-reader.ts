import type { IssueList } from '../dag/issue-list.js';
import { pointer } from '../dag/json-pointer.js';
import type { ScheduleSpec } from '../dag/spec.js';
import { AtScheduleDto, CronScheduleDto, EveryScheduleDto } from './dto/schedule.dto.js';
import { LATER_SCHEDULE_FIELDS } from './later-fields.js';
import { describe, isMap, type ShapeReader } from './shape-reader.js';

const PATH = '/schedule';
const FORMS = [
  ['cron', CronScheduleDto],
  ['every', EveryScheduleDto],
  ['at', AtScheduleDto],
] as const;
const WANTED = 'a preset (@daily), a cron expression, {cron}, {every} or {at}';

/** The shape of `schedule`; undefined where it is wrong or belongs to later work, with an issue that says so (R26). */
export function readSchedule(reader: ShapeReader, issues: IssueList, value: unknown): ScheduleSpec | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    issues.error(
      'not_yet_supported',
      PATH,
      'a list of schedules is part of the language but not supported yet; write one schedule',
    );
    return undefined;
  }
  if (!isMap(value)) {
    issues.error('wrong_type', PATH, `must be ${WANTED}, not ${describe(value)}`);
    return undefined;
  }
  const later = LATER_SCHEDULE_FIELDS.filter((name) => Object.hasOwn(value, name));
  for (const name of later)
    issues.error(
      'not_yet_supported',
      PATH + pointer(name),
      `schedules by ${name} are part of the language but not supported yet; leave them out for now`,
    );
  if (later.length > 0) return undefined;
  const forms = FORMS.filter(([name]) => Object.hasOwn(value, name));
  const [form] = forms;
  if (form === undefined || forms.length > 1) {
    const names = forms.map(([name]) => `'${name}'`).join(' and ');
    issues.error('bad_schedule', PATH, form === undefined ? `must be ${WANTED}` : `${names} exclude each other; keep one`);
    return undefined;
  }
  const shaped = reader.read(form[1], value, PATH);
  if (shaped === undefined || shaped.faulty.size > 0) return undefined;
  const cron = shaped.fields.cron;
  if (cron !== undefined && typeof cron !== 'string' && !isTextList(cron)) {
    issues.error('wrong_type', `${PATH}/cron`, `must be a cron expression or a list of them, not ${describe(cron)}`);
    return undefined;
  }
  return shaped.fields as ScheduleSpec;
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
