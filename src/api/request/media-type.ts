import { Problem } from '../errors/problem.js';

/**
 * The bare, lower-cased media type of a Content-Type header; undefined when there is none. Any charset but UTF-8 (and
 * its subset US-ASCII) is refused with 415.
 */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined;
  const [type = '', ...parameters] = contentType.split(';');
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(parameter);
    if (match && !/^(utf-?8|us-ascii)$/i.test(match[1] ?? '')) {
      throw new Problem('unsupported_media_type', `The charset ${JSON.stringify(match[1])} is not supported; send UTF-8.`);
    }
  }
  return type.trim().toLowerCase() || undefined;
}
