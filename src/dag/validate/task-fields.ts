import { pointer } from '../json-pointer.js';
import { checkSchema } from '../json-schema.js';
import type { RetrySpec, TaskDefaults, TaskSpec } from '../spec.js';
import { TASK_TYPES } from '../task-type.js';
import { checkApproval } from './approval-fields.js';
import { type Checking, taskOf } from './checking.js';
import { checkDuration } from './duration-check.js';
import { ID_PATTERN, ID_RULE } from './edges.js';
import { effective } from './effective.js';
import { checkInput } from './input-check.js';
import { checkPast } from './past-check.js';
import { checkResources } from './resources-check.js';
import { checkForeignRules, checkRetryRules } from './retry-rules-check.js';
import { checkTrigger } from './trigger-fields.js';
import { checkWaitFields } from './wait-fields.js';

const QUEUE = /^[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,199}$/;
const SYSTEM_QUEUE = 'baton-system';

/** Fields that mean something only where an activity carries the task out. */
const ACTIVITY_FIELDS = ['timeout', 'queueTimeout', 'heartbeatTimeout', 'retry', 'queue', 'cache', 'resources'] as const;

/** Durations, retries, queues and schemas of `defaults` and of each task (R19, R20, R21). */
export function checkTaskFields(checking: Checking): void {
  const { spec, ids, issues, faults } = checking;
  if (spec.defaults !== undefined && !checking.inline) checkFields(checking, spec.defaults, '/defaults');
  checkPast(checking);
  for (const id of ids) {
    const task = taskOf(spec, id);
    if (task === undefined) continue;
    const path = pointer('tasks', id);
    checkFields(checking, task, path);
    if (faults.opaque.has(id)) continue;
    if (task.onTimeout !== undefined && task.onTimeout !== null && TASK_TYPES[task.type].carriedOutBy !== 'wait')
      issues.error(
        'not_allowed_with',
        `${path}/onTimeout`,
        `'onTimeout' means nothing for type ${task.type}: a task that takes too long fails; it belongs to waits and approvals`,
      );
    if (TASK_TYPES[task.type].carriedOutBy === 'walk') {
      for (const name of ACTIVITY_FIELDS) {
        if (task[name] === undefined || task[name] === null) continue;
        issues.error(
          'not_allowed_with',
          `${path}/${name}`,
          `'${name}' means nothing for type ${task.type}, which the run itself carries out at once; leave it out`,
        );
      }
    } else if (TASK_TYPES[task.type].carriedOutBy === 'wait') {
      checkWaitFields(checking, id, task, path);
      if (task.type === 'trigger') checkTrigger(checking, task, path);
      if (task.type === 'approval') checkApproval(checking, task, `${path}/with`);
    } else if (task.type === 'dag') checkSubDag(checking, task, path);
    else checkQueueOf(checking, id, task, path);
    checkInput(checking, task, path);
  }
}

/** A SubDAG has no worker of its own, and another attempt of it is a run that keeps what succeeded. */
function checkSubDag({ issues }: Checking, task: TaskSpec, path: string): void {
  for (const name of ['queue', 'queueTimeout', 'heartbeatTimeout', 'resources'] as const) {
    if (task[name] === undefined || task[name] === null) continue;
    issues.error(
      'not_allowed_with',
      `${path}/${name}`,
      `'${name}' means nothing for type dag; write it in the tasks of the SubDAG`,
    );
  }
  for (const name of ['infraAttempts', 'totalTimeout', 'nonRetryableErrors'] as const) {
    if (task.retry?.[name] === undefined || task.retry[name] === null) continue;
    const why = 'is about the attempts of one activity; a SubDAG has maxAttempts, interval, multiplier, maxInterval and jitter';
    issues.error('not_allowed_with', `${path}/retry/${name}`, `'${name}' ${why}`);
  }
  const dag = task.with?.dag;
  if (typeof dag === 'string' && !ID_PATTERN.test(dag))
    issues.error('invalid_id', `${path}/with/dag`, `'${dag.slice(0, 60)}' cannot be a DAG id: use ${ID_RULE}`);
}

/** The fields that defaults, tasks and hooks have in common. */
export function checkFields(checking: Checking, fields: TaskDefaults, path: string): void {
  const { issues } = checking;
  checkDuration(checking, `${path}/timeout`, fields.timeout);
  checkDuration(checking, `${path}/queueTimeout`, fields.queueTimeout);
  checkDuration(checking, `${path}/heartbeatTimeout`, fields.heartbeatTimeout);
  if (
    fields.priority !== undefined &&
    fields.priority !== null &&
    !(Number.isInteger(fields.priority) && fields.priority >= 1 && fields.priority <= 5)
  ) {
    issues.error(
      'invalid_value',
      `${path}/priority`,
      `must be a whole number from 1 (first) to 5 (last), not ${fields.priority}`,
    );
  }
  const { queue } = fields;
  if (queue !== undefined && queue !== null) {
    if (queue === SYSTEM_QUEUE)
      issues.error('invalid_value', `${path}/queue`, `'${SYSTEM_QUEUE}' is the service's own; tasks never run there`);
    else if (!QUEUE.test(queue))
      issues.error(
        'invalid_value',
        `${path}/queue`,
        `'${queue.slice(0, 60)}' cannot be a task queue: use letters, digits, _ . : @ / and -, at most 200 characters`,
      );
  }
  if (fields.outputSchema !== undefined && fields.outputSchema !== null) {
    for (const problem of checkSchema(fields.outputSchema))
      issues.error('invalid_json_schema', `${path}/outputSchema${problem.pointer}`, problem.message);
  }
  if (fields.cache !== undefined && fields.cache !== null) checkDuration(checking, `${path}/cache/ttl`, fields.cache.ttl);
  if (fields.retry !== undefined && fields.retry !== null) checkRetry(checking, fields.retry, `${path}/retry`);
  checkResources(checking, fields.resources, `${path}/resources`);
}

function checkRetry(checking: Checking, retry: RetrySpec, path: string): void {
  const { issues, limits } = checking;
  const range = (
    name: 'maxAttempts' | 'infraAttempts' | 'multiplier' | 'jitter',
    min: number,
    max: number,
    whole: boolean,
  ): void => {
    const value = retry[name];
    if (value === undefined || value === null || (value >= min && value <= max && (!whole || Number.isInteger(value)))) return;
    issues.error(
      'invalid_value',
      `${path}/${name}`,
      `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${value}`,
    );
  };
  range('maxAttempts', 1, limits.attempts, true);
  range('infraAttempts', 0, limits.attempts, true);
  range('multiplier', 1, 100, false);
  range('jitter', 0, 1, false);
  const interval = checkDuration(checking, `${path}/interval`, retry.interval);
  const maxInterval = checkDuration(checking, `${path}/maxInterval`, retry.maxInterval);
  checkDuration(checking, `${path}/totalTimeout`, retry.totalTimeout);
  if (interval !== undefined && maxInterval !== undefined && maxInterval < interval) {
    issues.error(
      'invalid_value',
      `${path}/maxInterval`,
      `the longest wait (${retry.maxInterval ?? ''}) is shorter than the first (${retry.interval ?? ''})`,
    );
  }
  retry.nonRetryableErrors?.forEach((name, index) => {
    if (name.trim() === '')
      issues.error(
        'invalid_value',
        `${path}/nonRetryableErrors/${index}`,
        'an error type is empty; write the name that the failure shows as its type',
      );
  });
  if (retry.rules !== undefined && retry.rules !== null) checkRetryRules(checking, retry.rules, `${path}/rules`);
}

/** Only activities may go to workers that are not ours: they get plain arguments, all other types an envelope (R14). */
export function checkQueueOf(checking: Checking, id: string, task: TaskSpec, path: string): void {
  const { issues, ownQueues, spec } = checking;
  const queue = effective(spec.defaults, task).queue;
  if (queue === undefined || ownQueues.includes(queue)) return;
  if (task.type !== 'activity') {
    const where = task.queue === undefined ? '/defaults/queue' : `${path}/queue`;
    issues.error(
      'invalid_value',
      where,
      `task '${id}' of type ${task.type} needs a worker of this service, and none is configured for queue '${queue.slice(0, 60)}'; only tasks of type activity can go to other workers`,
    );
  } else if (typeof task.with?.args === 'string') {
    issues.error(
      'invalid_value',
      `${path}/with/args`,
      `queue '${queue.slice(0, 60)}' belongs to another worker, so the number of arguments must be fixed: write a list`,
    );
  }
  if (task.type !== 'activity') return;
  checkForeignRules(checking, id, task, path);
  if (task.cache !== undefined && task.cache !== null)
    issues.error(
      'not_allowed_with',
      `${path}/cache`,
      `task '${id}' runs on another worker, which keeps no results for us; leave 'cache' out, or give the work to a worker of this service`,
    );
  if (task.resources !== undefined && task.resources !== null)
    issues.error(
      'not_allowed_with',
      `${path}/resources`,
      `task '${id}' runs on another worker, which is not told of them; pass what it needs in 'args'`,
    );
}
