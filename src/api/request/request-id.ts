import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** Header that carries the id of a request, both ways. */
const REQUEST_ID = 'x-request-id';
const WELL_FORMED = /^[A-Za-z0-9_.:-]{1,128}$/;

/** Gives each request an id: the caller's own when it is well formed, else a new one; it is echoed in the answer. */
export function assignRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers[REQUEST_ID];
  const id = typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
  request.headers[REQUEST_ID] = id;
  response.setHeader(REQUEST_ID, id);
  next();
}

/** The id given by {@link assignRequestId}; undefined before it ran. */
export function requestIdOf(request: Request): string | undefined {
  const id = request.headers[REQUEST_ID];
  return typeof id === 'string' ? id : undefined;
}
