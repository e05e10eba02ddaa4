import { ApplicationFailure } from '@temporalio/common';
import { msOptionalToNumber } from '@temporalio/common/lib/time.js';
import type { Json } from '../src/dag/json.js';
import type { Failure } from '../src/dag/state.js';
import { ObjectStoreError } from '../src/objects/object-store-error.js';
import type { SecretMask } from './secret-mask.js';
import { TaskError } from './task-error.js';

const MAX_MESSAGE = 2000;
const MAX_DETAILS = 2000;
/** First wait after trouble with the object store: a full disk is not freed in a second. */
const OBJECT_STORE_WAIT_MS = 5000;

/** A failed attempt as data, and what its retry depends on. */
export interface TaskFailure {
  readonly failure: Failure;
  /** `infrastructure` does not burn the user's attempts (R20). */
  readonly by: 'user' | 'infrastructure';
  readonly retryable: boolean;
  /** Asked for by the other side. After trouble of the infrastructure it doubles with each attempt that it cost. */
  readonly retryAfterMs?: number;
}

/** Tells what a handler threw, with secrets hidden and sizes bounded. */
export function taskFailure(error: unknown, mask: SecretMask): TaskFailure {
  if (error instanceof TaskError) {
    const { kind, type, details, retryable, retryAfterMs } = error;
    return { failure: failureOf(kind, messageOf(error), type, details, mask), by: 'user', retryable, retryAfterMs };
  }
  if (error instanceof ObjectStoreError) {
    const by = error.code === 'bad_key' || error.code === 'conflict' ? 'user' : 'infrastructure';
    const retryAfterMs = by === 'infrastructure' ? OBJECT_STORE_WAIT_MS : undefined;
    return {
      failure: failureOf('error', error.message, error.name, { code: error.code }, mask),
      by,
      retryable: true,
      retryAfterMs,
    };
  }
  if (error instanceof ApplicationFailure) {
    const details = asJson(error.details?.length === 1 ? error.details[0] : error.details);
    return {
      failure: failureOf('error', messageOf(error), error.type ?? 'ApplicationFailure', details, mask),
      by: 'user',
      retryable: error.nonRetryable !== true,
      retryAfterMs: msOptionalToNumber(error.nextRetryDelay ?? undefined),
    };
  }
  if (error instanceof Error) {
    return {
      failure: failureOf('error', messageOf(error), error.constructor.name || error.name, undefined, mask),
      by: 'user',
      retryable: true,
    };
  }
  return { failure: failureOf('error', String(error), undefined, asJson(error), mask), by: 'user', retryable: true };
}

function failureOf(
  kind: Failure['kind'],
  message: string,
  type: string | undefined,
  details: Json | undefined,
  mask: SecretMask,
): Failure {
  // Temporal takes whole characters only: half a surrogate pair in what a task says would end the worker.
  const shown = mask.text(message).toWellFormed();
  const kept = details === undefined || details === null ? undefined : mask.details(details);
  return {
    kind,
    message: shown.length > MAX_MESSAGE ? `${shown.slice(0, MAX_MESSAGE).toWellFormed()}…` : shown,
    ...(type === undefined ? {} : { type: type.toWellFormed() }),
    ...(kept === undefined || JSON.stringify(kept).length > MAX_DETAILS ? {} : { details: kept }),
  };
}

/** The message with those of its causes, which often alone say what happened (`fetch failed`). */
function messageOf(error: Error): string {
  const parts: string[] = [];
  let next: unknown = error;
  for (let depth = 0; depth < 5 && next instanceof Error; depth++, next = next.cause) {
    const text = next.message || ((next as NodeJS.ErrnoException).code ?? next.name);
    if (!parts.some((p) => p.includes(text))) parts.push(text);
  }
  return parts.join(': ');
}

function asJson(value: unknown): Json | undefined {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}
