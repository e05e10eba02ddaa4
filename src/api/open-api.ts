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
  return SwaggerModule.createDocument(app, config, { operationIdFactory: (_controller, method, version) => version ?? method });
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
