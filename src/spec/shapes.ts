import { DagDto } from './dto/dag.dto.js';
import { JoinDto } from './dto/join.dto.js';
import { AtScheduleDto, CronScheduleDto, EveryScheduleDto } from './dto/schedule.dto.js';
import { WITH_SHAPES } from './dto/with.dto.js';
import { fieldsOf, type Shape } from './field-facts.js';

/** Shapes that no field names as nested: a field of theirs may have several forms, told apart by the reader. */
const ENTRANCES: readonly Shape[] = [
  DagDto,
  JoinDto,
  CronScheduleDto,
  EveryScheduleDto,
  AtScheduleDto,
  ...Object.values(WITH_SHAPES),
];

/** Every DTO of the language by the name of its class: {@link ENTRANCES} and all that is nested in them. */
export function shapesOfLanguage(): ReadonlyMap<string, Shape> {
  const found = new Map<string, Shape>();
  const visit = (shape: Shape): void => {
    if (found.has(shape.name)) return;
    found.set(shape.name, shape);
    for (const { nested } of fieldsOf(shape).values()) if (nested !== undefined) visit(nested.shape());
  };
  ENTRANCES.forEach(visit);
  return found;
}
