import type { Issue } from '../../dag/issue.js';
import { pointer } from '../../dag/json-pointer.js';
import type { DagSpec } from '../../dag/spec.js';
import type { SubDagReference } from '../../dag/sub-dag-references.js';

/**
 * Whether a SubDAG is given params that it has, and all that it needs. Their values are known, and checked, only when it
 * runs; where one expression gives all of them so are their names.
 */
export function paramIssues({ dag, params = {}, path }: SubDagReference, spec: DagSpec): Issue[] {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return [];
  const schemas = spec.params ?? {};
  const known = Object.keys(schemas).sort();
  const issues: Issue[] = [];
  for (const name of Object.keys(params).sort()) {
    if (Object.hasOwn(schemas, name)) continue;
    const has = known.length === 0 ? 'it takes none' : `it has ${known.slice(0, 20).join(', ')}`;
    const message = `the DAG ${dag} has no param '${name.slice(0, 60)}'; ${has}`;
    issues.push({ code: 'unknown_param', path: `${path}${pointer('params', name)}`, message, severity: 'error' });
  }
  for (const name of known) {
    if (Object.hasOwn(params, name) || Object.hasOwn(schemas[name]!, 'default')) continue;
    const message = `the DAG ${dag} needs the param '${name}', which has no default`;
    issues.push({ code: 'missing_field', path: `${path}${pointer('params', name)}`, message, severity: 'error' });
  }
  return issues;
}
