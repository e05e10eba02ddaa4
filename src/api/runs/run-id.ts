import { runKeyOf } from '../../dag/child-id.js';

/** A run id taken apart (R2). */
export interface RunName {
  readonly runId: string;
  /** Of a child: the DAG of its root. */
  readonly dagId: string;
  /** The id as it stands in file names (`runKeyOf`). */
  readonly runKey: string;
}

/** Longest run id in bytes: the limit of Temporal's workflow ids on SQL stores. */
export const MAX_RUN_ID = 255;

/** Keys that a caller may give. */
export const RUN_KEY_PATTERN = /^[A-Za-z0-9_.-]{1,128}$/;

/** The one run of a DAG for a date; `logicalDate` is RFC 3339 UTC to the second. */
export const datedRun = (dagId: string, logicalDate: string): RunName => named(dagId, `${dagId}-${logicalDate}`);

/** A run that is not tied to a date. */
export const keyedRun = (dagId: string, key: string): RunName => named(dagId, `${dagId}@${key}`);

function named(dagId: string, runId: string): RunName {
  return { runId, dagId, runKey: runKeyOf(runId) };
}
