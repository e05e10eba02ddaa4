import { holdsExpression } from '../expression/index.js';
import { deadlineName } from '../hooks.js';
import { parseInstant } from '../instant.js';
import { pointer } from '../json-pointer.js';
import { type DeadlineSpec, isTeardown } from '../spec.js';
import type { Needs } from './analysis.js';
import { type Checking, taskOf } from './checking.js';
import { checkDuration } from './duration-check.js';
import type { IsUpstream } from './expressions.js';
import { checkTemplate, NeedsCollector } from './expressions.js';
import { checkHook } from './hook-expressions.js';
import { checkHookFields } from './hooks-check.js';

/** Of the DAG, and of each task. */
const MAX_DEADLINES = 20;

/** One deadline with its place in the spec. */
interface Placed {
  readonly deadline: DeadlineSpec;
  readonly path: string;
  readonly name: string;
  /** It is of a teardown. */
  readonly tearsDown: boolean;
}

function placedDeadlines({ spec, ids }: Checking): Placed[] {
  const placed = (list: readonly DeadlineSpec[] | undefined, path: string, task?: string): Placed[] =>
    (list ?? []).map((deadline, n) => ({
      ...{ deadline, path: path + pointer(n), name: deadlineName(n, task) },
      tearsDown: task !== undefined && isTeardown(taskOf(spec, task)),
    }));
  return [
    ...placed(spec.deadlines, '/deadlines'),
    ...ids.flatMap((id) => placed(taskOf(spec, id)?.deadlines, pointer('tasks', id, 'deadlines'), id)),
  ];
}

/** Fields of all deadlines, hooks included (R27); their expressions are checked with those of the tasks. */
export function checkDeadlines(checking: Checking): void {
  const { spec, ids, issues } = checking;
  const lists = [
    ['/deadlines', spec.deadlines] as const,
    ...ids.map((id) => [pointer('tasks', id, 'deadlines'), taskOf(spec, id)?.deadlines] as const),
  ];
  for (const [path, list] of lists)
    if (list !== undefined && list.length > MAX_DEADLINES)
      issues.error('invalid_value', path, `${list.length} deadlines; at most ${MAX_DEADLINES} are allowed`);
  for (const { deadline, path, name, tearsDown } of placedDeadlines(checking)) {
    const { reference, interval, at, hook, behavior } = deadline;
    if (tearsDown && behavior !== undefined && behavior !== 'alert')
      issues.error(
        'not_allowed_with',
        `${path}/behavior`,
        `nothing ends clean-up but its own 'timeout'; a deadline of a teardown can alert only`,
      );
    const ms = checkDuration(checking, `${path}/interval`, interval, { zero: true });
    if (reference === 'fixed') {
      if (at === undefined)
        issues.error(
          'missing_field',
          `${path}/at`,
          "a fixed deadline names its moment: write 'at', an instant or an expression",
        );
    } else {
      if (at !== undefined)
        issues.error(
          'not_allowed_with',
          `${path}/at`,
          `'at' names the moment of a fixed deadline; with '${reference}' write 'interval'`,
        );
      if (interval === undefined)
        issues.error('missing_field', `${path}/interval`, `write how long after '${reference}' it is to be done`);
      else if (ms === 0 && reference !== 'logicalDate')
        issues.error('invalid_value', `${path}/interval`, `no time after '${reference}' would always be too late`);
    }
    if (typeof at === 'string' && !holdsExpression(at) && parseInstant(at) === undefined)
      issues.error('bad_date', `${path}/at`, `'${at.slice(0, 60)}' is no instant; write one as 2024-01-31T06:00:00Z`);
    if (hook !== undefined) checkHookFields(checking, hook, `${path}/hook`, name);
  }
}

/** What the hooks and moments of deadlines name; `needs` gets those of the hooks, by their names. */
export function checkDeadlineExpressions(checking: Checking, isUpstream: IsUpstream, needs: Map<string, Needs>): void {
  for (const { deadline, path, name } of placedDeadlines(checking)) {
    const { at, hook } = deadline;
    if (typeof at === 'string')
      checkTemplate(
        checking,
        isUpstream,
        at,
        `${path}/at`,
        { name: 'at', secrets: 'walk', noTasks: true },
        new NeedsCollector(checking),
      );
    if (hook === undefined) continue;
    const place = { local: 'deadline' };
    needs.set(name, checkHook(checking, isUpstream, { on: 'deadline', hook, path: `${path}/hook`, name }, place));
  }
}
