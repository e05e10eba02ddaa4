import { expressionSource } from '../expression/index.js';
import type { Json, JsonObject } from '../json.js';
import type { TaskSpec } from '../spec.js';
import { branchInput } from './branches.js';
import type { Checking } from './checking.js';
import { effective } from './effective.js';
import { checkTemplate, type IsUpstream, type NeedsCollector, type Place } from './expressions.js';
import { expressionsInsideQuotes } from './sql-text.js';
import { isPolled } from './wait-fields.js';

/** The expressions of `with` of a task or a hook, each where its type lets it stand. */
export function checkWith(
  checking: Checking,
  isUpstream: IsUpstream,
  task: TaskSpec,
  path: string,
  needs: NeedsCollector,
  place: Place,
): void {
  const input = task.with ?? {};
  const branch = branchInput(task);
  if (branch !== undefined) {
    branch.cases.forEach(({ when }, index) => {
      const condition: Place = { name: 'when', task: place.task, secrets: 'walk' };
      if (typeof when === 'string') checkCondition(checking, isUpstream, when, `${path}/cases/${index}/when`, condition, needs);
    });
    return;
  }
  if (task.type === 'dag') {
    // All else in it has a scope of its own.
    if (input.params !== undefined) checkTemplate(checking, isUpstream, input.params, `${path}/params`, place, needs);
    return;
  }
  if (task.type === 'wait') return checkWait(checking, isUpstream, input, path, place, needs);
  if (task.type === 'approval') {
    // The schemas of its inputs are data.
    checkTemplate(checking, isUpstream, input.message ?? '', `${path}/message`, place, needs);
    return;
  }
  if (task.type === 'sql') return checkSqlInput(checking, isUpstream, input, path, place, needs);
  checkTemplate(checking, isUpstream, input, path, place, needs);
}

/** A wait: `sql` as of that type, and the condition `until` of `http` may name the response. */
function checkWait(
  checking: Checking,
  isUpstream: IsUpstream,
  { sql, http, ...others }: JsonObject,
  path: string,
  place: Place,
  needs: NeedsCollector,
): void {
  if (sql !== undefined) checkSqlInput(checking, isUpstream, sql as JsonObject, `${path}/sql`, place, needs);
  if (http !== undefined) {
    const { until, ...request } = http as JsonObject;
    checkTemplate(checking, isUpstream, request, `${path}/http`, place, needs);
    if (typeof until === 'string')
      checkCondition(
        checking,
        isUpstream,
        until,
        `${path}/http/until`,
        { name: 'until', task: place.task, secrets: 'walk', local: 'response' },
        needs,
      );
  }
  checkTemplate(checking, isUpstream, others, path, place, needs);
}

function checkSqlInput(
  checking: Checking,
  isUpstream: IsUpstream,
  input: JsonObject,
  path: string,
  place: Place,
  needs: NeedsCollector,
): void {
  for (const name of Object.keys(input).sort()) {
    const part = input[name] as Json;
    const template = checkTemplate(checking, isUpstream, part, `${path}/${name}`, { ...place, sql: name === 'query' }, needs);
    if (name !== 'query') continue;
    for (const text of template.strings) {
      for (const { source, inside } of expressionsInsideQuotes(text)) {
        checking.issues.error(
          'expression_inside_quotes',
          `${path}/${name}${text.pointer}`,
          `\${{ ${source.slice(0, 60)} }} stands inside ${inside}; it renders as a quoted literal itself: take it out, and join texts with ||`,
        );
      }
    }
  }
}

/** Where the `with` of a task is rendered, which says whether secrets are known. */
export function secretsOf({ spec, ownQueues }: Checking, task: TaskSpec): Place['secrets'] {
  const inWalk: readonly string[] = ['transform', 'noop', 'dag', 'approval', 'trigger'];
  if (inWalk.includes(task.type)) return 'walk';
  if (task.type === 'wait' && !isPolled(task)) return 'walk';
  const queue = effective(spec.defaults, task).queue;
  return task.type === 'activity' && queue !== undefined && !ownQueues.includes(queue) ? 'foreign' : 'allowed';
}

/** A value that is exactly one expression: a condition. */
export function checkCondition(
  checking: Checking,
  isUpstream: IsUpstream,
  condition: string,
  path: string,
  place: Place,
  needs: NeedsCollector,
): void {
  const template = checkTemplate(checking, isUpstream, condition, path, place, needs);
  if (expressionSource(condition) !== undefined && template.expressions.length <= 1) return;
  checking.issues.error(
    'expression_invalid',
    path,
    `a condition is exactly one expression: ${place.name}: "\${{ ... }}"${place.name === 'when' ? ', or true or false' : ''}`,
  );
}
