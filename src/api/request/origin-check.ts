import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Refuses changes that a page of another site asks for through the browser of somebody who can reach this service: such a
 * request needs no leave of ours where it has no body. Browsers say where a request comes from, programs say nothing.
 */
export function checkOrigin(request: Request, _response: Response, next: NextFunction): void {
  if (SAFE.has(request.method) || isSameOrigin(request)) next();
  else
    next(
      new Problem(
        'wrong_origin',
        'The request was made by a page of another site; this service answers to its own pages and to programs.',
      ),
    );
}

function isSameOrigin({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // Browsers of before 2023; behind a proxy the two differ only where it rewrites the Host.
  return headers.origin === undefined || hostOf(headers.origin) === headers.host;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
