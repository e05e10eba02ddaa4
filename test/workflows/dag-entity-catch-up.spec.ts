import { describe, expect, it } from 'vitest';
import type { PutInput } from '../../workflows/contract.js';
import {
  asDeleted,
  catchUpOrder,
  type DagEntityState,
  dagEntityState,
  plannedVersion,
  withCatchUpBegun,
  withCatchUpStep,
  withPaused,
  withVersion,
} from '../../workflows/dag-entity.js';

const put = (hash: string, more: Partial<PutInput> = {}): PutInput => ({
  hash,
  specKey: `${hash}.spec`,
  planKey: `${hash}.plan`,
  planBytes: 1,
  timing: 'daily',
  catchup: true,
  ...more,
});
const stored = (state: DagEntityState, input: PutInput, at: number): DagEntityState =>
  withVersion(state, input, plannedVersion(state, input, at)!);
const begun = (): DagEntityState => withCatchUpBegun(stored(dagEntityState({ dagId: 'd' }), put('1'), 100), 110);
const catchUpOf = (state: DagEntityState) => state.head?.schedule?.catchUp;

describe('the past of a DAG with `catchup: true`', () => {
  it('is everything up to when its Schedule is in line, from startDate on, and waits for that', () => {
    const state = stored(dagEntityState({ dagId: 'd' }), put('1'), 100);
    expect(catchUpOrder(state)).toBeUndefined();
    expect(catchUpOrder(begun())?.input).toEqual({
      dagId: 'd',
      specKey: '1.spec',
      version: 1,
      from: undefined,
      to: 110,
      reply: 'dag:d',
    });
    expect(withCatchUpBegun(begun(), 500)).toEqual(begun());
  });

  it('is gone through step by step, with a new version as well, until there is no more', () => {
    let state = withCatchUpStep(begun(), { state: 'waiting', from: 50, askedFor: 'r' });
    state = stored(state, put('2'), 200);
    expect(catchUpOrder(state)?.input).toMatchObject({ from: 50, to: 110, version: 2 });
    state = withCatchUpStep(state, { state: 'done', from: 111 });
    expect([catchUpOf(state)?.state, catchUpOrder(state)]).toEqual(['done', undefined]);
    // Another version at the same times has no other past.
    expect(catchUpOrder(stored(state, put('3'), 300))).toBeUndefined();
  });

  it('begins anew with other times, and is none without `catchup`', () => {
    const done = withCatchUpStep(begun(), { state: 'done', from: 111 });
    expect(catchUpOf(stored(done, put('2', { timing: 'hourly' }), 200))).toEqual({ state: 'running' });
    const off = stored(begun(), put('2', { catchup: false }), 200);
    expect([catchUpOf(off), catchUpOrder(off)]).toEqual([undefined, undefined]);
    expect(catchUpOf(stored(off, put('3'), 300))).toEqual({ state: 'running' });
  });

  it('stands still while the DAG is paused or deleted, and has the pause in it afterwards', () => {
    const halfway = withCatchUpStep(begun(), { state: 'more', from: 50 });
    expect(catchUpOrder(asDeleted(halfway, 200))).toBeUndefined();
    const paused = withPaused(halfway, { paused: true }, 200);
    expect([catchUpOrder(paused), withCatchUpBegun(paused, 250)]).toEqual([undefined, paused]);
    const resumed = withCatchUpBegun(withPaused(paused, { paused: false }, 300), 310);
    expect(catchUpOrder(resumed)?.input).toMatchObject({ from: 50, to: 310 });

    const done = withCatchUpStep(begun(), { state: 'done', from: 111 });
    const later = withPaused(withPaused(done, { paused: true }, 200), { paused: false }, 300);
    expect(catchUpOrder(withCatchUpBegun(later, 310))?.input).toMatchObject({ from: 200, to: 310 });
  });

  it('that cannot be gone on with says why, and is tried again with the next version', () => {
    const stopped = withCatchUpStep(begun(), { state: 'stopped', from: 50, problem: 'lost' });
    expect([catchUpOf(stopped), catchUpOrder(stopped)]).toEqual([
      { state: 'stopped', from: 50, to: 110, problem: 'lost' },
      undefined,
    ]);
    expect(catchUpOf(stored(stopped, put('2'), 200))).toEqual({ state: 'running' });
  });
});
