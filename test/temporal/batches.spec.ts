import { describe, expect, it } from 'vitest';
import { Batches } from '../../src/temporal/batches.js';

describe('batches', () => {
  it('send the first at once, and what comes meanwhile together, in parts of the size that is allowed', async () => {
    const sent: string[] = [];
    const batches = new Batches<number, number>(async (key, items) => {
      sent.push(`${key} ${items.join()}`);
      return items.map((item) => 2 * item);
    }, 3);
    const answers = [1, 2, 3, 4, 5].map((item) => batches.add('a', item));
    expect(await Promise.all([...answers, batches.add('b', 9)])).toEqual([2, 4, 6, 8, 10, 18]);
    expect(sent.sort()).toEqual(['a 1', 'a 2,3,4', 'a 5', 'b 9']);
  });

  it('that fail, fail for each that is in them, and for nobody else', async () => {
    const batches = new Batches<number, number>(async (_key, items) => {
      if (items.includes(1)) throw new Error('away');
      return items;
    }, 3);
    const [first, second] = [batches.add('a', 1), batches.add('a', 2)];
    await expect(first).rejects.toThrow('away');
    expect(await second).toBe(2);
    expect(await batches.add('a', 3)).toBe(3);
  });
});
