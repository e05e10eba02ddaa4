import { describe, expect, it } from 'vitest';
import type { AwaitRun, DagHead } from '../../workflows/contract.js';
import { toldOf, withAwaiting } from '../../workflows/dag-awaiting.js';
import { type DagEntityState, withWaiters } from '../../workflows/dag-entity.js';

const asked = (token: string, fields: Partial<AwaitRun> = {}): AwaitRun => ({
  ...{ waiter: { workflowId: 'w', token }, until: 100 },
  ...fields,
});
const tokens = (list: readonly AwaitRun[]): string[] => list.map(({ waiter }) => waiter.token);

describe('those who wait for runs of a DAG to begin', () => {
  it('stand there once each, until their time is over', () => {
    const list = [asked('a'), asked('b', { until: 5 }), asked('c')].reduce(
      (all, each) => withAwaiting(all, each, 1),
      [] as readonly AwaitRun[],
    );
    expect(tokens(list)).toEqual(['a', 'b', 'c']);
    expect(tokens(withAwaiting(list, asked('a'), 1))).toEqual(['b', 'c', 'a']);
    expect(tokens(withAwaiting(list, asked('d'), 5))).toEqual(['a', 'c', 'd']);
  });

  it('are 2,000 at most: who asked first looks by itself', () => {
    let list: readonly AwaitRun[] = [];
    for (let i = 0; i < 2_001; i++) list = withAwaiting(list, asked(`${i}`), 1);
    expect([list.length, list[0]!.waiter.token]).toEqual([2_000, '1']);
  });

  it('are told of runs with a date that matters to them, both ends included', () => {
    const list = [asked('any'), asked('in', { dates: { from: 10, to: 20 } }), asked('gone', { until: 2 })];
    const told = (date?: number) => tokens(toldOf(list, { runId: 'r', date }, 3).told);
    expect([told(), told(9), told(10), told(20), told(21)]).toEqual([['any'], ['any'], ['any', 'in'], ['any', 'in'], ['any']]);
    expect(tokens(toldOf(list, { runId: 'r', date: 9 }, 3).left)).toEqual(['in']);
  });

  it('are shown to those who start runs as long as there are any', () => {
    const head = { dagId: 'd', paused: false, updatedAt: 1 } as DagHead;
    const state: DagEntityState = { dagId: 'd', head, versions: [] };
    const awaited = withWaiters(state, [asked('a')]);
    expect(awaited.head).toEqual({ ...head, awaited: true });
    expect(withWaiters(awaited, [asked('b')]).head).toBe(awaited.head);
    expect(withWaiters(awaited, [])).toEqual(state);
    expect(withWaiters(state, []).head).toBe(head);
  });
});
