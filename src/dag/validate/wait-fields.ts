import { DEFAULT_WAIT } from '../compile-wait.js';
import { formatDuration } from '../duration.js';
import { holdsExpression } from '../expression/index.js';
import { parseInstant } from '../instant.js';
import type { Json, JsonObject } from '../json.js';
import type { TaskSpec } from '../spec.js';
import { POLLED } from '../wait-plan.js';
import type { Checking } from './checking.js';
import { checkDuration } from './duration-check.js';
import { checkRunWait } from './run-wait-fields.js';
import { checkSqlConnection } from './sql-connection.js';
import { checkUrl } from './url-check.js';

/** Whether a wait looks again and again, by an activity; else it is a timer of the run. */
export function isPolled(task: TaskSpec): boolean {
  return POLLED.some((what) => task.with?.[what] !== undefined);
}

const NEVER = ['retry', 'queueTimeout', 'heartbeatTimeout', 'resources'] as const;
const PACE = ['every', 'multiplier', 'maxInterval'] as const;

/** Fields of a wait and the constants in its `with` (R19). */
export function checkWaitFields(checking: Checking, id: string, task: TaskSpec, path: string): void {
  const { issues, ownQueues } = checking;
  const input = task.with ?? {};
  const polled = isPolled(task);
  for (const name of NEVER) {
    if (task[name] === undefined || task[name] === null) continue;
    issues.error(
      'not_allowed_with',
      `${path}/${name}`,
      `'${name}' means nothing for type ${task.type}, which goes on until its timeout; leave it out`,
    );
  }
  if (task.queue !== undefined && task.queue !== null) {
    if (!polled)
      issues.error(
        'not_allowed_with',
        `${path}/queue`,
        `'queue' means nothing here: the run itself waits, without a worker; leave it out`,
      );
    else if (!ownQueues.includes(task.queue))
      issues.error(
        'invalid_value',
        `${path}/queue`,
        `task '${id}' of type ${task.type} needs a worker of this service, and none is configured for queue '${task.queue.slice(0, 60)}'; only tasks of type activity can go to other workers`,
      );
  }
  if (!polled) {
    for (const name of PACE) {
      if (input[name] !== undefined)
        issues.error('not_allowed_with', `${path}/with/${name}`, `'${name}' belongs to file, http and sql; leave it out`);
    }
    checkTimer(checking, task, input, path);
    checkRunWait(checking, input.run as JsonObject | undefined, `${path}/with/run`);
    return;
  }
  checkPace(checking, input, `${path}/with`);
  checkFile(checking, input.file, `${path}/with/file`);
  if (input.http !== undefined) checkUrl(checking, (input.http as JsonObject).url, `${path}/with/http/url`);
  checkSqlConnection(checking, input.sql as JsonObject | undefined, `${path}/with/sql`);
}

function checkTimer(checking: Checking, task: TaskSpec, { duration, until }: JsonObject, path: string): void {
  const { issues } = checking;
  if (typeof until === 'string' && !holdsExpression(until) && parseInstant(until) === undefined)
    issues.error('bad_date', `${path}/with/until`, `'${until.slice(0, 60)}' is no instant; write one as 2024-01-31T06:00:00Z`);
  if (typeof duration !== 'string' || holdsExpression(duration)) return;
  const ms = checkDuration(checking, `${path}/with/duration`, duration);
  if (ms === undefined || ms <= DEFAULT_WAIT.timeoutMs || (task.timeout !== undefined && task.timeout !== null)) return;
  issues.error(
    'invalid_value',
    `${path}/with/duration`,
    `${duration} is longer than the timeout of a wait, which is ${formatDuration(DEFAULT_WAIT.timeoutMs)} unless it is set; write a longer 'timeout' beside \`with\``,
  );
}

function checkPace(checking: Checking, { every, maxInterval }: JsonObject, path: string): void {
  const { issues } = checking;
  const everyMs = checkDuration(checking, `${path}/every`, every as string | undefined);
  const longest = checkDuration(checking, `${path}/maxInterval`, maxInterval as string | undefined);
  if (everyMs !== undefined && everyMs < 1000)
    issues.error('invalid_value', `${path}/every`, `${String(every)} is too often; at least 1s lies between two polls`);
  if (longest !== undefined && longest < (everyMs ?? DEFAULT_WAIT.everyMs))
    issues.error(
      'invalid_value',
      `${path}/maxInterval`,
      `the longest pause (${String(maxInterval)}) is shorter than the first (${formatDuration(everyMs ?? DEFAULT_WAIT.everyMs)})`,
    );
}

/** Places other than the data folder and the object store are named by their scheme. */
function checkFile({ issues }: Checking, file: Json | undefined, path: string): void {
  const scheme = typeof file === 'string' ? /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(file)?.[1] : undefined;
  if (scheme !== undefined && scheme !== 'objects')
    issues.error(
      'not_yet_supported',
      path,
      `files at ${scheme}:// are part of the language but not supported yet; a wait sees the data folder and objects://`,
    );
  if (file === '') issues.error('invalid_value', path, 'the name is empty; write a path below the data folder');
}
