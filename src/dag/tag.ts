/**
 * What a tag may be. No double quote: Temporal's SQLite store fails on a search for a value with one, so that such a tag could never
 * be looked for.
 */
export const TAG_PATTERN = /^[^"\p{Cc}]{1,128}$/u;

/** The same in words. */
export const TAG_RULE = 'a tag has 1 to 128 characters, no double quote or control character among them';
