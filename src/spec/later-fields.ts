import { TaskDto } from './dto/task.dto.js';
import { TaskDefaultsDto } from './dto/task-defaults.dto.js';
import type { Shape } from './field-facts.js';

const LATER_TASK_FIELDS = ['inlets', 'metrics', 'outlets', 'pool', 'poolSlots'] as const;

/** Fields that the language names and that come with later work: refused by name (`not_yet_supported`), never ignored (R26). */
export const LATER_FIELDS: ReadonlyMap<Shape, readonly string[]> = new Map<Shape, readonly string[]>([
  [TaskDto, LATER_TASK_FIELDS],
  [TaskDefaultsDto, LATER_TASK_FIELDS],
]);

/** Fields of a task that `defaults` can never give (R21). */
export const NOT_IN_DEFAULTS: readonly string[] = [
  'type',
  'description',
  'dependsOn',
  'with',
  'expand',
  'zip',
  'zipFill',
  'when',
  'setup',
  'teardown',
  'join',
  'deadlines',
];

/** Forms of `schedule` that come with later work. */
export const LATER_SCHEDULE_FIELDS: readonly string[] = ['assets', 'events'];
