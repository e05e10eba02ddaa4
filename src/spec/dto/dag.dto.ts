import { MAX_CONSECUTIVE_FAILED_RUNS } from '../../dag/limits.js';
import { ON_RUN_LIMIT, type OnRunLimit, OVERLAP_POLICIES, type OverlapPolicy } from '../../dag/spec.js';
import { AnyMap, Anything, Duration, Flag, ListOf, MapOf, Nested, OneOf, Text, Whole } from '../field.js';
import { DeadlineDto } from './deadline.dto.js';
import { DagHooksDto } from './hook.dto.js';
import { TaskDto } from './task.dto.js';
import { TaskDefaultsDto } from './task-defaults.dto.js';

/** A DAG spec. */
export class DagDto {
  @OneOf(['v1'], { about: 'Version of the language.', default: 'v1' })
  apiVersion?: string;

  @Text({ required: true, about: 'Name of the DAG: letters, digits, _ . -, at most 128.' })
  id!: string;

  @Text({ prose: true, about: 'For people.' })
  description?: string;

  @Text({ about: 'Who answers for this DAG.' })
  owner?: string;

  @ListOf('text', { about: 'Labels to find the DAG and its runs by.' })
  tags?: string[];

  @Anything(
    {
      about: 'A preset (@daily), a 5-field cron, {cron, timezone, jitter}, {every, offset, jitter} or {at, timezone}.',
      see: 'Schedule',
    },
    { type: ['string', 'object'] },
  )
  schedule?: unknown;

  @Text({ about: 'First day or instant of data: 2024-01-01 or RFC 3339.' })
  startDate?: string;

  @Text({ about: 'End of the data, not included; a bare date means that whole day.' })
  endDate?: string;

  @Text({ about: 'IANA time zone of the schedule and of run.ds.', default: 'UTC' })
  timezone?: string;

  @Flag({ about: 'Run the missed intervals since startDate.', default: false })
  catchup?: boolean;

  @Whole(1, 10_000, {
    about: 'Runs of this DAG at the same time, however they are started.',
    unset: '16 scheduled ones',
  })
  maxActiveRuns?: number;

  @OneOf(ON_RUN_LIMIT, {
    about: 'What becomes of a run that finds as many others at work.',
    default: 'queue',
    means: {
      queue: 'It waits for its turn.',
      cancel_new: 'It is cancelled.',
      cancel_running: 'The oldest ones are cancelled for it.',
      fail: 'It fails.',
    },
  })
  onRunLimit?: OnRunLimit;

  @Whole(1, MAX_CONSECUTIVE_FAILED_RUNS, {
    about: 'So many runs of the schedule that fail one after another pause the DAG.',
    unset: 'it is never paused by itself',
  })
  maxConsecutiveFailedRuns?: number;

  @Duration({ about: 'After an outage, times missed for longer than this are dropped; at least 10s.', default: '1d' })
  catchupWindow?: string;

  @OneOf(OVERLAP_POLICIES, {
    about: 'When a time comes while the run of an earlier one is open.',
    default: 'allow_all',
  })
  overlapPolicy?: OverlapPolicy;

  @Whole(1, 10_000, { about: 'Activities of one run at the same time.', default: 16 })
  maxActiveTasks?: number;

  @Flag({ about: 'Cancel the rest at the first failure.', default: false })
  failFast?: boolean;

  @Duration({ about: 'Of the whole run.', unset: 'unlimited' })
  timeout?: string;

  @MapOf('map', { about: 'Name to JSON Schema; no `default` means required.' })
  params?: { [name: string]: object };

  @Nested('object', () => TaskDefaultsDto, { about: 'Fields that every task gets unless it has its own.' })
  defaults?: TaskDefaultsDto;

  @Nested('object', () => DagHooksDto, {
    about: 'What to do when the tasks have ended; changes nothing of the run.',
    see: 'Hooks',
  })
  hooks?: DagHooksDto;

  @Nested('list', () => DeadlineDto, { about: 'When a run is to be done.', see: 'Deadlines' })
  deadlines?: DeadlineDto[];

  @AnyMap({ about: 'Name to a value with expressions, computed when the tasks have ended.', see: 'Expressions' })
  outputs?: { [name: string]: unknown };

  @Nested('map', () => TaskDto, { required: true, about: 'Task id to task.', see: 'Tasks' })
  tasks!: { [id: string]: TaskDto };
}
