import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** Version of the interface, as its document tells it. */
const API_VERSION = '1';

/** The OpenAPI document of the application. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Baton')
    .setDescription('Declarative DAGs, run durably on Temporal. Every error is an `application/problem+json` (RFC 9457).')
    .setVersion(API_VERSION)
    .build();
  return SwaggerModule.createDocument(app, config, { operationIdFactory: operationId });
}

/** `runsGet`, `runTasksList`: unique, and fit for the names of functions that generators make of them. */
function operationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/, '');
  return `${subject.charAt(0).toLowerCase()}${subject.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** Serves the document at /api/openapi.json and its UI at /api/docs; all assets come from this process. */
export function serveOpenApi(app: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('api/docs', app, document, {
    raw: ['json'],
    jsonDocumentUrl: 'api/openapi.json',
    customSiteTitle: 'Baton: REST interface',
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true, validatorUrl: null },
  });
}
