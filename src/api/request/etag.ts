import { Problem } from '../errors/problem.js';

/** An entity tag of a version: its content hash, quoted. */
export const etagOf = (hash: string): string => `"${hash}"`;

/** What a PUT expects of the DAG: a hash, `*` = it exists, `none` = it does not, undefined = anything (R30). */
export type Expectation = string | undefined;

/** Reads If-Match and If-None-Match of a PUT; throws 400 where they cannot be used. Weak tags never match a PUT. */
export function expectationOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): Expectation {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw bad('If-Match', 'send If-Match or If-None-Match, not both');
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return 'none';
    throw bad('If-None-Match', 'a PUT takes only *, which means: create, never replace');
  }
  if (ifMatch === undefined) return undefined;
  const tag = ifMatch.trim();
  if (tag === '*') return '*';
  const hash = /^"([0-9a-f]{64})"$/.exec(tag)?.[1];
  if (hash === undefined) throw bad('If-Match', 'write one ETag as it was given, quotes included, or *');
  return hash;
}

/** Does If-None-Match of a GET name this tag? Then the answer is 304. */
export function matchesTag(ifNoneMatch: string | undefined, hash: string): boolean {
  return ifNoneMatch?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etagOf(hash)) ?? false;
}

function bad(header: string, detail: string): Problem {
  return new Problem('invalid_header', `${header}: ${detail}.`, { errors: [{ header, detail }] });
}
