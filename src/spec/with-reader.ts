import { expressionSource } from '../dag/expression/index.js';
import type { IssueList } from '../dag/issue-list.js';
import type { TaskType } from '../dag/task-type.js';
import { WITH_SHAPES } from './dto/with.dto.js';
import { fieldsOf } from './field-facts.js';
import { areCases } from './graph-fields-reader.js';
import type { WithReader } from './hook-reader.js';
import { describe, type Shaped, type ShapeReader } from './shape-reader.js';
import { checkWaitShape } from './wait-reader.js';
import { checkMaps, WITH_MAPS } from './with-maps.js';

/** Reads the `with` of hooks as that of tasks is read. */
export function withReader(reader: ShapeReader, issues: IssueList): WithReader {
  return (type, fields, path) => readWith(reader, issues, type, fields, path);
}

/** The shape of a task's `with`, by its type; false where it lacks something that other checks would miss again. `path` is that of the task. */
export function readWith(
  reader: ShapeReader,
  issues: IssueList,
  type: TaskType,
  fields: { [name: string]: unknown },
  path: string,
): boolean {
  const shape = WITH_SHAPES[type];
  if (fields.with === undefined && fieldsOf(shape).size === 0) return true;
  if (fields.with === undefined && type === 'dag') {
    issues.error('missing_field', `${path}/with`, NO_SUB_DAG);
    return false;
  }
  const required = [...fieldsOf(shape)].filter(([, facts]) => facts.required === true).map(([name]) => name);
  if (fields.with === undefined) {
    if (required.length > 0)
      issues.error(
        'missing_field',
        `${path}/with`,
        `'with' is missing; a task of type ${type} needs ${required.map((name) => `'${name}'`).join(', ')}`,
      );
    if (type === 'wait') return checkWaitShape(issues, { fields: {}, faulty: new Set() }, `${path}/with`);
    return required.length === 0;
  }
  const shaped = reader.read(shape, fields.with, `${path}/with`);
  if (shaped === undefined) fields.with = undefined;
  else {
    if (type === 'sql') checkSql(issues, shaped.fields, `${path}/with`);
    if (type === 'branch' && (shaped.faulty.size > 0 || !areCases(issues, shaped.fields.cases, `${path}/with/cases`))) {
      fields.with = undefined;
      return false;
    }
    if (type === 'activity') checkArgs(issues, shaped.fields, `${path}/with`);
    if (type === 'dag' && !checkSubDag(issues, shaped, `${path}/with`)) return false;
    if (type === 'wait' && !checkWaitShape(issues, shaped, `${path}/with`)) {
      fields.with = undefined;
      return false;
    }
    checkMaps(issues, WITH_MAPS[type] ?? [], shaped.fields, `${path}/with`);
    for (const name of Object.keys(shaped.fields)) if (shaped.fields[name] === undefined) delete shaped.fields[name];
    fields.with = shaped.fields;
    if (type === 'python' && (shaped.faulty.has('script') || shaped.faulty.has('file'))) return false;
  }
  return shaped !== undefined;
}

/** A SubDAG is named or written in place, never both (R9); false where it is neither. */
function checkSubDag(issues: IssueList, { fields, faulty }: Shaped, path: string): boolean {
  const named = fields.dag !== undefined;
  if (!named && fields.tasks === undefined) {
    // Where one of them is there but wrong, somebody has said so.
    if (!faulty.has('dag') && !faulty.has('tasks')) issues.error('missing_field', path, NO_SUB_DAG);
    return false;
  }
  for (const name of named ? ['tasks', 'outputs', 'maxActiveTasks', 'failFast'] : ['version']) {
    if (fields[name] === undefined) continue;
    const why = named
      ? `'${name}' belongs to a SubDAG written in place; with 'dag' it is the named DAG's own`
      : "'version' is that of a stored DAG, named by 'dag'";
    issues.error('not_allowed_with', `${path}/${name}`, `${why}; leave it out`);
    fields[name] = undefined;
  }
  return true;
}

const NO_SUB_DAG = "a SubDAG needs 'dag', the id of a stored DAG, or 'tasks' written in place";

function checkSql(issues: IssueList, fields: { [name: string]: unknown }, path: string): void {
  const { query } = fields;
  delete fields.query;
  if (typeof query === 'string') fields.query = query.trim() === '' ? undefined : query;
  else if (Array.isArray(query) && query.length > 0) {
    query.forEach((each, index) => {
      if (typeof each !== 'string')
        issues.error('wrong_type', `${path}/query/${index}`, `must be an SQL statement, not ${describe(each)}`);
    });
    fields.query = query.every((each) => typeof each === 'string') ? query : undefined;
    if (fields.query === undefined) return;
  } else if (query !== undefined && !Array.isArray(query)) {
    issues.error('wrong_type', `${path}/query`, `must be SQL, or a list of statements, not ${describe(query)}`);
    return;
  }
  if (fields.query === undefined && query !== undefined)
    issues.error('invalid_value', `${path}/query`, 'the query is empty; write SQL');
}

function checkArgs(issues: IssueList, fields: { [name: string]: unknown }, path: string): void {
  if (fields.name === '')
    issues.error('invalid_value', `${path}/name`, 'the name is empty; write the activity type that a worker registered');
  if (fields.args === undefined || Array.isArray(fields.args) || isWhole(fields.args)) return;
  issues.error(
    'wrong_type',
    `${path}/args`,
    `must be a list of arguments, or one expression that gives a list, not ${describe(fields.args)}`,
  );
  fields.args = undefined;
}

function isWhole(value: unknown): boolean {
  return typeof value === 'string' && expressionSource(value) !== undefined;
}
