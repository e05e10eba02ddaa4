import { TASK_TYPES } from '../../dag/task-type.js';
import { Anything, EXPRESSION_PATTERN, Nested, OneOf, Text } from '../field.js';
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

  @Anything({ about: 'Input of the task; its fields depend on the type.' }, { type: 'object' })
  with?: unknown;

  @Nested('mixed', () => DependencyDto, { about: 'Ids of upstream tasks, or {task, on}.', unset: 'starts at once' })
  dependsOn?: (string | DependencyDto)[];

  @Anything(
    { templated: true, about: 'An expression "${{ ... }}", true or false; false skips the task.', default: true },
    { type: ['string', 'boolean'], pattern: EXPRESSION_PATTERN },
  )
  when?: unknown;
}
