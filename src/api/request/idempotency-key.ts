import { Problem } from '../errors/problem.js';

/** A given Idempotency-Key. Throws 400 for what no header of ours looks like. */
export function checkedIdempotencyKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem('invalid_header', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', {
    errors: [{ header: 'Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters' }],
  });
}
