import { holdsExpression } from '../expression/index.js';
import { parseInstant } from '../instant.js';
import type { TaskSpec } from '../spec.js';
import type { Checking } from './checking.js';
import { ID_PATTERN, ID_RULE } from './edges.js';

/** Fields that say what becomes of a run that is waited for. */
const OF_A_WAIT = ['propagate', 'cancelWithParent'] as const;

/** What a trigger says of the run that it starts. Whether there is such a DAG is not known here. */
export function checkTrigger({ issues, spec, inline }: Checking, task: TaskSpec, path: string): void {
  const input = task.with ?? {};
  const { dag, logicalDate, wait, onExisting } = input;
  if (typeof dag === 'string' && !ID_PATTERN.test(dag))
    issues.error('invalid_id', `${path}/with/dag`, `'${dag.slice(0, 60)}' cannot be a DAG id: use ${ID_RULE}`);
  if (typeof logicalDate === 'string' && !holdsExpression(logicalDate) && parseInstant(logicalDate) === undefined)
    issues.error(
      'bad_date',
      `${path}/with/logicalDate`,
      `'${logicalDate.slice(0, 60)}' is no instant; write one as 2024-01-31T06:00:00Z`,
    );
  if (onExisting !== undefined && logicalDate === undefined)
    issues.error(
      'not_allowed_with',
      `${path}/with/onExisting`,
      "'onExisting' is about the one run of a date; without 'logicalDate' each start is another run",
    );
  if (wait !== false) {
    if (dag === spec.id && !inline)
      issues.error(
        'dag_cycle',
        `${path}/with/dag`,
        `each run of '${spec.id}' would start another one and wait for it; with 'wait: false' it goes on without`,
      );
    return;
  }
  for (const name of OF_A_WAIT)
    if (input[name] !== undefined)
      issues.error('not_allowed_with', `${path}/with/${name}`, `'${name}' means nothing with 'wait: false'; leave it out`);
  for (const name of ['timeout', 'onTimeout'] as const)
    if (task[name] !== undefined && task[name] !== null)
      issues.error('not_allowed_with', `${path}/${name}`, `'${name}' means nothing with 'wait: false'; leave it out`);
}
