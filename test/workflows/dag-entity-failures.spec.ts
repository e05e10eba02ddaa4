import { describe, expect, it } from 'vitest';
import type { PutInput } from '../../workflows/contract.js';
import {
  asDeleted,
  type DagEntityState,
  dagEntityState,
  plannedVersion,
  scheduleOrder,
  withPaused,
  withRunEnded,
  withVersion,
} from '../../workflows/dag-entity.js';

const stored = (more: Partial<PutInput> = {}): DagEntityState => {
  const put = { hash: '1', specKey: 's', planKey: 'p', planBytes: 1, timing: 'daily', ...more };
  const none = dagEntityState({ dagId: 'd' });
  return withVersion(none, put, plannedVersion(none, put, 100)!);
};
const afterRuns = (state: DagEntityState, ...runs: readonly string[]): DagEntityState =>
  runs.reduce((before, run, i) => {
    const ended = run.startsWith('+') ? ('success' as const) : ('failed' as const);
    return withRunEnded(before, { runId: run.replace('+', ''), execution: 1, state: ended, limit: 3 }, 200 + i);
  }, state);
const pauseOf = ({ head }: DagEntityState) => (head?.paused ? head.schedule?.pause : undefined);

describe('a DAG that three failed runs in a row pause', () => {
  it('is paused by the third, and says which was the last one', () => {
    expect(pauseOf(afterRuns(stored(), 'a', 'b'))).toBeUndefined();
    const paused = afterRuns(stored(), 'a', 'b', 'c');
    expect(pauseOf(paused)).toEqual({ from: 202, why: '3 runs failed one after another, the last one c' });
    expect(scheduleOrder(paused)?.wanted).toMatchObject({
      pausedAt: 202,
      pausedWhy: '3 runs failed one after another, the last one c',
    });
  });

  it('counts a run once, whatever is said twice, but another execution of it again', () => {
    expect(pauseOf(afterRuns(stored(), 'a', 'a', 'a', 'b'))).toBeUndefined();
    const again = withRunEnded(afterRuns(stored(), 'a', 'b'), { runId: 'b', execution: 2, state: 'failed', limit: 3 }, 300);
    expect(pauseOf(again)?.from).toBe(300);
  });

  it('begins to count anew with a run that succeeds, and when it is resumed', () => {
    expect(pauseOf(afterRuns(stored(), 'a', 'b', '+c', 'd', 'e'))).toBeUndefined();
    const resumed = withPaused(afterRuns(stored(), 'a', 'b', 'c'), { paused: false }, 400);
    expect(pauseOf(afterRuns(resumed, 'd', 'e'))).toBeUndefined();
    expect(pauseOf(afterRuns(resumed, 'd', 'e', 'f'))?.why).toContain('f');
  });

  it('does not count what ends while it is paused, deleted or without a schedule', () => {
    const paused = withPaused(stored(), { paused: true, by: 'ada' }, 150);
    expect(afterRuns(paused, 'a', 'b', 'c')).toBe(paused);
    const deleted = asDeleted(stored(), 150);
    expect(afterRuns(deleted, 'a', 'b', 'c')).toBe(deleted);
    const unscheduled = stored({ timing: undefined });
    expect(afterRuns(unscheduled, 'a', 'b', 'c')).toBe(unscheduled);
  });

  it('knows over continue-as-new which runs have failed', () => {
    const { head, versions, failures } = afterRuns(stored(), 'a', 'b');
    const next = dagEntityState({ dagId: 'd', head, versions, failures });
    expect(pauseOf(afterRuns(next, 'b'))).toBeUndefined();
    expect(pauseOf(afterRuns(next, 'c'))?.from).toBe(200);
  });

  it('of one failed run says that', () => {
    const word = { runId: 'a', execution: 1, state: 'failed', limit: 1 } as const;
    expect(pauseOf(withRunEnded(stored(), word, 7))).toEqual({ from: 7, why: 'run a failed' });
  });
});
