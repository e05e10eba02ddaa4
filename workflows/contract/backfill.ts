import type { BackfillOrder, BackfillProgress, Reprocess } from '../../src/dag/backfill/backfill.js';
import type { BackfillSnapshot, BackfillTerms } from '../../src/dag/backfill/backfill-walk.js';
import type { ValidationAttempt } from '../../src/dag/backfill/chunk-validation.js';
import { firstNames } from '../../src/dag/first-names.js';
import type { JsonObject } from '../../src/dag/json.js';

/** What is asked for, fixed when a backfill is accepted. Times are epoch ms. */
export interface BackfillFacts {
  readonly id: string;
  readonly dagId: string;
  /** Every run goes by this version, whatever is stored meanwhile. */
  readonly version: number;
  /** By the start of data intervals, `end` exclusive; in order, none touching another. */
  readonly spans: readonly { readonly start: number; readonly end: number }[];
  /** Complete: defaults are filled in. */
  readonly params: JsonObject;
  readonly reprocess: Reprocess;
  readonly order: BackfillOrder;
  readonly terms: BackfillTerms;
  /** Every run is for these tasks only, see `RunFacts`. Default: all. */
  readonly onlyTasks?: readonly string[];
  /** What is run after each chunk. Default: nothing. */
  readonly validate?: BackfillValidation;
  /** Backfills that are started one after the other when this one has succeeded: each is given the rest. Default: none. */
  readonly downstream?: readonly BackfillFacts[];
  readonly note?: string;
  /** sha256 of the request, to tell a repeated Idempotency-Key from a reused one. */
  readonly requestHash?: string;
  readonly acceptedAt: number;
}

/** The DAG that validates a chunk: by its newest version, each time. */
export interface BackfillValidation {
  readonly dagId: string;
  /** Besides {@link VALIDATION_PARAMS}, as they were given. */
  readonly params: JsonObject;
}

/** Params by which a validation is told what data it is about: from, to exclusive, as RFC 3339 instants. */
export const VALIDATION_PARAMS = ['from', 'to'] as const;

/** Id of the run of a validation (R2). */
export const validationRunId = (
  { id, validate }: Pick<BackfillFacts, 'id' | 'validate'>,
  { chunk, attempt }: Pick<ValidationAttempt, 'chunk' | 'attempt'>,
): string => `${validate!.dagId}@validate-${id}-${chunk}-${attempt}`;

/** Argument of `backfill`. */
export interface BackfillInput {
  readonly facts: BackfillFacts;
  /** Where its report goes, ending with `/` (`backfillPrefix` of src/objects/keys.ts). */
  readonly prefix: string;
  /** First pause between two looks at all that is under way, in ms; it doubles while nothing happens. Default 15 s. */
  readonly watchMs?: number;
  /** It goes on in a new execution from that length of its history on. Default 4,096. */
  readonly continueFromEvents?: number;
  /** What it goes on from, at continue-as-new. */
  readonly state?: BackfillSnapshot;
}

/**
 * What a backfill shows without any worker: {@link BACKFILL_MEMO}. Its spans are cut to the whole of them, its tasks to the first few,
 * params left out.
 */
export interface BackfillHead
  extends Omit<BackfillFacts, 'params' | 'spans' | 'terms' | 'validate' | 'downstream'>,
    BackfillTerms {
  /** Id of the DAG that validates. */
  readonly validate?: string;
  /** The backfill that follows, and how many DAGs are to come. */
  readonly downstream?: { readonly id: string; readonly dagId: string; readonly dags: number };
  /** Start of the first span, and end of the last. */
  readonly from: number;
  readonly to: number;
  /** Written when its state changes, and at the end. */
  readonly progress: BackfillProgress;
}

/** Characters of the names of tasks in a head. */
const HEAD_TASKS_CHARS = 600;

/** The report blob: the last act of a backfill, `report.json` below its prefix. */
export interface BackfillReport {
  readonly format: 1;
  readonly head: BackfillHead;
}

/** Memo key of {@link BackfillHead}. */
export const BACKFILL_MEMO = 'backfill';

/** Query `progress` -> {@link BackfillProgress}. */
export const BACKFILL_QUERY = 'progress';

/** Signal `control`. */
export const BACKFILL_CONTROL = 'control';

export interface BackfillControl {
  readonly order: 'pause' | 'resume' | 'cancel';
  /** Of `cancel`: what becomes of runs that are open. Default: they finish. */
  readonly runs?: 'finish' | 'cancel';
}

/** What a backfill shows as long as it has no worker, and again whenever its state changes. */
export function backfillHead(
  { params: _, spans, terms, validate, downstream = [], ...facts }: BackfillFacts,
  progress: BackfillProgress,
): BackfillHead {
  const some = facts.onlyTasks && { onlyTasks: firstNames(facts.onlyTasks, HEAD_TASKS_CHARS) };
  const [next] = downstream;
  const after = next && { downstream: { id: next.id, dagId: next.dagId, dags: downstream.length } };
  return {
    ...facts,
    ...some,
    ...after,
    ...terms,
    validate: validate?.dagId,
    from: spans[0]!.start,
    to: spans.at(-1)!.end,
    progress,
  };
}
