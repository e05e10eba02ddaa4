import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { coarseTimer } from '../../activities/coarse-timer.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a coarse timer fires once, after its time and at most a quarter of a second late', () => {
  const fired: number[] = [];
  const began = Date.now();
  coarseTimer(1_100, () => fired.push(Date.now() - began));
  vi.advanceTimersByTime(1_000);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(fired).toHaveLength(1);
  expect(fired[0]).toBeGreaterThanOrEqual(1_100);
  expect(fired[0]).toBeLessThanOrEqual(1_350);
});

test('one that is taken back never fires, not by another one of the same time either', () => {
  const fired: string[] = [];
  const takeBack: (() => void)[] = [];
  takeBack.push(coarseTimer(500, () => takeBack[1]!()));
  takeBack.push(coarseTimer(500, () => fired.push('second')));
  const third = coarseTimer(500, () => fired.push('third'));
  third();
  vi.advanceTimersByTime(2_000);
  expect(fired).toEqual([]);
});

test('nothing ticks where nothing waits, and what comes later fires all the same', () => {
  coarseTimer(100, () => undefined);
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
  let fired = false;
  coarseTimer(100, () => (fired = true));
  vi.advanceTimersByTime(1_000);
  expect(fired).toBe(true);
});
