import { ON_UPSTREAM_FAILURE } from '../../dag/run-wait.js';
import type { TaskType } from '../../dag/task-type.js';
import { ON_EXISTING_RUN } from '../../dag/trigger-plan.js';
import { ON_TIMEOUT } from '../../dag/wait-plan.js';
import { AnyMap, Anything, Decimal, Duration, Flag, ListOf, MapOf, Nested, OneOf, Text, Whole } from '../field.js';
import { type Shape } from '../field-facts.js';
import { TaskDto } from './task.dto.js';

/** noop takes no input. */
export class NoopWithDto {}

/** Input of a transform. */
export class TransformWithDto {
  @Anything({ required: true, nullable: true, templated: true, about: 'The output: any value, expressions anywhere in it.' })
  value!: unknown;
}

/** A case of a branch. */
export class BranchCaseDto {
  @Anything(
    { required: true, templated: true, about: 'An expression "${{ ... }}", true or false.' },
    { type: ['string', 'boolean'] },
  )
  when!: unknown;

  @ListOf('text', { required: true, about: 'Tasks that go on when it is true; each has the branch in its `dependsOn`.' })
  // biome-ignore lint/suspicious/noThenProperty: the name of the language, and never a function
  then!: string[];
}

/** Input of a branch (R8). */
export class BranchWithDto {
  @OneOf(['first', 'all'], { about: 'Which of the cases that are true count.', default: 'first' })
  match?: string;

  @Nested('list', () => BranchCaseDto, { required: true, about: 'Asked in order; at most 100.' })
  cases!: BranchCaseDto[];

  @ListOf('text', { about: 'Tasks that go on when no case is true.', unset: 'none' })
  default?: string[];
}

/** Input of an activity. */
export class ActivityWithDto {
  @Text({ required: true, about: 'Temporal activity type, as the worker registered it.' })
  name!: string;

  @Anything({ templated: true, about: 'Its arguments, in order.' }, { type: 'array' })
  args?: unknown;
}

/** Which answers of an HTTP server count as success. */
export class HttpExpectDto {
  @ListOf('status', { required: true, min: 1, about: 'Statuses that are a success.' })
  status!: number[];
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Input of an HTTP request. */
export class HttpWithDto {
  @Text({ required: true, templated: true, about: 'Address, of http or https.' })
  url!: string;

  @OneOf(METHODS, { about: 'Method of the request.', default: 'GET' })
  method?: string;

  @MapOf('scalar', { templated: true, about: 'Header name to value.' })
  headers?: { [name: string]: string | number | boolean };

  @Anything({ templated: true, about: 'Appended to the URL; a list repeats its name.' }, { type: 'object' })
  query?: unknown;

  @Anything({ nullable: true, templated: true, about: 'Text as it is; anything else as JSON.' })
  body?: unknown;

  @Nested('object', () => HttpExpectDto, { about: 'What counts as success.', unset: '200 to 299' })
  expect?: HttpExpectDto;

  @Whole(1, 1024 * 1024 * 1024, { about: 'A longer answer fails the task. In bytes.', default: 10 * 1024 * 1024 })
  maxResponseBytes?: number;
}

/** Where the rows of a query go instead of the output. */
export class SqlResultDto {
  @Text({ required: true, templated: true, about: 'Path of the file to write.' })
  file!: string;

  @OneOf(['parquet', 'csv', 'json'], { about: 'Format of the file.', unset: "by the name's ending, else parquet" })
  format?: string;
}

/** Input of an SQL task (R18). */
export class SqlWithDto {
  @Anything(
    { required: true, templated: true, about: 'SQL, or a list of statements that are one transaction.' },
    { anyOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: { type: 'string' } }] },
  )
  query!: string | string[];

  @Text({ templated: true, about: 'Name of a PostgreSQL connection of the configuration.', unset: 'the embedded DuckDB' })
  connection?: string;

  @Anything({ templated: true, about: 'DuckDB: name to rows or to a blob; each becomes a view.' }, { type: 'object' })
  inputs?: unknown;

  @Anything({ templated: true, about: 'Name to value; bound as :name.' }, { type: 'object' })
  parameters?: unknown;

  @Nested('object', () => SqlResultDto, { about: 'DuckDB: write the rows to a file.' })
  result?: SqlResultDto;

  @Whole(0, 10_000, { about: 'More rows fail the task; `result` has no such limit.', default: 10_000 })
  maxRows?: number;

  @Text({ templated: true, about: 'A DuckDB file, which belongs to one worker process.', unset: 'a private one in memory' })
  database?: string;
}

/** Input of a Python function. */
export class PythonWithDto {
  @Text({ about: 'Python code that defines the function. Values come to it as `args`, never inside the code.' })
  script?: string;

  @Text({ about: 'A file with the code instead; relative to the data folder of the worker.' })
  file?: string;

  @Text({ about: 'Name of the function.', default: 'main' })
  function?: string;

  @Anything(
    { templated: true, about: 'A map: its keyword arguments; a list: its positional ones.' },
    { anyOf: [{ type: 'object' }, { type: 'array' }] },
  )
  args?: unknown;

  @ListOf('text', { about: 'Packages, as pip names them: polars==1.9.0.' })
  requirements?: string[];

  @MapOf('scalar', { templated: true, about: 'Its environment; nothing else is inherited.' })
  env?: { [name: string]: string | number | boolean };
}

/** Input of a program. */
export class ShellWithDto {
  @ListOf('scalar', { required: true, min: 1, templated: true, about: 'The program and its arguments; no shell reads them.' })
  argv!: (string | number | boolean)[];

  @MapOf('scalar', { templated: true, about: 'Its environment; nothing else is inherited.' })
  env?: { [name: string]: string | number | boolean };

  @Anything({ nullable: true, templated: true, about: 'Text as it is; anything else as JSON.' })
  stdin?: unknown;

  @OneOf(['text', 'json'], { about: 'How its standard output is read.', default: 'text' })
  stdout?: string;

  @Text({ templated: true, about: 'Working directory.', unset: 'a private one' })
  cwd?: string;
}

/** A request that is made until its answer is good. */
export class HttpWaitDto extends HttpWithDto {
  @Anything(
    { templated: true, about: 'A condition over the answer: "${{ response.body.state == \'done\' }}".' },
    { type: 'string' },
  )
  until?: unknown;
}

/** A query that is asked until its first value is true, a number but 0, or a text. */
export class SqlWaitDto {
  @Text({ required: true, templated: true, about: 'SQL whose first value says whether the wait is over; no row: not yet.' })
  query!: string;

  @Text({ templated: true, about: 'Name of a PostgreSQL connection of the configuration.', unset: 'the embedded DuckDB' })
  connection?: string;

  @Anything({ templated: true, about: 'DuckDB: name to rows or to a blob; each becomes a view.' }, { type: 'object' })
  inputs?: unknown;

  @Anything({ templated: true, about: 'Name to value; bound as :name.' }, { type: 'object' })
  parameters?: unknown;

  @Text({ templated: true, about: 'A DuckDB file, which belongs to one worker process.', unset: 'a private one in memory' })
  database?: string;
}

/** A run of another DAG that is waited for, or a task of it. */
export class RunWaitDto {
  @Text({ required: true, about: 'Id of the DAG.' })
  dag!: string;

  @Text({ about: 'A task of the run, instead of the whole run.' })
  task?: string;

  @Text({
    templated: true,
    about: 'The date of the run: an instant.',
    unset: 'that of this run; where it has none, the end of its data interval',
  })
  date?: string;

  @Duration({ signed: true, about: 'Moves that date: `1h`, `-1d`.' })
  offset?: string;

  @Duration({
    about: 'The newest run with a date in the time this long before that date, or on it.',
    unset: 'the run of that date',
  })
  window?: string;

  @Flag({ about: 'The run that began last, whatever its date.', default: false })
  latest?: boolean;

  @OneOf(ON_UPSTREAM_FAILURE, {
    about: 'What the wait does where the run, or the task, did not succeed.',
    default: 'fail',
    means: {
      fail: 'it fails',
      skip: 'it is skipped',
      alert: 'its hooks for a failure run, and it waits until a retry has succeeded',
    },
  })
  onFailure?: string;
}

/** Input of a wait: one of the first six. */
export class WaitWithDto {
  @Duration({ templated: true, about: 'How long, from the start of the task.' })
  duration?: string;

  @Text({ templated: true, about: 'An instant: 2024-01-31T06:00:00Z.' })
  until?: string;

  @Text({ templated: true, about: 'A file below the data folder, or objects://key; * ? ** match as usual.' })
  file?: string;

  @Nested('object', () => HttpWaitDto, { about: 'A request as of type http, until its answer is a success.' })
  http?: HttpWaitDto;

  @Nested('object', () => SqlWaitDto, { about: 'A query, until its first value is true.' })
  sql?: SqlWaitDto;

  @Nested('object', () => RunWaitDto, { about: 'A run of another DAG, or a task of it, until it has ended.' })
  run?: RunWaitDto;

  @Duration({ about: 'Pause between two polls of file, http and sql; at least 1s.', default: '30s' })
  every?: string;

  @Decimal(1, 100, { about: 'Each pause is this many times the one before.', default: 1 })
  multiplier?: number;

  @Duration({ about: 'No pause is longer.', unset: '`5m`, or `every` where that is longer' })
  maxInterval?: string;
}

/** Input of a trigger. */
export class TriggerWithDto {
  @Text({ required: true, about: 'Id of the DAG.' })
  dag!: string;

  @Whole(1, 1_000_000_000, { about: 'Of that DAG.', unset: 'the latest when the run is started' })
  version?: number;

  @Anything({ templated: true, about: 'Name to value: what the run is given.' }, { type: 'object' })
  params?: unknown;

  @Text({ templated: true, about: 'The date of the run: an instant.', unset: 'the run has none' })
  logicalDate?: string;

  @Flag({ about: 'Whether the task ends with the run; else when the run has been started.', default: true })
  wait?: boolean;

  @Flag({ about: 'Whether a run that does not succeed fails the task.', default: true })
  propagate?: boolean;

  @Flag({ about: 'Whether the run is cancelled with the task, or by its timeout.', default: true })
  cancelWithParent?: boolean;

  @OneOf(ON_EXISTING_RUN, {
    about: 'What to do where the date has a run already that somebody else has started.',
    default: 'use',
    means: { use: 'that one is the run', fail: 'the task fails' },
  })
  onExisting?: string;
}

/** Input of an approval. */
export class ApprovalWithDto {
  @Text({ required: true, templated: true, about: 'What is asked.' })
  message!: string;

  @MapOf('map', { about: 'Name to JSON Schema of what an approval must come with; one with a `default` may be left out.' })
  inputs?: { [name: string]: object };

  @ListOf('text', { min: 1, about: 'Who may decide, by name.', unset: 'everybody' })
  approvers?: string[];

  @OneOf(ON_TIMEOUT, { about: 'What the task becomes when it is rejected.', default: 'fail' })
  onReject?: string;

  @Text({ about: 'After a rejection this upstream task and all downstream of it run again, and it is asked anew.' })
  rewindTo?: string;

  @Whole(1, 100, { about: 'How often it goes back; then onReject holds.', default: 10 })
  maxRewinds?: number;
}

/** Input of a SubDAG: `dag` with `version`, or `tasks` with what else a DAG has that is written in place (R9). */
export class DagWithDto {
  @Text({ about: 'Id of a stored DAG.' })
  dag?: string;

  @Whole(1, 1_000_000_000, { about: 'Of that DAG.', unset: 'the latest when the outermost run starts' })
  version?: number;

  @Anything({ templated: true, about: 'Name to value: all that the SubDAG sees of this one.' }, { type: 'object' })
  params?: unknown;

  @Nested('map', () => TaskDto, { about: 'Task id to task, in place of `dag`.' })
  tasks?: { [id: string]: TaskDto };

  @AnyMap({ about: 'With `tasks`: name to a value with expressions, the output of this task.' })
  outputs?: { [name: string]: unknown };

  @Whole(1, 10_000, { about: 'With `tasks`: activities of the SubDAG at the same time.', default: 16 })
  maxActiveTasks?: number;

  @Flag({ about: 'With `tasks`: cancel the rest of the SubDAG at its first failure.', default: false })
  failFast?: boolean;
}

/** The DTO of `with`, by task type. */
export const WITH_SHAPES: { readonly [type in TaskType]: Shape } = {
  noop: NoopWithDto,
  transform: TransformWithDto,
  branch: BranchWithDto,
  activity: ActivityWithDto,
  http: HttpWithDto,
  sql: SqlWithDto,
  python: PythonWithDto,
  shell: ShellWithDto,
  wait: WaitWithDto,
  approval: ApprovalWithDto,
  trigger: TriggerWithDto,
  dag: DagWithDto,
};
