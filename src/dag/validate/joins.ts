import { ExpressionSyntaxError, expressionSource, type ParsedExpression, parseExpression } from '../expression/index.js';
import type { JoinTree } from '../join.js';
import { pointer } from '../json-pointer.js';
import { quorumSize } from '../quorum-size.js';
import { isTeardown, type QuorumSpec, type TaskSpec } from '../spec.js';
import { type Checking, taskOf } from './checking.js';
import { checkExpression, type IsUpstream } from './expressions.js';
import { JOIN_LANGUAGE, joinTree } from './join-expression.js';

/** Joins, and what excludes what between joins, rules, setups and teardowns (R6, R11). Returns the expressions of joins. */
export function checkJoins(checking: Checking, isUpstream: IsUpstream): ReadonlyMap<string, JoinTree<string>> {
  const joins = new Map<string, JoinTree<string>>();
  for (const id of checking.ids) {
    const task = taskOf(checking.spec, id);
    if (task === undefined) continue;
    const path = pointer('tasks', id);
    if (isTeardown(task)) checkTeardown(checking, task, path);
    if (task.join === undefined) continue;
    if (task.triggerRule !== undefined && task.triggerRule !== null)
      checking.issues.error(
        'not_allowed_with',
        `${path}/triggerRule`,
        'a join decides instead of a trigger rule; keep one of them',
      );
    if (isTeardown(task)) continue;
    if (typeof task.join !== 'string') checkQuorum(checking, id, task, task.join, `${path}/join`);
    else {
      const tree = checkJoinExpression(checking, isUpstream, id, task, task.join, path);
      if (tree !== undefined) joins.set(id, tree);
    }
  }
  return joins;
}

function checkTeardown({ issues }: Checking, task: TaskSpec, path: string): void {
  const fixed = 'a teardown runs when all before it has ended and one of its setups succeeded';
  if (task.triggerRule !== undefined && task.triggerRule !== null)
    issues.error('not_allowed_with', `${path}/triggerRule`, `${fixed}; leave triggerRule out`);
  if (task.join !== undefined) issues.error('not_allowed_with', `${path}/join`, `${fixed}; leave join out`);
  refuseOn(issues, task, path, fixed);
  if (task.setup === true)
    issues.error('not_allowed_with', `${path}/setup`, 'a task is a setup or a teardown, not both; make two tasks of it');
}

function refuseOn(issues: Checking['issues'], task: TaskSpec, path: string, reason: string): void {
  task.dependsOn?.forEach((entry, index) => {
    if (typeof entry !== 'string' && entry.on !== undefined)
      issues.error('not_allowed_with', `${path}/dependsOn/${index}/on`, `${reason}; leave \`on\` out`);
  });
}

function checkQuorum({ issues, faults }: Checking, id: string, task: TaskSpec, join: QuorumSpec, path: string): void {
  const edges = task.dependsOn?.length ?? 0;
  const size = quorumSize(join.minSuccess, edges);
  if (size === undefined)
    issues.error(
      'invalid_value',
      `${path}/minSuccess`,
      `must be a whole number from 1, or a share as in "90%", not '${String(join.minSuccess).slice(0, 40)}'`,
    );
  else if (size > edges && !faults.loose.has(id))
    issues.error(
      'invalid_value',
      `${path}/minSuccess`,
      `${size} of the tasks in dependsOn must be a success, and there ${edges === 1 ? 'is' : 'are'} ${edges}`,
    );
  if (join.cancelOthers === true && join.eager === false)
    issues.error(
      'not_allowed_with',
      `${path}/cancelOthers`,
      'with `eager: false` all have ended, so there is nobody to cancel',
    );
}

function checkJoinExpression(
  checking: Checking,
  isUpstream: IsUpstream,
  id: string,
  task: TaskSpec,
  text: string,
  path: string,
): JoinTree<string> | undefined {
  const { issues, faults } = checking;
  refuseOn(issues, task, path, "a join's expression reads the states as they are");
  const parsed = parse(checking, text, `${path}/join`);
  if (parsed === undefined) return undefined;
  checkExpression(checking, isUpstream, parsed, `${path}/join`, { name: 'join', task: id, secrets: 'walk' });
  const named = new Set((task.dependsOn ?? []).map((entry) => (typeof entry === 'string' ? entry : entry.task)));
  for (const { id: other } of parsed.references.tasks) {
    if (named.has(other) || other === id || faults.loose.has(id) || taskOf(checking.spec, other) === undefined) continue;
    issues.error(
      'reference_not_upstream',
      `${path}/join`,
      `a join reads states of the tasks in its own dependsOn, and '${other.slice(0, 60)}' is not among them; add it`,
    );
  }
  const tree = joinTree(parsed.ast);
  if (typeof tree === 'object' && 'problem' in tree) {
    issues.error('expression_invalid', `${path}/join`, `${tree.problem} (at character ${tree.offset + 1} of the expression)`);
    return undefined;
  }
  return tree;
}

/** With or without its braces: nothing else could stand there. */
function parse({ issues }: Checking, text: string, path: string): ParsedExpression | undefined {
  const source = expressionSource(text) ?? text;
  if (source.includes('${{')) {
    issues.error('expression_invalid', path, `a join is exactly one expression: ${JOIN_LANGUAGE}`);
    return undefined;
  }
  try {
    return parseExpression(source.trim());
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    issues.error(error.code, path, `${error.message} (at character ${error.offset + 1} of the expression)`);
    return undefined;
  }
}
