import { expect, test } from 'vitest';
import { KeyedQueue, QueueTimeoutError } from '../../src/temporal/keyed-queue.js';

/** Work that ends when it is told to. */
function held(): { readonly work: () => Promise<void>; begun: boolean; readonly end: () => void } {
  let end!: () => void;
  const over = new Promise<void>((resolve) => (end = resolve));
  const piece = {
    begun: false,
    end,
    work: () => {
      piece.begun = true;
      return over;
    },
  };
  return piece;
}

test('as many pieces of work run at once as allowed, per key, the others in order', async () => {
  const queue = new KeyedQueue(2, 60_000);
  const pieces = [held(), held(), held(), held()];
  const other = held();
  const running = pieces.map((piece) => queue.run('a', piece.work));
  const beside = queue.run('b', other.work);
  expect([...pieces, other].map(({ begun }) => begun)).toEqual([true, true, false, false, true]);
  pieces[1]!.end();
  await running[1];
  expect(pieces.map(({ begun }) => begun)).toEqual([true, true, true, false]);
  for (const piece of [...pieces, other]) piece.end();
  await Promise.all([...running, beside]);
});

test('a piece of work whose turn does not come in time is refused and never begun; those behind it keep their turn', async () => {
  const queue = new KeyedQueue(1, 20);
  const [first, late, next] = [held(), held(), held()];
  const running = queue.run('a', first.work);
  await expect(queue.run('a', late.work)).rejects.toBeInstanceOf(QueueTimeoutError);
  const behind = queue.run('a', next.work);
  first.end();
  await running;
  next.end();
  await behind;
  expect([late.begun, next.begun]).toEqual([false, true]);
});
