import { TASK_TYPES, type TaskType } from '../../dag/task-type.js';
import { Anything, Duration, Nested, OneOf, Text, Whole } from '../field.js';
import { RetryDto } from './retry.dto.js';

/** Types that a hook may have: those of activities. */
export const HOOK_TYPES = (Object.keys(TASK_TYPES) as TaskType[]).filter(
  (type) => TASK_TYPES[type].carriedOutBy === 'activity',
);

/**
 * A hook between attempts: the body of a task (R12), tried once and in place. The shape of `with` depends on the type and is checked by
 * the DTO of that type.
 */
export class RetryHookDto {
  @OneOf(HOOK_TYPES, { required: true, about: 'What the hook does.' })
  type!: string;

  @Text({ prose: true, about: 'For people.' })
  description?: string;

  @Anything({ about: 'Its input; the fields depend on the type.' }, { type: 'object' })
  with?: unknown;

  @Anything(
    { templated: true, about: 'An expression "${{ ... }}", true or false; false skips the hook.' },
    { type: ['string', 'boolean'] },
  )
  when?: unknown;

  @Duration({ nullable: true, about: 'Of one attempt, at most 5m.', default: '5m' })
  timeout?: string | null;
}

/** Any other hook: it is sent to a queue, and may be tried again. */
export class HookDto extends RetryHookDto {
  @Nested('object', () => RetryDto, { nullable: true, about: 'How often and how soon a failed attempt is repeated.' })
  retry?: RetryDto | null;

  @Duration({ nullable: true, about: 'How long an attempt may wait for a worker.' })
  queueTimeout?: string | null;

  @Duration({ nullable: true, about: 'The worker is given up after this silence.' })
  heartbeatTimeout?: string | null;

  @Text({ nullable: true, about: 'Temporal task queue.', unset: "the service's own" })
  queue?: string | null;

  @Whole(1, 5, { nullable: true, about: '1 first ... 5 last.', default: 3 })
  priority?: number | null;
}

/** `hooks` of a DAG. */
export class DagHooksDto {
  @Nested('some', () => HookDto, { about: 'When the run is a success.' })
  success?: HookDto | HookDto[];

  @Nested('some', () => HookDto, { about: 'When the run has failed.' })
  failure?: HookDto | HookDto[];

  @Nested('some', () => HookDto, { about: 'When the run was cancelled.' })
  cancel?: HookDto | HookDto[];

  @Nested('some', () => HookDto, { about: 'At last, however the run ended.' })
  exit?: HookDto | HookDto[];
}

/** `hooks` of a task. */
export class TaskHooksDto {
  @Nested('some', () => HookDto, { about: 'When the task is a success.' })
  success?: HookDto | HookDto[];

  @Nested('some', () => HookDto, { about: 'When the task has failed, for whatever reason.' })
  failure?: HookDto | HookDto[];

  @Nested('some', () => RetryHookDto, { about: 'When an attempt has failed and another one will come.' })
  retry?: RetryHookDto | RetryHookDto[];
}
