/** What a run id says (R2). */
export interface RunIdParts {
  readonly dagId: string;
  /** `run.key`: the id, safe as a file name. */
  readonly runKey: string;
}

const DATED = /^(.+)-\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const KEYED = /^([^@]+)@[A-Za-z0-9_.-]{1,128}$/;
const DAG_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Takes a run id apart; `undefined` when it cannot be one. `@` and `:` are outside the id alphabet, so this is exact. */
export function parseRunId(runId: string): RunIdParts | undefined {
  const dagId = (KEYED.exec(runId) ?? DATED.exec(runId))?.[1];
  if (dagId === undefined || !DAG_ID.test(dagId)) return undefined;
  return { dagId, runKey: runId.replaceAll(':', '').replace('@', '=') };
}
