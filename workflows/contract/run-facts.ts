import type { JsonObject } from '../../src/dag/json.js';
import type { RunScope } from '../../src/dag/scope.js';
import type { TriggeredBy } from './triggering.js';

/** The facts of a run that never change, fixed when it is created (zones and clocks stay outside the workflow: R5). */
export interface RunFacts {
  /** REST run id = workflow id. */
  readonly runId: string;
  readonly dagId: string;
  readonly version: number;
  /** n-th execution of this run id, from 1 (R4). */
  readonly execution: number;
  readonly scope: RunScope;
  /** false: not tied to a date; logicalDate is then the moment of acceptance. */
  readonly dated: boolean;
  readonly params: JsonObject;
  readonly note?: string;
  /** Who asked for it, as far as known. */
  readonly identity?: string;
  /** sha256 of the request body, to tell a repeated Idempotency-Key from a reused one. */
  readonly requestHash?: string;
  /** Epoch ms. */
  readonly acceptedAt: number;
  readonly tags?: readonly string[];
  /** The backfill that started this execution. */
  readonly backfillId?: string;
  /** The task that started it. */
  readonly triggeredBy?: TriggeredBy;
  /** It carries out these tasks alone, and what they need (`selectedTasks`). Default: all. */
  readonly onlyTasks?: readonly string[];
  /** Tasks do their work though an earlier result is kept (`cache`). */
  readonly ignoreCache?: true;
}

/** Memo key under which a run carries its {@link RunMemo}, so that lists and reads need no worker (R28). */
export const RUN_MEMO = 'run';

/** The facts of a run but its params; note and tasks are cut so that the memo stays below 2 KiB. */
export type RunMemo = Omit<RunFacts, 'params'>;
