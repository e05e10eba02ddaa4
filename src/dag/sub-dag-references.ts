import type { Json } from './json.js';
import { pointer } from './json-pointer.js';
import { type DagSpec, inlineDag } from './spec.js';

/** A DAG that a task names as its SubDAG. */
export interface SubDagReference {
  readonly dag: string;
  /** Absent = the latest. */
  readonly version?: number;
  /** What it is given: a map, or one expression. */
  readonly params?: Json;
  /** JSON pointer of `with` of the task. */
  readonly path: string;
}

/** Every reference of a spec to another DAG, those within inline SubDAGs included, in order of path. O(tasks). */
export function subDagReferences({ tasks }: Pick<DagSpec, 'tasks'>, path = ''): SubDagReference[] {
  const found: SubDagReference[] = [];
  for (const id of Object.keys(tasks).sort()) {
    const task = tasks[id]!;
    if (task.type !== 'dag') continue;
    const at = `${path}${pointer('tasks', id)}/with`;
    const inline = inlineDag(task);
    if (inline !== undefined) found.push(...subDagReferences(inline, at));
    else if (typeof task.with?.dag === 'string')
      found.push({
        dag: task.with.dag,
        version: task.with.version as number | undefined,
        params: task.with.params,
        path: at,
      });
  }
  return found;
}

/** How a reference is called where it is pinned: `<dagId>` for the latest version, `<dagId>@<version>` for a fixed one. */
export const referenceName = ({ dag, version }: Pick<SubDagReference, 'dag' | 'version'>): string =>
  version === undefined ? dag : `${dag}@${version}`;
