import { runKeyOf } from '../dag/child-id.js';

/** What a run id says (R2). */
export interface RunIdParts {
  /** Of a child: the DAG of its root; its own may be another. */
  readonly dagId: string;
  /** `run.key`: the id, safe as a file name. */
  readonly runKey: string;
  /** The run that a child belongs to in the end; absent = it is no child. */
  readonly root?: { readonly runId: string; readonly runKey: string };
}

const DATED = /^(.+)-\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const KEYED = /^([^@]+)@[A-Za-z0-9_.-]{1,128}$/;
const DAG_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Tasks with item and attempt, `/` between them; a long one ends in a hash, which may stand anywhere in a name (`childRunId`). */
const CHILD_PATH = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}(?:\[\d{1,9}\])?(?:#\d{1,5})?$/;
const HASHED = /~[0-9a-f]{32}$/;

/** Takes a run id apart; `undefined` when it cannot be one. `@`, `:` and `/` are outside the id alphabet, so this is exact. */
export function parseRunId(runId: string): RunIdParts | undefined {
  const slash = runId.indexOf('/');
  const rootId = slash < 0 ? runId : runId.slice(0, slash);
  const dagId = (KEYED.exec(rootId) ?? DATED.exec(rootId))?.[1];
  if (dagId === undefined || !DAG_ID.test(dagId)) return undefined;
  if (slash < 0) return { dagId, runKey: runKeyOf(runId) };
  return isChildPath(runId.slice(slash + 1))
    ? { dagId, runKey: runKeyOf(runId), root: { runId: rootId, runKey: runKeyOf(rootId) } }
    : undefined;
}

function isChildPath(path: string): boolean {
  const whole = path.replace(HASHED, '');
  const parts = whole.split('/');
  // What the hash replaces may begin anywhere in the last name, or just before it.
  if (whole !== path && parts.length > 0)
    return parts.slice(0, -1).every((part) => CHILD_PATH.test(part)) && /^[A-Za-z0-9_.[\]#-]*$/.test(parts.at(-1)!);
  return parts.every((part) => CHILD_PATH.test(part));
}
