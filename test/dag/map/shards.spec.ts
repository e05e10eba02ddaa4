import { describe, expect, it } from 'vitest';
import { shardCount, shardRange, shardWindow } from '../../../src/dag/map/shards.js';

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('shards of a large map', () => {
  it('are of 500 items, and none for a map of so many', () => {
    expect([1, 500, 501, 1000, 100_000].map(shardCount)).toEqual([0, 0, 2, 2, 200]);
    expect([0, 1, 2].map((shard) => shardRange(shard, 1203))).toEqual([
      { from: 0, to: 500 },
      { from: 500, to: 1000 },
      { from: 1000, to: 1203 },
    ]);
  });

  it('share out exactly maxConcurrency, at least one item each', () => {
    for (const concurrency of [1, 2, 8, 9, 16, 17, 250, 999, 10_000]) {
      const window = shardWindow(concurrency, 200);
      expect(sum(window)).toBe(concurrency);
      expect(Math.min(...window)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...window) - Math.min(...window)).toBeLessThanOrEqual(1);
    }
  });

  it('are never more at a time than there are', () => {
    expect(shardWindow(40, 2)).toEqual([20, 20]);
  });
});
