import { LONGEST_MAP } from '../../dag/map/map-plan.js';
import { TRIGGER_RULES } from '../../dag/spec.js';
import { TRIGGER_RULE_FACTS } from '../../dag/trigger-rule-facts.js';
import { ON_TIMEOUT } from '../../dag/wait-plan.js';
import { Anything, Decimal, Duration, Flag, Nested, OneOf, Text, Whole } from '../field.js';
import { CacheDto } from './cache.dto.js';
import { TaskHooksDto } from './hook.dto.js';
import { RESOURCES_SCHEMA } from './resources-schema.js';
import { RetryDto } from './retry.dto.js';

/** Fields that stand in `defaults` and in tasks (R21); `null` restores the built-in. */
export class TaskDefaultsDto {
  @OneOf(TRIGGER_RULES, {
    nullable: true,
    about: 'When the task may start, given the states of its upstreams.',
    default: 'all_success',
    see: 'Trigger rules',
    means: TRIGGER_RULE_FACTS,
  })
  triggerRule?: string | null;

  @Nested('object', () => RetryDto, {
    nullable: true,
    about: 'How often and how soon a failed attempt is repeated.',
    see: 'Retry',
  })
  retry?: RetryDto | null;

  @Duration({ nullable: true, about: 'Of one attempt; of a whole wait or approval, whose default is 7d.', default: '10m' })
  timeout?: string | null;

  @OneOf(ON_TIMEOUT, { nullable: true, about: 'What a wait or an approval becomes when its timeout passes.', unset: '`fail`' })
  onTimeout?: string | null;

  @Duration({ nullable: true, about: 'How long an attempt may wait for a worker.', unset: 'unlimited' })
  queueTimeout?: string | null;

  @Duration({
    nullable: true,
    about: 'The worker is given up after this silence. Activities on foreign queues have none unless they say one.',
    default: '30s',
  })
  heartbeatTimeout?: string | null;

  @Text({ nullable: true, about: 'Temporal task queue.', unset: "the service's own" })
  queue?: string | null;

  @Whole(1, 5, { nullable: true, about: '1 first ... 5 last.', default: 3 })
  priority?: number | null;

  @Anything(
    { nullable: true, about: 'JSON Schema of the output, checked at success.' },
    { allOf: [{ $ref: '#/definitions/JsonSchema' }] },
  )
  outputSchema?: object | boolean | null;

  @Nested('object', () => CacheDto, {
    nullable: true,
    about: 'Take over the output of an earlier success with the same key.',
    see: 'Cache',
  })
  cache?: CacheDto | null;

  @Nested('object', () => TaskHooksDto, {
    nullable: true,
    about: 'What to do when the task has ended, or between its attempts; changes nothing.',
    see: 'Hooks of a task',
  })
  hooks?: TaskHooksDto | null;

  @Anything(
    {
      nullable: true,
      about: 'Name to amount: cpu, memory, storage and names of your own.',
      unset: "the worker's own limits",
      see: 'Resources',
    },
    RESOURCES_SCHEMA,
  )
  resources?: { [name: string]: number | string | null } | null;

  @Text({ nullable: true, templated: true, about: 'Maps: name of an item, with expressions.', unset: 'its index', see: 'Maps' })
  mapKey?: string | null;

  @Whole(1, 10_000, {
    nullable: true,
    about: 'Maps: elements per item; `item` is then a list.',
    unset: 'one, and no list',
    see: 'Maps',
  })
  itemBatchSize?: number | null;

  @Whole(1, LONGEST_MAP, { nullable: true, about: 'Maps: more items are a failure.', default: 1024, see: 'Maps' })
  maxMapLength?: number | null;

  @Whole(1, 10_000, { nullable: true, templated: true, about: 'Maps: items at the same time.', default: 16, see: 'Maps' })
  maxConcurrency?: number | string | null;

  @Decimal(0, 100, { nullable: true, about: 'Maps: per cent of the items that may fail.', unset: 'none', see: 'Maps' })
  toleratedFailurePercentage?: number | null;

  @Whole(0, LONGEST_MAP, { nullable: true, about: 'Maps: items that may fail.', unset: 'none', see: 'Maps' })
  toleratedFailureCount?: number | null;

  @Flag({
    nullable: true,
    about: 'Maps: give up the rest at the first failure that is not tolerated.',
    default: false,
    see: 'Maps',
  })
  stopOnFirstFailure?: boolean | null;

  @Flag({
    nullable: true,
    about: 'A failure counts as a success for what comes after, and fails no run.',
    default: false,
    see: 'Dependencies',
  })
  allowFailure?: boolean | null;

  @Anything(
    {
      nullable: true,
      about: 'Starts when this task of the run before has succeeded or was skipped; of a task also ids of other tasks.',
      default: false,
      see: 'Depends on the past',
    },
    { anyOf: [{ type: 'boolean' }, { type: 'array', minItems: 1, items: { type: 'string' } }] },
  )
  dependsOnPast?: unknown;
}
