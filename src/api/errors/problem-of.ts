import { HttpException } from '@nestjs/common';
import { ObjectStoreError, type ObjectStoreErrorCode } from '../../objects/object-store-error.js';
import { BadCursorError } from '../../temporal/list-cursor.js';
import { DagNotFoundError, PreconditionFailedError, TemporalUnavailableError } from '../../temporal/temporal-error.js';
import { Problem } from './problem.js';
import type { ProblemCode } from './problem-codes.js';

/** Errors of the body reader and of Express, by their `type` or status: they carry `status` and `expose`. */
const BODY_READER: { readonly [type: string]: readonly [ProblemCode, string] } = {
  'entity.too.large': ['body_too_large', 'The body is larger than this service takes (BATON_MAX_BODY).'],
  'encoding.unsupported': ['unsupported_media_type', 'The Content-Encoding is not supported; send gzip, deflate, br or none.'],
  'charset.unsupported': ['unsupported_media_type', 'The charset is not supported; send UTF-8.'],
  'request.aborted': ['body_aborted', 'The body ended before its announced length.'],
  'request.size.invalid': ['body_aborted', 'The body does not have its announced length.'],
};

const BY_STATUS: { readonly [status: number]: readonly [ProblemCode, string] } = {
  400: ['bad_request', 'The request cannot be understood: check its address, encoding and body.'],
  401: ['unauthorized', 'Authenticate yourself first.'],
  403: ['forbidden', 'You may not do that.'],
  404: ['route_not_found', 'There is nothing at this address. The calls are listed at /api/docs.'],
  405: ['method_not_allowed', 'The address does not take this method.'],
  406: ['not_acceptable', 'None of the accepted media types is offered here.'],
  408: ['request_timeout', 'The request took too long to arrive.'],
  413: ['body_too_large', 'The body is larger than this service takes.'],
  414: ['uri_too_long', 'The address is too long.'],
  415: ['unsupported_media_type', 'The media type or encoding of the body is not supported.'],
  429: ['too_many_requests', 'Slow down and try again.'],
};

/** The problem that an error means for the caller; undefined where it is nothing the caller could know: an internal one. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof TemporalUnavailableError) return temporalAway(error);
  if (error instanceof ObjectStoreError) return objectsAway(error);
  if (error instanceof DagNotFoundError) return new Problem('dag_not_found', `There is no DAG ${error.dagId}.`);
  if (error instanceof BadCursorError) {
    return new Problem('invalid_cursor', 'The cursor is not one that this list gave; leave it out to begin again.', {
      errors: [{ parameter: 'cursor', detail: 'not a cursor of this list' }],
    });
  }
  if (error instanceof PreconditionFailedError) {
    return new Problem(
      'precondition_failed',
      'The DAG has changed, or is (not) there, against what If-Match or If-None-Match expects. Read it again and use its ETag.',
    );
  }
  const known = knownHttpError(error);
  return known && new Problem(...known);
}

function temporalAway(error: TemporalUnavailableError): Problem {
  const detail = error.outcomeUnknown
    ? 'Temporal did not answer in time: outcome unknown, repeat safely. The same request again does nothing twice.'
    : 'Temporal cannot be reached; nothing was done. Try again.';
  return new Problem('temporal_unavailable', detail, {
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfterSeconds))) },
  });
}

/** Trouble of the disk below passes; anything else is ours. */
const PASSING: ReadonlySet<ObjectStoreErrorCode> = new Set(['no_space', 'no_permission', 'io']);

function objectsAway(error: ObjectStoreError): Problem | undefined {
  if (!PASSING.has(error.code)) return undefined;
  return new Problem('objects_unavailable', `${capitalized(error.message)}. Repeating the request is safe.`, {
    headers: { 'Retry-After': '10' },
  });
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function knownHttpError(error: unknown): readonly [ProblemCode, string] | undefined {
  if (error instanceof HttpException) return BY_STATUS[error.getStatus()];
  if (typeof error !== 'object' || error === null) return undefined;
  const { type, status } = error as { type?: unknown; status?: unknown };
  if (typeof type === 'string' && Object.hasOwn(BODY_READER, type)) return BODY_READER[type];
  // zlib names a damaged body by its code; Express gives such errors status 400.
  return typeof status === 'number' ? BY_STATUS[status] : undefined;
}
