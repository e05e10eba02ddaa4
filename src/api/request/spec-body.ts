import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from '../errors/problem.js';
import { mediaTypeOf } from './media-type.js';

/** Media types of a spec and how each is read. */
export const SPEC_MEDIA_TYPES = {
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'text/x-yaml': 'yaml',
  'application/json': 'json',
} as const;

/** The text of a spec as it was sent, before anything looked into it. */
export interface SpecText {
  readonly bytes: Uint8Array;
  readonly format: 'yaml' | 'json';
  readonly mediaType: string;
}

/** The body as {@link SpecText}: YAML or JSON by its Content-Type, else 415. */
export const SpecBody = createParamDecorator(
  (_data: unknown, context: ExecutionContext): SpecText => readSpecText(context.switchToHttp().getRequest<Request>()),
);

/** Reads a spec's text from a request whose raw bytes were collected; throws a {@link Problem} of 415. */
export function readSpecText(request: Pick<Request, 'headers'> & { readonly body?: unknown }): SpecText {
  const mediaType = mediaTypeOf(request.headers['content-type']);
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  // Nothing at all is an empty spec, whatever it is called: its issue says so.
  if (bytes.length === 0 && mediaType === undefined) return { bytes, mediaType: 'application/yaml', format: 'yaml' };
  if (mediaType === undefined || !Object.hasOwn(SPEC_MEDIA_TYPES, mediaType)) {
    throw new Problem(
      'unsupported_media_type',
      `A spec is sent as application/yaml or application/json${mediaType ? `, not ${mediaType}` : '; name it in Content-Type'}.`,
      { headers: { 'Accept-Put': Object.keys(SPEC_MEDIA_TYPES).join(', ') } },
    );
  }
  return { bytes, mediaType, format: SPEC_MEDIA_TYPES[mediaType as keyof typeof SPEC_MEDIA_TYPES] };
}
