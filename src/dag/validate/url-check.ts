import type { Json } from '../json.js';
import type { Checking } from './checking.js';

/** The constant beginning of a URL: http or https. */
export function checkUrl({ issues }: Checking, url: Json | undefined, path: string): void {
  if (typeof url !== 'string' || /^https?:\/\/[^\s/]/i.test(url) || url.trimStart().startsWith('${{')) return;
  issues.error('invalid_value', path, `must begin with http:// or https://, not '${url.slice(0, 40)}'`);
}
