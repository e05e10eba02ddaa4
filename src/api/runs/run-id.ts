/** A run id taken apart (R2). */
export interface RunName {
  readonly runId: string;
  readonly dagId: string;
  /** The id as it stands in file names: `:` dropped, `@` as `=`. */
  readonly runKey: string;
}

const DATED = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,127})-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;
const KEYED = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,127})@([A-Za-z0-9_.-]{1,128})$/;

/** Longest run id in bytes: the limit of Temporal's workflow ids on SQL stores. */
export const MAX_RUN_ID = 255;

/** Keys that a caller may give. */
export const RUN_KEY_PATTERN = /^[A-Za-z0-9_.-]{1,128}$/;

/** The parts of a run id; undefined when it is not one. */
export function parseRunId(runId: string): RunName | undefined {
  if (runId.length > MAX_RUN_ID) return undefined;
  const dagId = (DATED.exec(runId) ?? KEYED.exec(runId))?.[1];
  return dagId === undefined ? undefined : { runId, dagId, runKey: runId.replaceAll(':', '').replace('@', '=') };
}

/** Id of the one run of a DAG for a date; `logicalDate` is RFC 3339 UTC to the second. */
export const datedRunId = (dagId: string, logicalDate: string): string => `${dagId}-${logicalDate}`;

/** Id of a run that is not tied to a date. */
export const keyedRunId = (dagId: string, key: string): string => `${dagId}@${key}`;
