import { TASK_TYPES } from '../../dag/task-type.js';
import { AnyMap, Anything, EXPRESSION_PATTERN, Flag, Nested, OneOf, Text } from '../field.js';
import { DeadlineDto } from './deadline.dto.js';
import { DependencyDto } from './dependency.dto.js';
import { TaskDefaultsDto } from './task-defaults.dto.js';

/** One task. The shape of `with` depends on the type and is checked by the DTO of that type. */
export class TaskDto extends TaskDefaultsDto {
  @OneOf(Object.keys(TASK_TYPES), {
    required: true,
    about: 'What the task does.',
    means: Object.fromEntries(Object.entries(TASK_TYPES).map(([type, { summary }]) => [type, summary])),
  })
  type!: string;

  @Text({ prose: true, about: 'For people.' })
  description?: string;

  @Anything({ about: 'Input of the task; its fields depend on the type.', see: 'Task types' }, { type: 'object' })
  with?: unknown;

  @Nested('mixed', () => DependencyDto, {
    about: 'Ids of upstream tasks, or {task, on}.',
    unset: 'starts at once',
    see: 'Dependencies',
  })
  dependsOn?: (string | DependencyDto)[];

  @Anything(
    {
      templated: true,
      about: 'An expression "${{ ... }}", true or false; false skips the task.',
      default: true,
      see: 'Expressions',
    },
    { type: ['string', 'boolean'], pattern: EXPRESSION_PATTERN },
  )
  when?: unknown;

  @AnyMap({ about: 'Makes the task a map: key to list; runs once for each element, or for each combination.', see: 'Maps' })
  expand?: { [key: string]: unknown };

  @AnyMap({ about: 'Makes the task a map: key to list; runs once for each place in all lists.', see: 'Maps' })
  zip?: { [key: string]: unknown };

  @Anything({
    nullable: true,
    about: 'Stands in for what a shorter list of `zip` lacks.',
    unset: 'such lists fail the task',
    see: 'Maps',
  })
  zipFill?: unknown;

  @Anything({
    templated: true,
    about: 'Instead of a trigger rule: enough successes, or an expression over states of the tasks in `dependsOn`.',
    see: 'Joins',
  })
  join?: unknown;

  @Flag({ about: 'Makes something that a teardown takes away.', default: false, see: 'Setup and teardown' })
  setup?: boolean;

  @Anything(
    {
      about: 'Cleans up after these setups, whatever happened; true: after those in `dependsOn`, or after the whole DAG.',
      see: 'Setup and teardown',
    },
    { anyOf: [{ type: 'boolean' }, { type: 'array', minItems: 1, items: { type: 'string' } }] },
  )
  teardown?: unknown;

  @Nested('list', () => DeadlineDto, { about: 'When the task is to be done.', see: 'Deadlines' })
  deadlines?: DeadlineDto[];
}
