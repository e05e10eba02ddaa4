import { DurationError, parseSignedDuration } from '../duration.js';
import { holdsExpression } from '../expression/index.js';
import { parseInstant } from '../instant.js';
import type { JsonObject } from '../json.js';
import type { Checking } from './checking.js';
import { checkDuration } from './duration-check.js';
import { ID_PATTERN, ID_RULE } from './edges.js';

/** What a wait for a run of another DAG says of it. Whether there is such a DAG is not known here. */
export function checkRunWait(checking: Checking, run: JsonObject | undefined, path: string): void {
  if (run === undefined) return;
  const { issues, spec } = checking;
  const { dag, task, date, offset, window, latest } = run;
  for (const [name, id] of [
    ['dag', dag],
    ['task', task],
  ] as const)
    if (typeof id === 'string' && !ID_PATTERN.test(id))
      issues.error(
        'invalid_id',
        `${path}/${name}`,
        `'${id.slice(0, 60)}' cannot be the id of a ${name === 'dag' ? 'DAG' : 'task'}: use ${ID_RULE}`,
      );
  if (latest === true)
    for (const name of ['date', 'offset', 'window'] as const)
      if (run[name] !== undefined)
        issues.error(
          'not_allowed_with',
          `${path}/${name}`,
          `'${name}' means nothing with 'latest', which asks for no date; leave one of them out`,
        );
  if (typeof date === 'string' && !holdsExpression(date) && parseInstant(date) === undefined)
    issues.error('bad_date', `${path}/date`, `'${date.slice(0, 60)}' is no instant; write one as 2024-01-31T06:00:00Z`);
  checkDuration(checking, `${path}/window`, window as string | undefined);
  const moved = offset === undefined ? 0 : checkOffset(checking, `${path}/offset`, offset as string);
  if (dag === spec.id && !checking.inline && (latest === true || (date === undefined && (moved ?? -1) >= 0)))
    issues.error(
      'dag_cycle',
      `${path}/dag`,
      `a run of '${spec.id}' would wait for itself, or for one that comes after it; name an earlier one with a negative 'offset', or use 'dependsOnPast'`,
    );
}

/** In ms; undefined where it is none. */
function checkOffset({ issues }: Checking, path: string, offset: string): number | undefined {
  try {
    return parseSignedDuration(offset);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    issues.error('bad_duration', path, `${error.message}; a leading - is allowed here`);
    return undefined;
  }
}
