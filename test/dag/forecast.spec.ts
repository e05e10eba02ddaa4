import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ForecastInput, forecast } from '../../src/dag/forecast.js';
import type { TaskState } from '../../src/dag/state.js';
import { edgeUpstream } from '../../src/dag/walk-layout.js';
import { planOf } from '../support/plan-builder.js';
import { KEPT_SEEDS, propertySeed } from '../support/property-seed.js';
import { randomDag } from '../support/random-dag.js';

const OPEN: readonly TaskState[] = ['pending', 'queued', 'running'];

/** The same by recursion, as one would say it. */
function naiveEnd(input: ForecastInput, task: number): number {
  const { plan, usual, stateOf, startedAt, now } = input;
  if (!OPEN.includes(stateOf(task))) return now;
  const before = (plan.tasks[task]!.upstream ?? []).map((edge) => naiveEnd(input, edgeUpstream(edge)));
  const began = stateOf(task) === 'running' ? startedAt(task)! : Math.max(now, ...before);
  return Math.max(now, began + usual(task));
}

describe('a forecast', () => {
  it.each([...KEPT_SEEDS, propertySeed()])('is that of whoever asks each task again (seed %i)', (seed) => {
    const known = fc.array(
      fc.tuple(
        fc.constantFrom<TaskState>('pending', 'queued', 'running', 'success', 'failed', 'skipped'),
        fc.nat(50),
        fc.nat(30),
      ),
      { minLength: 12, maxLength: 12 },
    );
    fc.assert(
      fc.property(randomDag(), known, ({ plan }, tasks) => {
        const input: ForecastInput = {
          plan,
          now: 100,
          stateOf: (task) => tasks[task]![0],
          usual: (task) => tasks[task]![1],
          startedAt: (task) => (tasks[task]![0] === 'running' ? 100 - tasks[task]![2] : undefined),
        };
        const found = forecast(input);
        const ends = plan.tasks.map((_, task) => naiveEnd(input, task));
        expect(plan.tasks.map((_, task) => found.endOf(task))).toEqual(ends);
        expect(found.end).toBe(Math.max(100, ...ends));
        const because = found.because();
        const isOver = plan.tasks.every((_, task) => !OPEN.includes(input.stateOf(task)));
        if (isOver) expect(because).toBeUndefined();
        else expect(OPEN).toContain(input.stateOf(because!));
      }),
      { seed, numRuns: 2_000 },
    );
  });

  const chain = planOf('a\nb <- a\nc <- b\nside <- a');
  const usual = [10, 50, 20, 5];
  const at = (states: readonly TaskState[], startedAt: number) =>
    forecast({
      plan: chain,
      usual: (task) => usual[task]!,
      stateOf: (task) => states[task]!,
      startedAt: () => startedAt,
      now: 100,
    });

  it('names the longest task on the way, or one that takes longer than it usually does', () => {
    const fresh = at(['running', 'pending', 'pending', 'pending'], 95);
    expect([fresh.end, fresh.because()]).toEqual([175, 1]);
    const stuck = at(['running', 'pending', 'pending', 'pending'], 20);
    expect([stuck.end, stuck.because(), stuck.because(3)]).toEqual([170, 0, 0]);
    // A little longer is not what it is mostly due to.
    expect(at(['running', 'pending', 'pending', 'pending'], 80).because()).toBe(1);
    expect(at(['success', 'success', 'success', 'success'], 0).because()).toBeUndefined();
  });
});
