import {
  checkExpressionCost,
  correctTaskForm,
  isDotId,
  type ParsedExpression,
  type ParsedTemplate,
  parseTemplate,
  type References,
} from '../expression/index.js';
import type { Json } from '../json.js';
import type { Needs } from './analysis.js';
import { type Checking, taskOf } from './checking.js';
import { foreignReference, warnOfForeignTemplates } from './foreign-references.js';
import { impossibleStates } from './state-comparisons.js';

/** What an expression may name at its place. */
export interface Place {
  /** Where the value stands, for messages: `when`, `with`, `outputs`. */
  readonly name: string;
  /** The task that holds it; none for DAG outputs, which may name any task. */
  readonly task?: string;
  /** Secrets and `attempt`: inside an activity of ours; refused in the walk; or on the queue of another worker (R14). */
  readonly secrets: 'allowed' | 'walk' | 'foreign';
  /** Expressions render as SQL literals, so `ident()` has a meaning. */
  readonly sql?: boolean;
  /** In hooks of the DAG `run` says how the run ended, in those of a task `task` how the task did; between attempts it has not ended. */
  readonly hook?: 'dag' | 'task' | 'retry';
  /** A name that only this place knows: `response` in the `until` of a wait. */
  readonly local?: string;
  /** `item` and `index` are known. */
  readonly item?: boolean;
  /** Tasks cannot be named: it is evaluated for each item, in the walk. */
  readonly noTasks?: boolean;
}

/** Answers whether `upstream` is a transitive upstream of `task`; undefined while the graph has cycles. */
export type IsUpstream = ((upstream: string, task: string) => boolean) | undefined;

const RUN_FIELDS = ['id', 'key', 'dagId', 'ds', 'dsNodash', 'logicalDate', 'dataInterval', 'trigger', 'parent', 'root'];
/** Known when the tasks have ended: in hooks of the DAG. */
const RUN_END_FIELDS = ['state', 'failedTasks', 'failure'];
const TASK_FIELDS = ['output', 'state', 'items'];
const ROOTS = ['params', 'tasks', 'run'];

/** Checks every expression of a value and adds what they name to `needs` (R1, R14, R21, R25). Returns the parsed template. */
export function checkTemplate(
  checking: Checking,
  isUpstream: IsUpstream,
  value: Json,
  path: string,
  place: Place,
  needs: NeedsCollector,
): ParsedTemplate {
  const template = parseTemplate(value, {
    onError: (error) =>
      checking.issues.error(
        error.code,
        path + error.pointer,
        `${error.message} (at character ${error.offset + 1} of this text)`,
      ),
  });
  for (const { pointer, expression } of template.expressions) {
    checkExpression(checking, isUpstream, expression, path + pointer, place);
    needs.add(expression.references);
  }
  warnOfForeignTemplates(checking, value, path);
  return template;
}

/** One parsed expression at its place. */
export function checkExpression(
  checking: Checking,
  isUpstream: IsUpstream,
  expression: ParsedExpression,
  path: string,
  place: Place,
): void {
  const { issues, limits } = checking;
  const bytes = utf8Length(expression.source);
  if (bytes > limits.expressionBytes) {
    issues.error(
      'expression_too_long',
      path,
      `the expression has ${bytes} bytes; at most ${limits.expressionBytes} are allowed. Compute it in steps, with tasks of type transform`,
    );
  }
  const costly = checkExpressionCost(expression);
  if (costly !== undefined) issues.error('expression_too_costly', path, costly);
  if (expression.identifier && place.sql !== true)
    issues.error('expression_not_allowed', path, 'ident() quotes a name for SQL; it stands only in `query` of type sql');
  for (const problem of impossibleStates(expression.ast)) issues.error('invalid_value', path, problem);
  checkRoots(checking, expression.references, path, place);
  checkTasks(checking, isUpstream, expression, path, place);
}

function checkRoots(checking: Checking, references: References, path: string, place: Place): void {
  const { issues, spec, faults, suggest } = checking;
  for (const name of references.unknown) {
    if (name === place.local) continue;
    const task = Object.hasOwn(spec.tasks, name) ? ` - did you mean tasks.${name}.output?` : '';
    const param = spec.params !== undefined && Object.hasOwn(spec.params, name) ? ` - did you mean params.${name}?` : '';
    issues.error(
      'unknown_reference',
      path,
      `'${name.slice(0, 60)}' is not known here${param || task || foreignReference(name) || suggest.for(name, ROOTS)}; expressions name params, run and tasks.<id>`,
    );
  }
  for (const name of checking.openParams ? [] : references.params) {
    if (faults.dag.has('params') || (spec.params !== undefined && Object.hasOwn(spec.params, name))) continue;
    issues.error(
      'unknown_param',
      path,
      `there is no param '${name.slice(0, 60)}'${suggest.for(name, Object.keys(spec.params ?? {}))}`,
    );
  }
  const runFields = place.hook === 'dag' ? [...RUN_FIELDS, ...RUN_END_FIELDS] : RUN_FIELDS;
  for (const name of references.runFields) {
    if (runFields.includes(name)) continue;
    if (RUN_END_FIELDS.includes(name))
      issues.error('unknown_reference', path, `run.${name} is known when the tasks have ended: in hooks of the DAG`);
    else
      issues.error(
        'unknown_reference',
        path,
        `'run' has no field '${name.slice(0, 60)}' here${suggest.for(name, runFields)}; it has ${runFields.join(', ')}`,
      );
  }
  if (references.task && place.hook !== 'task' && place.hook !== 'retry')
    issues.error(
      'unknown_reference',
      path,
      "'task' is known only in hooks of a task; other tasks are named by their id: tasks.<id>",
    );
  if (references.tasksWhole)
    issues.error('unknown_reference', path, 'tasks are named one by one, with a fixed id: tasks.<id>.output');
  if (
    (references.item || references.index) &&
    place.item !== true &&
    !(place.task !== undefined && faults.mapped.has(place.task))
  ) {
    issues.error(
      'unknown_reference',
      path,
      `'${references.item ? 'item' : 'index'}' is known only in \`with\`, \`mapKey\` and hooks between attempts of mapped tasks (\`expand\`, \`zip\`)`,
    );
  }
  if (place.noTasks === true && (references.tasks.length > 0 || references.tasksWhole))
    issues.error(
      'expression_not_allowed',
      path,
      `\`${place.name}\` names item, index, params and run; what comes of a task goes into the item itself, by \`expand\` or \`zip\``,
    );
  for (const name of references.secrets) {
    if (place.secrets === 'foreign')
      issues.error(
        'secret_on_foreign_queue',
        path,
        `secrets.${name} would be written into Temporal's history, since another worker's activity gets its arguments as they are; let that worker read the secret itself`,
      );
    else if (place.secrets === 'walk')
      issues.error(
        'expression_not_allowed',
        path,
        `secrets.${name} can be read only inside an activity: in \`with\` of types activity, http, sql, python, shell and wait (file, http, sql)`,
      );
  }
  if (references.attempt && place.secrets !== 'allowed')
    issues.error(
      'expression_not_allowed',
      path,
      '`attempt` is known only inside an activity of this service: in `with` of types activity (own queues), http, sql, python, shell and wait (file, http, sql)',
    );
}

function checkTasks(
  checking: Checking,
  isUpstream: IsUpstream,
  expression: ParsedExpression,
  path: string,
  place: Place,
): void {
  const { issues, spec, faults } = checking;
  const known = { has: (id: string): boolean => Object.hasOwn(spec.tasks, id) };
  const misnamed: string[] = [];
  for (const form of expression.tasksForms) {
    const right = correctTaskForm(form, known);
    if (right === undefined) continue;
    misnamed.push(form.written);
    issues.error('expression_task_id', path, `tasks.${form.written} does not name a task as CEL reads it; write ${right}`);
  }
  for (const { id, form, field } of expression.references.tasks) {
    if (misnamed.some((written) => written === id || written.startsWith(`${id}.`) || written.startsWith(`${id}-`))) continue;
    if (!known.has(id)) {
      if (!faults.dag.has('tasks'))
        issues.error(
          'unknown_reference',
          path,
          `there is no task '${id.slice(0, 60)}'${checking.suggest.for(id, checking.ids)}`,
        );
      continue;
    }
    if (form === 'index' && isDotId(id)) {
      issues.error(
        'expression_task_id',
        path,
        `tasks['${id}'] is written tasks.${id}; the index is for ids with other characters`,
      );
    }
    if (field !== undefined && !TASK_FIELDS.includes(field)) {
      issues.error(
        'unknown_reference',
        path,
        `a task has no field '${field.slice(0, 60)}'${checking.suggest.for(field, TASK_FIELDS)}; it has output, state and items`,
      );
    }
    if (place.task === undefined || isUpstream === undefined || faults.dag.has('tasks')) continue;
    if (id === place.task ? place.hook !== 'task' : !isUpstream(id, place.task)) {
      issues.error(
        'reference_not_upstream',
        path,
        id === place.task
          ? `task '${id}' names itself; its output is not there before it has ended`
          : `task '${id}' is not upstream of '${place.task}', so it may not have ended; add it to dependsOn`,
      );
    }
  }
}

/** Collects what the expressions of one task name. */
export class NeedsCollector {
  private readonly params = new Set<string>();
  private readonly tasks = new Set<string>();
  private readonly items = new Set<string>();
  private paramsWhole = false;
  private run = false;
  private item = false;

  constructor(private readonly checking: Checking) {}

  /** Adds all that somebody else names, too. */
  addAll(needs: Needs): void {
    for (const name of needs.params) this.params.add(name);
    for (const id of needs.tasks) this.tasks.add(id);
    for (const id of needs.items) this.items.add(id);
    this.item ||= needs.item;
    this.paramsWhole ||= needs.paramsWhole;
    this.run ||= needs.run;
  }

  add(references: References): void {
    for (const name of references.params) this.params.add(name);
    for (const { id, field } of references.tasks) {
      if (taskOf(this.checking.spec, id) === undefined) continue;
      this.tasks.add(id);
      if (field === undefined || field === 'items') this.items.add(id);
    }
    this.item ||= references.item;
    this.paramsWhole ||= references.paramsWhole;
    this.run ||= references.run;
  }

  result(): Needs {
    const { params, paramsWhole, run, tasks, items, item } = this;
    return { params, paramsWhole, run, tasks, items, item };
  }
}

/** Bytes in UTF-8, without an encoder: the core has none. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
