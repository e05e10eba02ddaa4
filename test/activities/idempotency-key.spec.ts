import { describe, expect, it } from 'vitest';
import { idempotencyKey } from '../../activities/idempotency-key.js';

describe('the idempotency key', () => {
  const prefix = 'runs/d/d=k/1/';

  it('is the same for the same task of the same execution, for ever', () => {
    expect(idempotencyKey(prefix, 'load')).toBe(idempotencyKey(prefix, 'load'));
    // Systems outside remember it: it must not change with a release.
    expect(idempotencyKey(prefix, 'load')).toBe('cd656f3a038a078cd95ee5aebb9a267d');
    expect(idempotencyKey(prefix, 'load', 3)).toBe('95cf2e176bb902de72aaf2f0c6367678');
  });

  it('differs between tasks, items, runs and executions of a run', () => {
    const keys = [
      idempotencyKey(prefix, 'load'),
      idempotencyKey(prefix, 'load', 0),
      idempotencyKey(prefix, 'load', 1),
      idempotencyKey(prefix, 'load2'),
      idempotencyKey('runs/d/d=k/2/', 'load'),
      idempotencyKey('runs/d/d=l/1/', 'load'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
