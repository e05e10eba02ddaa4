import type { Json } from '../json.js';
import type { TaskSpec } from '../spec.js';
import type { Checking } from './checking.js';
import { checkPython } from './python-task.js';
import { checkSqlConnection } from './sql-connection.js';
import { checkUrl } from './url-check.js';

/** Characters of the name of an activity that Temporal takes. */
const MAX_ACTIVITY_NAME = 1000;

/** What the constants in `with` of a task or a hook may be, where its type has more rules than the shape of its fields. */
export function checkInput(checking: Checking, task: Pick<TaskSpec, 'type' | 'with'>, path: string): void {
  const input = `${path}/with`;
  if (task.type === 'activity') checkActivityName(checking, task.with?.name, `${input}/name`);
  if (task.type === 'http') checkUrl(checking, task.with?.url, `${input}/url`);
  if (task.type === 'python') checkPython(checking, task.with, input);
  if (task.type === 'sql') checkSqlConnection(checking, task.with, input);
}

function checkActivityName({ issues }: Checking, name: Json | undefined, path: string): void {
  if (typeof name === 'string' && name.length > MAX_ACTIVITY_NAME)
    issues.error(
      'invalid_value',
      path,
      `the name has ${name.length} characters; Temporal takes activity types of at most ${MAX_ACTIVITY_NAME}`,
    );
}
