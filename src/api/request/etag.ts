import { Problem } from '../errors/problem.js';

/** An entity tag of a version: its content hash, quoted. */
export const etagOf = (hash: string): string => `"${hash}"`;

/** What a PUT expects of the DAG: a hash, `*` = it exists, `none` = it does not, undefined = anything (R30). */
export type Expectation = string | undefined;

/** A tag that no version has. */
const NO_VERSION = 'no-version';
const TAG = /(W\/)?"([\x21\x23-\x7e]*)"/;
const TAGS = new RegExp(`^${TAG.source}(\\s*,\\s*${TAG.source})*$`);

/** Reads If-Match and If-None-Match of a PUT; throws 400 where they cannot be used. Weak tags, and tags of others, never match (412). */
export function expectationOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): Expectation {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw bad('If-Match', 'send If-Match or If-None-Match, not both');
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return 'none';
    throw bad('If-None-Match', 'a PUT takes only *, which means: create, never replace');
  }
  if (ifMatch === undefined) return undefined;
  const tags = ifMatch.trim();
  if (tags === '*') return '*';
  if (tags.length > 4096 || !TAGS.test(tags)) throw bad('If-Match', 'write an ETag as it was given, quotes included, or *');
  const hashes = [...tags.matchAll(new RegExp(TAG, 'g'))]
    .filter(([, weak, hash]) => weak === undefined && /^[0-9a-f]{64}$/.test(hash!))
    .map(([, , hash]) => hash!);
  if (hashes.length > 1) throw bad('If-Match', 'write one ETag: the one of the version that you change');
  return hashes[0] ?? NO_VERSION;
}

/** Does If-None-Match of a GET name this tag? Then the answer is 304. */
export function matchesTag(ifNoneMatch: string | undefined, hash: string): boolean {
  return ifNoneMatch?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etagOf(hash)) ?? false;
}

function bad(header: string, detail: string): Problem {
  return new Problem('invalid_header', `${header}: ${detail}.`, { errors: [{ header, detail }] });
}
