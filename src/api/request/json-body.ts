import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from '../errors/problem.js';
import { mediaTypeOf } from './media-type.js';

/** Deepest nesting of a JSON body, unless `app.locals.maxBodyDepth` says otherwise. */
const MAX_BODY_DEPTH = 32;

/** The parsed JSON body; `{}` when there is none. The media type must be application/json, the text UTF-8. */
export const JsonBody = createParamDecorator((_data: unknown, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<Request>();
  return readJson(request, request.app.locals.maxBodyDepth as number | undefined);
});

/** Reads the JSON body of a request whose raw bytes were collected; throws a {@link Problem} of 400 or 415. */
export function readJson(request: Pick<Request, 'headers'> & { readonly body?: unknown }, maxDepth = MAX_BODY_DEPTH): unknown {
  const bytes = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return {};
  const media = mediaTypeOf(request.headers['content-type']);
  if (media !== 'application/json') {
    throw new Problem(
      'unsupported_media_type',
      `Send the body as application/json${media ? `, not ${media}` : ' and name it in Content-Type'}.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? positionOf(error.message) : 'The bytes are not UTF-8.';
    throw new Problem('malformed_json', `The body cannot be parsed as JSON. ${why}`);
  }
  if (depthExceeds(value, maxDepth)) throw new Problem('too_deep', `The body is nested deeper than ${maxDepth} levels.`);
  return value;
}

/** V8 quotes the text around the fault; only the position is passed on. */
function positionOf(message: string): string {
  const at = /position (\d+)/.exec(message);
  return at ? `The fault is at character ${Number(at[1]) + 1}.` : 'It ends too early.';
}

function depthExceeds(root: unknown, limit: number): boolean {
  const open: [unknown, number][] = [[root, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= limit) return true;
    for (const child of Object.values(value)) open.push([child, depth + 1]);
  }
  return false;
}
