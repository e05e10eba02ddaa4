import { isGrpcServiceError } from '@temporalio/client';

/**
 * Temporal cannot be reached, is overloaded, or nobody answered in time (503). `outcomeUnknown`: the request may have been
 * or may still be carried out; repeating it is safe (R29).
 */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError';
  constructor(
    message: string,
    readonly outcomeUnknown: boolean,
    readonly retryAfterSeconds: number,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The DAG is not as the caller expected: another ETag, or it exists already or not at all (412). */
export class PreconditionFailedError extends Error {
  override readonly name = 'PreconditionFailedError';
}

/** There is no such DAG, or it was deleted (404). */
export class DagNotFoundError extends Error {
  override readonly name = 'DagNotFoundError';
  constructor(readonly dagId: string) {
    super(`There is no DAG ${dagId}.`);
  }
}

/** gRPC status codes, by their numbers on the wire. */
export const GRPC = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** Codes that say something about the request itself; they pass through as they are. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([
  GRPC.INVALID_ARGUMENT,
  GRPC.NOT_FOUND,
  GRPC.ALREADY_EXISTS,
  GRPC.FAILED_PRECONDITION,
  GRPC.UNIMPLEMENTED,
]);

/** The gRPC status code of an error or of what caused it; `undefined` when it has none. */
export function grpcCode(error: unknown): number | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (isGrpcServiceError(at)) return at.code;
    if (at.name === 'WorkflowUpdateRPCTimeoutOrCancelledError') return GRPC.DEADLINE_EXCEEDED;
  }
  return undefined;
}

/**
 * An update met a workflow in a step that came to nothing, since something else had come in meanwhile: the update was not taken,
 * and may be sent again at once.
 */
export function wasInterrupted({ code, details }: { readonly code: number; readonly details: string }): boolean {
  return code === GRPC.FAILED_PRECONDITION && details.includes('unexpected workflow task failure');
}

/**
 * The one place that says what a failed call to Temporal means: {@link TemporalUnavailableError}, or the error itself when
 * it is about the request. `write`: the call changes something, so that its outcome may be unknown.
 */
export function temporalError(error: unknown, write: boolean): unknown {
  const code = grpcCode(error);
  if (code === undefined || ABOUT_THE_REQUEST.has(code)) return error;
  const unknown = (why: string, retryAfter: number) => unanswered(why, write, retryAfter, error);
  switch (code) {
    case GRPC.RESOURCE_EXHAUSTED:
      return new TemporalUnavailableError('Temporal is overloaded.', false, 2, { cause: error });
    case GRPC.UNAUTHENTICATED:
    case GRPC.PERMISSION_DENIED:
      return new TemporalUnavailableError('Temporal refuses the credentials of this service.', false, 30, { cause: error });
    case GRPC.DEADLINE_EXCEEDED:
    case GRPC.CANCELLED:
      return unknown('Temporal did not answer in time.', 2);
    default:
      return unknown('Temporal cannot be reached.', 2);
  }
}

/** A call that did not come back by its deadline. */
export function deadlineError(write: boolean): TemporalUnavailableError {
  return unanswered('Temporal did not answer in time.', write, 2);
}

function unanswered(why: string, write: boolean, retryAfter: number, cause?: unknown): TemporalUnavailableError {
  return new TemporalUnavailableError(
    write ? `${why} The outcome is unknown; repeating the request is safe.` : why,
    write,
    retryAfter,
    { cause },
  );
}
