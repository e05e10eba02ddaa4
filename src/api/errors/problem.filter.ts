import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { requestIdOf } from '../request/request-id.js';
import { RouteTable } from '../request/route-table.js';
import { PROBLEM_JSON, Problem } from './problem.js';
import { problemOf } from './problem-of.js';

/**
 * The one funnel: every failed request leaves as application/problem+json. What nobody expected becomes a 500 that shows
 * an id only; the error itself goes to the log under that id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  constructor(@Inject(RouteTable) private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<Request>(), http.getResponse<Response>());
  }

  /** Also used for errors before routing. */
  answer(error: unknown, request: Request, response: Response): void {
    const requestId = requestIdOf(request);
    const problem = this.methodNotAllowed(error, request) ?? problemOf(error) ?? this.internal(error, request, requestId);
    if (response.headersSent) {
      // A stream that broke: a cut connection is the only truthful end of it.
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(problem.extras.headers ?? {})) response.setHeader(name, value);
    // Half a body may still be on its way: reading it all just to keep the connection would invite abuse.
    if (problem.status === 413) response.setHeader('Connection', 'close');
    for (const name of ['ETag', 'Content-Length', 'Content-Encoding', 'Location']) response.removeHeader(name);
    response.status(problem.status).setHeader('Content-Type', PROBLEM_JSON);
    response.setHeader('Cache-Control', 'no-store');
    response.end(JSON.stringify(problem.body({ instance: pathOf(request), requestId })));
  }

  private methodNotAllowed(error: unknown, request: Request): Problem | undefined {
    if (!(error instanceof HttpException) || error.getStatus() !== 404) return undefined;
    const methods = this.routes.methodsOf(pathOf(request));
    if (methods.length === 0) return undefined;
    const allow = methods.join(', ');
    return new Problem('method_not_allowed', `This address takes ${allow}, not ${request.method}.`, {
      headers: { Allow: allow },
    });
  }

  private internal(error: unknown, request: Request, requestId: string | undefined): Problem {
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.logger.error(`${request.method} ${pathOf(request)} failed, request ${requestId}: ${shown}`);
    return new Problem(
      'internal_error',
      `This is a fault of the service, not of the request. Its log tells more under request id ${requestId}.`,
    );
  }
}

function pathOf(request: Request): string {
  return request.originalUrl.split('?', 1)[0] ?? '';
}
