import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Is this a bind address that only this machine reaches? */
export function isLoopbackBind(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

/**
 * Refuses requests whose Host is not this machine by name or address: a page of another origin that had its own name
 * resolve to 127.0.0.1 (DNS rebinding) could otherwise drive the service from a browser. For loopback binds only.
 */
export function checkLoopbackHost(request: Request, _response: Response, next: NextFunction): void {
  const host = request.headers.host;
  if (host !== undefined && LOOPBACK_HOST.test(host)) {
    next();
    return;
  }
  next(
    new Problem(
      'wrong_host',
      'The service is bound to this machine only and answers to localhost, 127.0.0.1 and [::1]; use one of these in the address.',
    ),
  );
}
