import { Problem } from '../errors/problem.js';

/** Length of a page where the caller names none. */
const DEFAULT_PAGE = 50;

/** The length of a page: as asked for, within 1 and `max` (BATON_MAX_PAGE). Throws 400 beyond. */
export function pageLimit(asked: number | undefined, max: number): number {
  if (asked === undefined) return Math.min(DEFAULT_PAGE, max);
  if (Number.isInteger(asked) && asked >= 1 && asked <= max) return asked;
  const detail = `limit must be a whole number from 1 to ${max}`;
  throw new Problem('invalid_fields', `${detail}.`, { errors: [{ parameter: 'limit', detail }] });
}

/** Makes a position (a task id) opaque: callers must not build cursors themselves. */
export function encodeCursor(position: string): string {
  return Buffer.from(position).toString('base64url');
}

/** Undoes {@link encodeCursor}; throws 400 for anything else. */
export function decodeCursor(cursor: string): string {
  const position = Buffer.from(cursor, 'base64url').toString('utf8');
  if (position !== '' && encodeCursor(position) === cursor) return position;
  throw new Problem('invalid_cursor', 'The cursor is not one that this list gave; leave it out to begin again.', {
    errors: [{ parameter: 'cursor', detail: 'not a cursor of this list' }],
  });
}
