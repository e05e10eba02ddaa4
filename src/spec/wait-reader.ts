import type { IssueList } from '../dag/issue-list.js';
import { describe, type Shaped } from './shape-reader.js';
import { checkMaps, WITH_MAPS } from './with-maps.js';

/** What a wait may wait for. */
const CONDITIONS = ['duration', 'until', 'file', 'http', 'sql', 'run'] as const;

/** The shape of a wait's `with`; false where it lacks something that other checks would miss again. */
export function checkWaitShape(issues: IssueList, { fields, faulty }: Shaped, path: string): boolean {
  for (const type of ['http', 'sql'] as const) {
    const part = fields[type] as { [name: string]: unknown } | undefined;
    if (part !== undefined) checkMaps(issues, WITH_MAPS[type] ?? [], part, `${path}/${type}`);
  }
  const request = fields.http as { [name: string]: unknown } | undefined;
  if (request?.until !== undefined && typeof request.until !== 'string') {
    issues.error('wrong_type', `${path}/http/until`, `must be an expression "\${{ ... }}", not ${describe(request.until)}`);
    request.until = undefined;
  }
  if (CONDITIONS.some((name) => faulty.has(name))) return false;
  const named = CONDITIONS.filter((name) => fields[name] !== undefined);
  if (named.length === 1) return true;
  const all = CONDITIONS.map((name) => `'${name}'`).join(', ');
  issues.error(
    'wait_condition',
    path,
    named.length === 0
      ? `nothing is waited for; write one of ${all}`
      : `${named.map((name) => `'${name}'`).join(' and ')} at once; a wait has exactly one of ${all}: make a task of each`,
  );
  return false;
}
