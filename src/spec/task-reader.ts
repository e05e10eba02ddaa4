import type { IssueList } from '../dag/issue-list.js';
import { pointer } from '../dag/json-pointer.js';
import { EDGE_CONDITIONS, type TaskSpec } from '../dag/spec.js';
import { didYouMean } from '../dag/suggest.js';
import { LATER_TASK_TYPES, TASK_TYPES, type TaskType } from '../dag/task-type.js';
import type { Faults } from '../dag/validate/faults.js';
import { TaskDto } from './dto/task.dto.js';
import { WITH_SHAPES } from './dto/with.dto.js';
import { fieldsOf } from './field-facts.js';
import { meantType } from './foreign-types.js';
import { readGraphFields } from './graph-fields-reader.js';
import { readDeadlines, readHooks } from './hook-reader.js';
import { readResources } from './resources-reader.js';
import { describe, isMap, type ShapeReader } from './shape-reader.js';
import { readWith, withReader } from './with-reader.js';

/** A task as far as its shape is right, and what is not known about it (see `Faults`). */
export interface ReadTask {
  readonly task: TaskSpec;
  readonly opaque: boolean;
  readonly loose: boolean;
  readonly mapped: boolean;
  /** Of an inline SubDAG. */
  readonly inline?: Faults;
}

/** Tasks by id as far as their shape is right, and what was lost. */
export interface ReadTasks {
  readonly tasks: { readonly [id: string]: TaskSpec };
  readonly faults: Omit<Faults, 'dag'>;
  /** More than the limit: none was read. */
  readonly tooMany: boolean;
}

/** The shape of a map of tasks, of a DAG or of an inline SubDAG. `path` is that of the map. */
export function readTasks(
  reader: ShapeReader,
  issues: IssueList,
  raw: { readonly [id: string]: unknown },
  path: string,
  limit: number,
): ReadTasks {
  const opaque = new Set<string>();
  const loose = new Set<string>();
  const mapped = new Set<string>();
  const inline = new Map<string, Faults>();
  const tasks: { [id: string]: TaskSpec } = Object.create(null) as { [id: string]: TaskSpec };
  const ids = Object.keys(raw).sort();
  const tooMany = ids.length > limit;
  if (tooMany) issues.error('too_many_tasks', path, `${ids.length} tasks; at most ${limit} are allowed in one DAG`);
  for (const id of tooMany ? [] : ids) {
    if (issues.isFull) break;
    const read = readTask(reader, issues, raw[id], path + pointer(id), limit);
    tasks[id] = read.task;
    if (read.opaque) opaque.add(id);
    if (read.loose) loose.add(id);
    if (read.mapped) mapped.add(id);
    if (read.inline !== undefined) inline.set(id, read.inline);
  }
  return { tasks, faults: { opaque, loose, mapped, inline }, tooMany };
}

/** Fields whose absence changes who is upstream. */
const EDGE_FIELDS = [
  'dependsOn',
  'teardown',
  'join',
  'setup',
  'trigger',
  'depends_on',
  'dependencies',
  'upstream',
  'needs',
  'requires',
  'after',
  'depends',
];
const MAP_FIELDS = [
  'expand',
  'zip',
  'mapKey',
  'partial',
  'with_items',
  'withItems',
  'withParam',
  'for_each',
  'foreach',
  'matrix',
];

/** The shape of one task and of its `with`. Types of later work get one issue, and their `with` is not looked at. */
function readTask(reader: ShapeReader, issues: IssueList, value: unknown, path: string, limit: number): ReadTask {
  const type = isMap(value) && typeof value.type === 'string' ? value.type : undefined;
  const known = type !== undefined && Object.hasOwn(TASK_TYPES, type) ? (type as TaskType) : undefined;
  const seen =
    isMap(value) && type !== undefined && known === undefined && !type.includes('${{') ? { ...value, type: 'noop' } : value;
  const shaped = reader.read(TaskDto, seen, path, (name) => misplaced(known, name));
  if (shaped === undefined) return { task: { type: 'noop' }, opaque: true, loose: true, mapped: true };
  const { fields, faulty } = shaped;
  if (seen !== value && type !== undefined) unknownType(issues, type, `${path}/type`);
  let opaque = known === undefined;
  if (opaque) {
    fields.type = 'noop';
    fields.with = undefined;
  } else if (!readWith(reader, issues, known as TaskType, fields, path)) opaque = true;
  const inline = known === 'dag' && !opaque ? readInline(reader, issues, fields, path, limit) : undefined;
  if (Array.isArray(fields.dependsOn)) checkConditions(issues, fields.dependsOn, path);
  if (
    fields.outputSchema !== undefined &&
    fields.outputSchema !== null &&
    !isMap(fields.outputSchema) &&
    typeof fields.outputSchema !== 'boolean'
  ) {
    issues.error(
      'wrong_type',
      `${path}/outputSchema`,
      `must be a JSON Schema: a map, true or false, not ${describe(fields.outputSchema)}`,
    );
    fields.outputSchema = undefined;
  }
  readHooks(issues, fields.hooks, `${path}/hooks`, withReader(reader, issues));
  readDeadlines(issues, fields.deadlines, `${path}/deadlines`, withReader(reader, issues));
  fields.resources = readResources(issues, fields.resources, `${path}/resources`);
  if (fields.when !== undefined && typeof fields.when !== 'string' && typeof fields.when !== 'boolean') {
    issues.error(
      'wrong_type',
      `${path}/when`,
      `must be an expression "\${{ ... }}", true or false, not ${describe(fields.when)}`,
    );
    fields.when = undefined;
  }
  const lost = new Set([...faulty, ...readGraphFields(reader, issues, fields, path)]);
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return {
    task: fields as unknown as TaskSpec,
    opaque,
    loose: EDGE_FIELDS.some((name) => lost.has(name)),
    mapped: MAP_FIELDS.some((name) => faulty.has(name)),
    ...(inline === undefined ? {} : { inline }),
  };
}

/** The tasks of an inline SubDAG are read in place: their issues point into the spec. */
function readInline(
  reader: ShapeReader,
  issues: IssueList,
  fields: { [name: string]: unknown },
  path: string,
  limit: number,
): Faults | undefined {
  const input = fields.with as { [name: string]: unknown };
  if (!isMap(input.tasks)) return undefined;
  const { tasks, faults, tooMany } = readTasks(reader, issues, input.tasks, `${path}/with/tasks`, limit);
  input.tasks = tasks;
  return { ...faults, dag: new Set(tooMany ? ['tasks'] : []) };
}

function checkConditions(issues: IssueList, dependsOn: readonly unknown[], path: string): void {
  dependsOn.forEach((entry, index) => {
    if (!isMap(entry) || entry.on === undefined) return;
    const at = `${path}/dependsOn/${index}/on`;
    const list: readonly unknown[] = Array.isArray(entry.on) ? entry.on : [entry.on];
    const wanted = `must be one of ${EDGE_CONDITIONS.join(', ')}, or a list of them`;
    const fields = entry as { [name: string]: unknown };
    list.forEach((on, place) => {
      if ((EDGE_CONDITIONS as readonly unknown[]).includes(on)) return;
      const where = Array.isArray(entry.on) ? at + pointer(place) : at;
      if (typeof on === 'string')
        issues.error('invalid_value', where, `${wanted}, not '${on.slice(0, 60)}'${didYouMean(on, EDGE_CONDITIONS)}`);
      else issues.error('wrong_type', where, `${wanted}, not ${describe(on)}`);
      delete fields.on;
    });
    if (list.length === 0) {
      issues.error('invalid_value', at, `${wanted}; this one is empty`);
      delete fields.on;
    }
  });
}

function unknownType(issues: IssueList, type: string, path: string): void {
  if ((LATER_TASK_TYPES as readonly string[]).includes(type))
    issues.error('not_yet_supported', path, `tasks of type '${type}' are part of the language but not supported yet`);
  else
    issues.error(
      'unknown_task_type',
      path,
      `unknown task type '${type.slice(0, 60)}'${meantType(type)}; the types are ${Object.keys(TASK_TYPES).join(', ')}`,
    );
}

function misplaced(type: TaskType | undefined, name: string): string | undefined {
  return type !== undefined && fieldsOf(WITH_SHAPES[type]).has(name)
    ? `'${name}' stands inside \`with\`: with: { ${name}: ... }`
    : undefined;
}
