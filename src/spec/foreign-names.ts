import { DagDto } from './dto/dag.dto.js';
import { DependencyDto } from './dto/dependency.dto.js';
import { RetryDto } from './dto/retry.dto.js';
import { TaskDefaultsDto } from './dto/task-defaults.dto.js';
import { TaskDto } from './dto/task.dto.js';
import { ActivityWithDto, HttpWithDto, ShellWithDto, SqlWithDto } from './dto/with.dto.js';
import type { Shape } from './field.js';

type Names = { readonly [theirs: string]: string };

const RETRIES = '`retry: {maxAttempts}`, which counts all attempts: `retries: 2` elsewhere is `maxAttempts: 3` here';
const EDGES = '`dependsOn`, a list of task ids';

const TASK_DEFAULTS: Names = {
  retries: RETRIES, retry_limit: RETRIES, retryLimit: RETRIES, maxRetries: RETRIES, max_retries: RETRIES, retryPolicy: '`retry`', retryStrategy: '`retry`',
  retry_delay: '`retry: {interval}`', retryDelay: '`retry: {interval}`', max_retry_delay: '`retry: {maxInterval}`',
  retry_exponential_backoff: '`retry: {multiplier}`', execution_timeout: '`timeout`, of one attempt', startToCloseTimeout: '`timeout`, of one attempt',
  scheduleToStartTimeout: '`queueTimeout`', scheduleToCloseTimeout: '`retry: {totalTimeout}`', timeoutSeconds: '`timeout: 90s`', timeout_seconds: '`timeout: 90s`',
  trigger_rule: '`triggerRule`', taskQueue: '`queue`', task_queue: '`queue`', priority_weight: '`priority`, 1 (first) to 5', pool_slots: '`poolSlots`, which comes later',
};

const TASK: Names = {
  ...TASK_DEFAULTS,
  depends_on: EDGES, dependencies: EDGES, depends: EDGES, upstream: EDGES, upstream_task_ids: EDGES, needs: EDGES, requires: EDGES, after: EDGES,
  downstream: '`dependsOn` of the other task: an edge is written where it ends', next: '`dependsOn` of the next task',
  operator: '`type`', kind: '`type`', uses: '`type`', task_type: '`type`', task_id: 'the key in `tasks`', taskId: 'the key in `tasks`', id: 'the key in `tasks`', name: 'the key in `tasks`',
  cmd: '`with: {argv: [program, argument]}` of type shell', command: '`with: {argv: [program, argument]}` of type shell', bash_command: '`with: {argv: [program, argument]}` of type shell',
  script: '`with: {argv: [program, argument]}` of type shell', run: '`with: {argv: [program, argument]}` of type shell',
  partial: '`with`, which may mix fixed values and `item`', op_kwargs: '`with`', op_args: '`with`', arguments: '`with`', parameters: '`with`', inputs: '`with`', input: '`with`', config: '`with`', params: '`with`',
  env: '`with: {env}` of type shell', if: '`when`', condition: '`when`', run_if: '`when`',
  with_items: '`expand`, which comes later', withItems: '`expand`, which comes later', withParam: '`expand`, which comes later', for_each: '`expand`, which comes later', matrix: '`expand`, which comes later', foreach: '`expand`, which comes later',
  concurrency: '`maxConcurrency`, which comes later', depends_on_past: '`dependsOnPast`, which comes later', continueOn: '`allowFailure`, which comes later', continue_on_error: '`allowFailure`, which comes later',
  allow_failure: '`allowFailure`, which comes later', trigger: '`triggerRule`, or the type `trigger` that comes later',
};

const DAG: Names = {
  schedule_interval: '`schedule`', scheduleInterval: '`schedule`', cron: '`schedule`', schedules: '`schedule`', timetable: '`schedule`',
  start_date: '`startDate`', end_date: '`endDate`', time_zone: '`timezone`', timeZone: '`timezone`', tz: '`timezone`',
  max_active_runs: '`maxActiveRuns`, which comes later', max_active_tasks: '`maxActiveTasks`', concurrency: '`maxActiveTasks`', parallelism: '`maxActiveTasks`',
  default_args: '`defaults`', defaultArgs: '`defaults`', dag_id: '`id`', dagId: '`id`', name: '`id`', dagrun_timeout: '`timeout`', parameters: '`params`', inputs: '`params`', arguments: '`params`',
  jobs: '`tasks`', steps: '`tasks`', nodes: '`tasks`', activities: '`tasks`', states: '`tasks`', fail_fast: '`failFast`', fail_stop: '`failFast`',
  retries: `\`defaults: {retry: {maxAttempts}}\`, which counts all attempts`, on_failure_callback: '`hooks`, which come later', onExit: '`hooks`, which come later', env: '`with: {env}` of a shell task',
  edges: '`dependsOn` of each task', dependencies: '`dependsOn` of each task', max_active_tasks_per_dag: '`maxActiveTasks`', secrets: '`${{ secrets.NAME }}` inside `with`',
};

const RETRY: Names = {
  retries: RETRIES, limit: RETRIES, attempts: '`maxAttempts`', maximumAttempts: '`maxAttempts`', max_attempts: '`maxAttempts`', count: '`maxAttempts`', maxRetries: RETRIES,
  delay: '`interval`', initialInterval: '`interval`', initial_interval: '`interval`', backoff: '`multiplier`', backoffCoefficient: '`multiplier`', backoff_coefficient: '`multiplier`', factor: '`multiplier`',
  maximumInterval: '`maxInterval`', maximum_interval: '`maxInterval`', maxDelay: '`maxInterval`', nonRetryableErrorTypes: '`nonRetryableErrors`', timeout: '`totalTimeout`',
};

const DEPENDENCY: Names = {
  id: '`task`', name: '`task`', taskId: '`task`', task_id: '`task`', status: '`on`', state: '`on`', condition: '`on`', outcome: '`on`', when: '`on`',
};

/** Names that other tools use, and what to write here instead. */
export const FOREIGN_NAMES: ReadonlyMap<Shape, Names> = new Map<Shape, Names>([
  [DagDto, DAG], [TaskDto, TASK], [TaskDefaultsDto, TASK_DEFAULTS], [RetryDto, RETRY], [DependencyDto, DEPENDENCY],
  [ActivityWithDto, { activity: '`name`', function: '`name`', type: '`name`', arguments: '`args`, a list', input: '`args`, a list', params: '`args`, a list' }],
  [HttpWithDto, { uri: '`url`', endpoint: '`url`', verb: '`method`', json: '`body`', data: '`body`', payload: '`body`', params: '`query`', timeout: '`timeout` of the task' }],
  [SqlWithDto, { sql: '`query`', statement: '`query`', statements: '`query`, which may be a list', params: '`parameters`', args: '`parameters`', conn_id: '`connection`, which comes later', autocommit: 'nothing: a list in `query` is one transaction' }],
  [ShellWithDto, { command: '`argv`, a list', cmd: '`argv`, a list', args: '`argv`, the program first', script: '`argv`, a list', bash_command: '`argv`, a list', environment: '`env`', workdir: '`cwd`', workingDir: '`cwd`', dir: '`cwd`' }],
]);
