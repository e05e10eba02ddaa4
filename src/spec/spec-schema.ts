import { DEADLINE_REFERENCES } from '../dag/deadline-plan.js';
import { TASK_TYPES, type TaskType } from '../dag/task-type.js';
import { ID_PATTERN } from '../dag/validate/edges.js';
import { DagDto } from './dto/dag.dto.js';
import { DeadlineDto } from './dto/deadline.dto.js';
import { HOOK_TYPES, HookDto, RetryHookDto } from './dto/hook.dto.js';
import { JoinDto } from './dto/join.dto.js';
import { AtScheduleDto, CronScheduleDto, EveryScheduleDto } from './dto/schedule.dto.js';
import { TaskDto } from './dto/task.dto.js';
import { DagWithDto, RunWaitDto, TriggerWithDto, WITH_SHAPES } from './dto/with.dto.js';
import { fieldsOf, type Shape } from './field-facts.js';
import { PARAM_SCHEMA, paramSchema } from './param-schema.js';
import { type Schema, shapeSchema } from './shape-schema.js';
import { shapesOfLanguage } from './shapes.js';
import { cronSnippets, dagSnippets, taskSnippets } from './snippets.js';

/** A name and no address: the schema is a file of the repository and an answer of every service. */
const SCHEMA_ID = 'urn:baton:dag:v1';

const ID: Schema = {
  pattern: ID_PATTERN.source,
  patternErrorMessage:
    'An id is made of letters, digits, _ . -, begins with a letter or digit, and has at most 128 characters.',
};

/**
 * JSON Schema (draft-07, which editors know best) of a spec, made from the DTOs: for completion, hover and the shapes of
 * fields while one types. Made anew on each call. What it lacks is the meaning, which `validate` checks.
 */
export function specSchema(): Schema {
  const definitions: Schema = {};
  for (const [name, shape] of shapesOfLanguage()) definitions[name] = { title: titleOf(shape), ...shapeSchema(shape) };
  definitions[PARAM_SCHEMA] = paramSchema();
  const { [DagDto.name]: dag, ...others } = definitions as { [name: string]: Schema };
  dagOf(dag as Schema);
  taskOf(others[TaskDto.name] as Schema);
  for (const hook of [HookDto, RetryHookDto]) withByType(others[hook.name] as Schema, HOOK_TYPES, 'hook');
  subDagOf(others[DagWithDto.name] as Schema);
  idsOf(others[RunWaitDto.name] as Schema, ['dag', 'task']);
  idsOf(others[TriggerWithDto.name] as Schema, ['dag']);
  deadlineOf(others[DeadlineDto.name] as Schema);
  for (const shape of Object.values(others)) nameTasks(shape);
  nameTasks(dag as Schema);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: SCHEMA_ID,
    ...dag,
    description: 'A DAG for Baton: what to do, in which order, and when.',
    defaultSnippets: dagSnippets(),
    definitions: others,
  };
}

/** What editors write above the description of each field of a shape. */
function titleOf(shape: Shape): string {
  const type = Object.entries(WITH_SHAPES).find(([, each]) => each === shape)?.[0];
  if (type !== undefined) return `with of ${type}`;
  if (shape === DagDto) return 'DAG';
  return shape.name.replace(/Dto$/, '').replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const refTo = (shape: Shape): Schema => ({ $ref: `#/definitions/${shape.name}` });

function dagOf(dag: Schema): void {
  const properties = dag.properties as { [name: string]: Schema };
  Object.assign(properties.id as Schema, ID);
  (properties.params as Schema).additionalProperties = {
    allOf: [{ $ref: `#/definitions/${PARAM_SCHEMA}` }, { type: 'object' }],
  };
  const { type: _, ...schedule } = properties.schedule as Schema;
  properties.schedule = {
    ...schedule,
    anyOf: [
      { type: 'string', defaultSnippets: cronSnippets() },
      refTo(CronScheduleDto),
      refTo(EveryScheduleDto),
      refTo(AtScheduleDto),
    ],
  };
}

/** A moment for a fixed one, a time for the others. */
function deadlineOf(deadline: Schema): void {
  const others = DEADLINE_REFERENCES.filter((reference) => reference !== 'fixed');
  deadline.anyOf = [
    { required: ['at'], properties: { reference: { const: 'fixed' } } },
    { required: ['interval'], properties: { reference: { enum: others } } },
  ];
}

function idsOf({ properties }: Schema, names: readonly string[]): void {
  for (const name of names) Object.assign((properties as { [name: string]: Schema })[name] as Schema, ID);
}

function taskOf(task: Schema): void {
  task.defaultSnippets = taskSnippets();
  const properties = task.properties as { [name: string]: Schema };
  properties.join = { ...properties.join, anyOf: [{ type: 'string' }, refTo(JoinDto)] };
  withByType(task, Object.keys(TASK_TYPES) as TaskType[], 'task');
}

/** `with` is what the type says: by if/then, so that an editor complains about the fields of this type alone. */
function withByType(shape: Schema, types: readonly TaskType[], called: string): void {
  // Said by each type below; what stands here would be shown instead.
  (shape.properties as { [name: string]: Schema }).with = { type: 'object' };
  shape.allOf = types.map((type): Schema => {
    const about = [`Input of a ${called} of type ${type}.`, TASK_TYPES[type].summary];
    const more = [`More: docs/spec.md, ${type}.`, `More: docs/spec.md, *${type}*.`];
    return {
      if: { properties: { type: { const: type, doNotSuggest: true } }, required: ['type'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: {
        properties: {
          with: {
            type: 'object',
            description: `${about.join(' ')}\n${more[0]}`,
            markdownDescription: `${about.join(' ')}\n\n${more[1]}`,
            allOf: [refTo(WITH_SHAPES[type])],
          },
        },
        ...(needsWith(type) ? { required: ['with'] } : {}),
      },
    };
  });
}

/** A SubDAG is named, or written in place. */
function subDagOf(input: Schema): void {
  Object.assign((input.properties as { [name: string]: Schema }).dag as Schema, ID);
  input.anyOf = [{ required: ['dag'] }, { required: ['tasks'] }];
}

/** The keys of a map of tasks are ids, wherever it stands. */
function nameTasks(shape: Schema): void {
  const tasks = (shape.properties as { [name: string]: Schema }).tasks;
  if (tasks?.additionalProperties === undefined) return;
  tasks.propertyNames = { title: 'task id', description: 'Any name for the task; it is unique in the DAG.', ...ID };
}

function needsWith(type: TaskType): boolean {
  return type === 'dag' || [...fieldsOf(WITH_SHAPES[type]).values()].some((facts) => facts.required === true);
}
