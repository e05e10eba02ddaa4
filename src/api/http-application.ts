import type { Server } from 'node:http';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { ProblemFilter } from './errors/problem.filter.js';
import { openApiDocument, serveOpenApi } from './open-api.js';
import { checkLoopbackHost, isLoopbackBind } from './request/host-check.js';
import { checkOrigin } from './request/origin-check.js';
import { assignRequestId } from './request/request-id.js';
import { RouteTable } from './request/route-table.js';
import { answerUnreadableRequests } from './request/unreadable-request.js';
import { ApiSettings } from './settings.js';

/** The HTTP application around a module that holds the ApiModule; not listening yet. */
export async function createHttpApplication(
  module: Type | DynamicModule,
  logger: LoggerService,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    logger,
    abortOnError: false,
    forceCloseConnections: true,
  });
  const settings = app.get(ApiSettings);
  const filter = app.get(ProblemFilter);
  app.disable('x-powered-by');
  // Ours are content hashes, set where they mean something.
  app.set('etag', false);
  app.setLocal('maxBodyDepth', settings.limits.depth);
  app.use(assignRequestId);
  app.use(securityHeaders);
  if (isLoopbackBind(settings.host)) app.use(checkLoopbackHost);
  app.use(checkOrigin);
  // Bytes for everybody: specs are kept as they were sent, JSON is parsed where it is expected.
  app.useBodyParser('raw', { type: () => true, limit: settings.limits.body });
  // Errors of the middleware above, which Nest's filters do not see.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) =>
    filter.answer(error, request, response),
  );
  const document = openApiDocument(app);
  app.get(RouteTable).fill({ ...document.paths, '/api/docs': { get: {} }, '/api/openapi.json': { get: {} } });
  serveOpenApi(app, document);
  answerUnreadableRequests(app.getHttpServer() as Server);
  return app;
}

/** No inline script anywhere; no forced https, since the service itself speaks http behind whatever is in front of it. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'self'"],
      fontSrc: ["'self'", 'data:'],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      scriptSrc: ["'self'"],
      scriptSrcAttr: ["'none'"],
      // The API's documentation page styles itself.
      styleSrc: ["'self'", "'unsafe-inline'"],
    },
  },
  strictTransportSecurity: false,
  frameguard: { action: 'deny' },
});
