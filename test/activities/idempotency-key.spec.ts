import { describe, expect, it } from 'vitest';
import { idempotencyKey } from '../../activities/idempotency-key.js';

describe('the idempotency key', () => {
  const prefix = 'runs/d/d=k/1/';
  const item = (index: number) => ({ index, key: `item ${index}` });

  it('is the same for the same task of the same execution, for ever', () => {
    expect(idempotencyKey({ prefix, task: 'load' })).toBe(idempotencyKey({ prefix, task: 'load' }));
    // Systems outside remember it: it must not change with a release.
    expect(idempotencyKey({ prefix, task: 'load' })).toBe('cd656f3a038a078cd95ee5aebb9a267d');
    expect(idempotencyKey({ prefix, task: 'load', item: item(3) })).toBe('95cf2e176bb902de72aaf2f0c6367678');
    expect(idempotencyKey({ prefix, task: 'load', rewinds: 2 })).toBe('f8644bdf5f9986b09618c7cbc7668f29');
  });

  it('differs between tasks, items, runs, executions of a run, the times that a rejection sends a task back, and hooks between attempts', () => {
    const keys = [
      idempotencyKey({ prefix, task: 'load' }),
      idempotencyKey({ prefix, task: 'load', rewinds: 1 }),
      idempotencyKey({ prefix, task: 'load', rewinds: 2 }),
      idempotencyKey({ prefix, task: 'load', item: item(0) }),
      idempotencyKey({ prefix, task: 'load', item: item(1) }),
      idempotencyKey({ prefix, task: 'load', item: item(1), rewinds: 1 }),
      idempotencyKey({ prefix, task: 'load', failedAttempt: 1 }),
      idempotencyKey({ prefix, task: 'load', failedAttempt: 2 }),
      idempotencyKey({ prefix, task: 'load', failedAttempt: 1, rewinds: 1 }),
      idempotencyKey({ prefix, task: 'load2' }),
      idempotencyKey({ prefix: 'runs/d/d=k/2/', task: 'load' }),
      idempotencyKey({ prefix: 'runs/d/d=l/1/', task: 'load' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
