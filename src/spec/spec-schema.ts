import { targetConstructorToSchema } from 'class-validator-jsonschema';
import type { Json } from '../dag/json.js';
import { TASK_TYPES, type TaskType } from '../dag/task-type.js';
import { ID_PATTERN } from '../dag/validate/edges.js';
import { DagDto } from './dto/dag.dto.js';
import { DependencyDto } from './dto/dependency.dto.js';
import { JoinDto } from './dto/join.dto.js';
import { RetryDto } from './dto/retry.dto.js';
import { AtScheduleDto, CronScheduleDto, EveryScheduleDto } from './dto/schedule.dto.js';
import { TaskDto } from './dto/task.dto.js';
import { TaskDefaultsDto } from './dto/task-defaults.dto.js';
import { BranchCaseDto, DagWithDto, HttpExpectDto, SqlResultDto, WITH_SHAPES } from './dto/with.dto.js';
import { type FieldFacts, fieldsOf, type Shape } from './field.js';

type Schema = { [keyword: string]: Json };

const SHAPES: readonly Shape[] = [
  DagDto,
  TaskDto,
  TaskDefaultsDto,
  RetryDto,
  DependencyDto,
  JoinDto,
  CronScheduleDto,
  EveryScheduleDto,
  AtScheduleDto,
  ...Object.values(WITH_SHAPES),
  BranchCaseDto,
  HttpExpectDto,
  SqlResultDto,
];

/** One whole expression, in place of a value of another type. */
const EXPRESSION: Schema = { type: 'string', pattern: '^\\s*\\$\\{\\{' };

/** JSON Schema (2020-12) of a spec for editors, made from the DTOs. What it lacks: the meaning that `validate` checks. */
export function specSchema(): Schema {
  const defs: Schema = {};
  for (const shape of SHAPES) defs[shape.name] = schemaOf(shape);
  const dag = defs[DagDto.name] as Schema;
  delete defs[DagDto.name];
  const refTo = (shape: Shape): Json => ({ $ref: `#/$defs/${shape.name}` });
  const properties = dag.properties as { [name: string]: Json };
  properties.id = { ...(properties.id as Schema), pattern: ID_PATTERN.source };
  properties.schedule = {
    description: (properties.schedule as Schema).description as Json,
    anyOf: [{ type: 'string' }, refTo(CronScheduleDto), refTo(EveryScheduleDto), refTo(AtScheduleDto)],
  };
  const task = defs[TaskDto.name] as Schema;
  const taskProperties = task.properties as { [name: string]: Json };
  taskProperties.join = {
    description: (taskProperties.join as Schema).description as Json,
    anyOf: [{ type: 'string' }, refTo(JoinDto)],
  };
  task.allOf = (Object.keys(TASK_TYPES) as TaskType[]).map(
    (type): Schema => ({
      anyOf: [
        { not: { properties: { type: { const: type } }, required: ['type'] } },
        { properties: { with: refTo(WITH_SHAPES[type]) }, ...(needsWith(type) ? { required: ['with'] } : {}) } as Schema,
      ],
    }),
  );
  (defs[DagWithDto.name] as Schema).anyOf = [{ required: ['dag'] }, { required: ['tasks'] }];
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Baton DAG spec', ...dag, $defs: defs };
}

function needsWith(type: TaskType): boolean {
  return type === 'dag' || [...fieldsOf(WITH_SHAPES[type]).values()].some((facts) => facts.required === true);
}

/** The library knows neither our required fields, null, expressions, nor that other fields are refused; and drops `$ref`s of lists. */
function schemaOf(shape: Shape): Schema {
  const fields = fieldsOf(shape);
  const made = (fields.size === 0 ? {} : targetConstructorToSchema(shape, { refPointerPrefix: '#/$defs/' })) as {
    properties?: { [name: string]: Schema };
  };
  const properties: Schema = {};
  for (const [name, facts] of fields) properties[name] = mend((made.properties?.[name] ?? {}) as Schema, facts);
  const required = [...fields].filter(([, facts]) => facts.required === true).map(([name]) => name);
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

function mend(property: Schema, facts: FieldFacts): Schema {
  const { description, ...schema } = property;
  if (typeof schema.$ref === 'string' && !SHAPES.some((shape) => schema.$ref === `#/$defs/${shape.name}`)) delete schema.$ref;
  const alternatives: Json[] = [];
  const types: readonly Json[] = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? [] : [schema.type];
  const open = Object.keys(schema).length === 0;
  if (!open && facts.templated === true && !types.includes('string')) alternatives.push(EXPRESSION);
  if (!open && facts.nullable === true) alternatives.push({ type: 'null' });
  const about: Schema = description === undefined ? {} : { description };
  return alternatives.length === 0 ? { ...about, ...schema } : { ...about, anyOf: [schema, ...alternatives] };
}
