import type { ApiResponseOptions } from '@nestjs/swagger';

type Headers = NonNullable<ApiResponseOptions['headers']>;

/** Headers of answers, as the OpenAPI document tells them. */
export const ETAG: Headers = {
  ETag: { description: 'Names the version by its content; for If-Match and If-None-Match', schema: { type: 'string' } },
};
export const LOCATION: Headers = { Location: { description: 'Where it can be read', schema: { type: 'string' } } };
export const RETRY_AFTER: Headers = {
  'Retry-After': { description: 'Seconds to wait before trying again', schema: { type: 'integer' } },
};
