import { expect, it } from 'vitest';
import { inTurn } from '../../activities/taking-turns.js';

const busy = (ms: number) => (): number => {
  const until = performance.now() + ms;
  while (performance.now() < until);
  return ms;
};

it('lets the event loop go round between pieces of long work, in their order', async () => {
  const order: string[] = [];
  const long = Array.from({ length: 4 }, async (_, i) => {
    expect(await inTurn(busy(60))).toBe(60);
    order.push(`work ${i}`);
  });
  let rounds = 0;
  let over = false;
  const count = (): void => {
    rounds++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(long);
  over = true;
  expect(order).toEqual(['work 0', 'work 1', 'work 2', 'work 3']);
  // One before each but the first, which waits for nothing, and the last, with which all is over.
  expect(rounds).toBeGreaterThanOrEqual(2);
});

it('gives what the work gives, and throws what it throws', async () => {
  expect(await inTurn(() => 'done')).toBe('done');
  await expect((async () => inTurn(() => JSON.parse('{')))()).rejects.toThrow(SyntaxError);
});
