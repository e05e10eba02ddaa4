import { describe, expect, it } from 'vitest';
import type { PlaceRequest } from '../../../src/dag/pool/place.js';
import { Places } from '../../../src/dag/pool/places.js';

const run = (runId: string, more: Partial<PlaceRequest> = {}): PlaceRequest => ({ runId, execution: 1, at: 0, ...more });
const limit = (capacity: number, revision = 1) => ({ capacity, revision });
const heldBy = (places: Places): string[] => places.holders().map(({ runId }) => runId);
const said = (places: Places): string[] => places.words().map(({ holder, word }) => `${word} ${holder.runId}`);

describe('places of a pool', () => {
  it('go by priority, then by who was there first, whatever the order of the questions', () => {
    const places = new Places();
    places.ask([run('a')], limit(1), true);
    places.ask([run('late', { at: 9 }), run('early', { at: 3 }), run('backfill', { at: 1, priority: 5 })]);
    const order: string[] = [];
    for (let i = 0; i < 3; i++) {
      places.closed(places.holders());
      order.push(...heldBy(places));
    }
    expect(order).toEqual(['early', 'late', 'backfill']);
  });

  it('answer at once where there is room, and say how many are before otherwise', () => {
    const places = new Places();
    expect(places.ask([run('a'), run('b', { at: 1 }), run('c', { at: 2 })], limit(1), true)).toEqual([
      { state: 'granted' },
      { state: 'waiting', ahead: 0 },
      { state: 'waiting', ahead: 1 },
    ]);
    expect(places.words()).toEqual([]);
    expect(places.view(run('c'))).toMatchObject({ active: 1, queued: 2, ahead: 1 });
  });

  it('tell who was not answered at once, and again when asked again', () => {
    const places = new Places();
    places.ask([run('a')], limit(1));
    expect(said(places)).toEqual(['granted a']);
    places.told(places.words());
    expect(said(places)).toEqual([]);
    places.ask([run('a')]);
    expect(said(places)).toEqual(['granted a']);
    expect(places.ask([run('a')], undefined, true)).toEqual([{ state: 'granted' }]);
    // That question may have come late, when nobody waited for its answer any more: the word is what is waited for.
    expect(said(places)).toEqual(['granted a']);
    expect(heldBy(places)).toEqual(['a']);
  });

  it('are told to the run itself once it asks, and no more to who has asked for it', () => {
    const places = new Places();
    places.ask([run('a'), run('b', { reply: 'dag:d' })], limit(1));
    places.ask([run('b')]);
    places.ask([run('b', { reply: 'dag:d' })]);
    places.closed([run('a')]);
    expect(places.words().map(({ holder }) => holder)).toContainEqual({ runId: 'b', execution: 1 });
    expect(heldBy(places)).toEqual(['b']);
  });

  it('stay with who says that it leaves until it is known to be closed', () => {
    const places = new Places();
    places.ask([run('a'), run('b')], limit(1));
    places.leave([run('a')]);
    expect(heldBy(places)).toEqual(['a']);
    expect(places.leaving()).toEqual([{ runId: 'a', execution: 1 }]);
    places.closed(places.leaving());
    expect(heldBy(places)).toEqual(['b']);
  });

  it('are given up at once by who only waits', () => {
    const places = new Places();
    places.ask([run('a'), run('b'), run('c')], limit(1));
    places.leave([run('b')]);
    places.closed([run('a')]);
    expect(heldBy(places)).toEqual(['c']);
  });

  it('are held by an execution: the next one of the same run is another holder', () => {
    const places = new Places();
    places.ask([run('a'), run('a', { execution: 2 })], limit(1));
    expect(places.view()).toMatchObject({ active: 1, queued: 1 });
    places.closed([run('a')]);
    expect(places.holders()).toEqual([{ runId: 'a', execution: 2 }]);
  });

  it('keep their order for a heavy request: lighter ones wait behind it', () => {
    const places = new Places();
    places.ask([run('a'), run('heavy', { at: 1, weight: 3 }), run('light', { at: 2 })], limit(3));
    expect(heldBy(places)).toEqual(['a']);
    places.closed([run('a')]);
    expect(heldBy(places)).toEqual(['heavy']);
    places.closed([run('heavy')]);
    expect(heldBy(places)).toEqual(['light']);
  });

  it('count a request that is heavier than all of it as all of it', () => {
    const places = new Places();
    places.ask([run('heavy', { weight: 10 }), run('b', { at: 1 })], limit(2));
    expect(places.view()).toMatchObject({ active: 1, used: 2, queued: 1 });
  });

  it('take a new limit at once where it is higher, and as holders close where it is lower', () => {
    const places = new Places();
    places.ask([run('a'), run('b'), run('c'), run('d')], limit(1));
    places.resize(limit(3, 2));
    expect(heldBy(places)).toEqual(['a', 'b', 'c']);
    places.resize(limit(1, 3));
    expect(heldBy(places)).toEqual(['a', 'b', 'c']);
    places.closed([run('a'), run('b')]);
    expect(heldBy(places)).toEqual(['c']);
    places.closed([run('c')]);
    expect(heldBy(places)).toEqual(['d']);
  });

  it('are not led astray by the limit of an older version', () => {
    const places = new Places();
    places.ask([run('a')], limit(2, 7));
    places.ask([run('b'), run('c')], limit(50, 3));
    expect(places.view()).toMatchObject({ capacity: 2, active: 2, queued: 1 });
  });

  it('can be none at all', () => {
    const places = new Places();
    places.ask([run('a')], limit(0));
    expect(places.view()).toMatchObject({ active: 0, queued: 1 });
    places.resize(limit(1, 2));
    expect(heldBy(places)).toEqual(['a']);
  });
});

describe('a holder that is parked', () => {
  const parked = (runId: string, turn = 1) => ({ runId, execution: 1, turn });

  it('gives its place to the next, and has it again in the order of its first request', () => {
    const places = new Places();
    places.ask([run('a', { at: 1 }), run('b', { at: 2 }), run('c', { at: 3 })], limit(1));
    places.park([parked('a')]);
    expect(places.view()).toMatchObject({ active: 1, parked: 1, away: [{ runId: 'a' }], used: 1 });
    expect(heldBy(places)).toEqual(['b']);
    places.told(places.words());
    // Later than c, and by other terms: what it asked for first stands.
    expect(places.ask([run('a', { at: 9, turn: 1, priority: 5 })], undefined, true)).toEqual([{ state: 'waiting', ahead: 0 }]);
    places.closed([run('b')]);
    expect(heldBy(places)).toEqual(['a']);
    expect(places.words()).toEqual([{ holder: { runId: 'a', execution: 1 }, word: 'granted', turn: 1 }]);
    expect(places.view()).toMatchObject({ active: 1, parked: 0, queued: 1 });
  });

  it('has it at once where there is room, and is told again when it asks again', () => {
    const places = new Places();
    places.ask([run('a')], limit(1), true);
    places.park([parked('a')]);
    expect(places.ask([run('a', { turn: 1 })], undefined, true)).toEqual([{ state: 'granted' }]);
    expect(places.words()).toEqual([]);
    places.ask([run('a', { turn: 1 })]);
    expect(places.words()).toMatchObject([{ word: 'granted', turn: 1 }]);
  });

  it('is not parked, nor brought back, by messages from before', () => {
    const places = new Places();
    places.ask([run('a'), run('b', { at: 1 })], limit(1), true);
    places.park([parked('a')]);
    places.closed([run('b')]);
    places.ask([run('a', { turn: 1 })], undefined, true);
    places.park([parked('a')]);
    expect(heldBy(places)).toEqual(['a']);
    places.park([parked('a', 2)]);
    places.ask([run('a', { turn: 1 }), run('a')]);
    expect(places.view()).toMatchObject({ active: 0, parked: 1, queued: 0 });
  });

  it('that asks before the pool has heard of its parking never lost its place', () => {
    const places = new Places();
    places.ask([run('a'), run('b', { at: 1 })], limit(1), true);
    expect(places.ask([run('a', { turn: 1 })], undefined, true)).toEqual([{ state: 'granted' }]);
    places.park([parked('a')]);
    expect(heldBy(places)).toEqual(['a']);
  });

  it('is looked after as any, and is out of the line once it is closed or leaves', () => {
    const places = new Places();
    places.ask([run('a'), run('b', { at: 1 }), run('c', { at: 2 })], limit(1), true);
    places.park([parked('a')]);
    places.ask([run('a', { turn: 1 })]);
    places.leave([run('a')]);
    expect(places.view()).toMatchObject({ queued: 1, next: [{ runId: 'c' }] });
    places.closed([run('a'), run('b'), run('c')]);
    places.told(places.words());
    expect(places.isEmpty).toBe(true);
  });

  it('asks as if for the first time where the pool has been ended from outside meanwhile', () => {
    const places = new Places();
    places.ask([run('b')], limit(1), true);
    places.ask([run('a', { at: 1, turn: 3 })], undefined, true);
    places.closed([run('b')]);
    expect(places.words()).toEqual([{ holder: { runId: 'a', execution: 1 }, word: 'granted', turn: 3 }]);
    places.park([parked('a', 3)]);
    expect(heldBy(places)).toEqual(['a']);
    places.park([parked('a', 4)]);
    expect(heldBy(places)).toEqual([]);
  });

  it('still counts in the share of who asked for it, and tells that one only that it is closed', () => {
    const places = new Places();
    const mine = (runId: string, at: number) => run(runId, { at, reply: 'backfill:1', priority: 5 });
    const share = { reply: 'backfill:1', most: 1, revision: 1 };
    places.ask([mine('a', 1), mine('b', 2)], limit(2), true, share);
    places.park([parked('a')]);
    expect(places.view()).toMatchObject({ active: 0, parked: 1, queued: 1 });
    places.ask([run('a', { turn: 1 })]);
    expect(places.words()).toEqual([{ holder: { runId: 'a', execution: 1 }, word: 'granted', turn: 1 }]);
    places.told(places.words());
    places.closed([{ ...run('a'), reply: 'backfill:1' }]);
    expect(heldBy(places)).toEqual(['b']);
    expect(said(places)).toContain('closed a');
  });

  it('makes no room by going, and cleans up in its turn when it is to go for a newer one', () => {
    const newest = (runId: string, at: number) => run(runId, { at, onFull: 'evict' });
    const places = new Places();
    places.ask([newest('a', 1)], limit(1), true);
    places.park([parked('a')]);
    places.ask([newest('b', 2)], undefined, true);
    expect(said(places)).toEqual([]);
    places.ask(
      [newest('a', 1)].map((request) => ({ ...request, turn: 1 })),
      undefined,
      true,
    );
    places.ask([newest('c', 3)], undefined, true);
    expect(said(places)).toEqual(['evicted a', 'evicted b']);
    places.closed([run('b')]);
    expect(heldBy(places)).toEqual(['a']);
    places.closed([run('a')]);
    expect(heldBy(places)).toEqual(['c']);
  });

  it('is what it was after a change of hands, with all it waits for and has not heard', () => {
    const places = new Places();
    places.ask([run('a'), run('b', { at: 1 }), run('c', { at: 2 })], limit(2), true);
    places.park([parked('a'), parked('b')]);
    places.ask([run('b', { turn: 1 })]);
    const again = new Places(JSON.parse(JSON.stringify(places.snapshot())));
    expect(again.snapshot()).toEqual(places.snapshot());
    expect(again.view()).toEqual(places.view());
    again.park([parked('b')]);
    expect(heldBy(again)).toEqual(['b', 'c']);
  });
});

describe('a request that does not wait', () => {
  it('is turned away where there is no room, and told so', () => {
    const places = new Places();
    const refused = run('b', { onFull: 'refuse' });
    places.ask([run('a')], limit(1), true);
    expect(places.ask([refused], undefined, true)).toEqual([{ state: 'refused' }]);
    expect(said(places)).toEqual([]);
    places.ask([refused]);
    expect(said(places)).toEqual(['refused b']);
    places.closed([run('a')]);
    expect(heldBy(places)).toEqual([]);
  });

  it('is answered anew when it is asked again', () => {
    const places = new Places();
    const request = run('b', { onFull: 'refuse' });
    places.ask([run('a'), request], limit(1));
    places.closed([run('a')]);
    expect(places.ask([request], undefined, true)).toEqual([{ state: 'granted' }]);
    expect(said(places)).toEqual(['granted b']);
  });
});

describe('a request that makes room for itself', () => {
  const newest = (runId: string, at: number) => run(runId, { at, onFull: 'evict' });

  it('sends the oldest away, and waits until that is closed', () => {
    const places = new Places();
    places.ask([newest('a', 1), newest('b', 2)], limit(2), true);
    expect(places.ask([newest('c', 3)], undefined, true)).toEqual([{ state: 'waiting', ahead: 0 }]);
    expect(said(places)).toEqual(['evicted a']);
    expect(heldBy(places)).toEqual(['a', 'b']);
    places.closed([run('a')]);
    expect(heldBy(places)).toEqual(['b', 'c']);
  });

  it('of many only the newest run in the end: those that still wait go too', () => {
    const places = new Places();
    places.ask([newest('a', 1), newest('b', 2), newest('c', 3), newest('d', 4)], limit(1));
    expect(said(places)).toEqual(['evicted a', 'evicted b', 'evicted c']);
    places.closed([run('a')]);
    expect(heldBy(places)).toEqual(['d']);
  });

  it('sends nobody away twice, and nobody when somebody leaves anyway', () => {
    const places = new Places();
    places.ask([newest('a', 1)], limit(1), true);
    places.leave([run('a')]);
    places.ask([newest('b', 2)], undefined, true);
    expect(said(places)).toEqual([]);
    places.ask([newest('b', 2)], undefined, true);
    expect(said(places)).toEqual([]);
  });

  it('leaves alone what another workflow has asked for', () => {
    const places = new Places();
    places.ask([run('x', { reply: 'backfill:1' })], limit(1));
    places.told(places.words());
    expect(places.ask([newest('a', 1)], undefined, true)).toEqual([{ state: 'waiting', ahead: 0 }]);
    expect(said(places)).toEqual([]);
  });

  describe('that one workflow asks for others', () => {
    const other = (runId: string, more: Partial<PlaceRequest> = {}) =>
      run(runId, { reply: 'backfill:1', priority: 5, ...more });
    const share = (most: number, revision = 1) => ({ reply: 'backfill:1', most, revision });
    const holders = (places: Places) => places.holders().map(({ runId }) => runId);

    it('are no more than its share, and those behind it pass', () => {
      const places = new Places();
      places.ask([other('a'), other('b'), other('c')], limit(3), false, share(1));
      places.ask([run('late', { at: 9, priority: 5 })]);
      expect(holders(places)).toEqual(['a', 'late']);
      places.ask([], undefined, false, share(2, 3));
      places.ask([], undefined, false, share(9, 2));
      expect(holders(places)).toEqual(['a', 'late', 'b']);
      const again = new Places(JSON.parse(JSON.stringify(places.snapshot())));
      again.closed([run('late')]);
      expect(holders(again)).toEqual(['a', 'b']);
      again.closed([run('a')]);
      expect(holders(again)).toEqual(['b', 'c']);
    });

    it('are told of by it that they are closed, with who is next', () => {
      const places = new Places();
      places.ask([other('a'), other('b')], limit(1));
      places.told(places.words());
      places.closed([run('a')]);
      expect(places.words()).toEqual([
        { holder: { runId: 'a', execution: 1, reply: 'backfill:1' }, word: 'closed' },
        { holder: { runId: 'b', execution: 1, reply: 'backfill:1' }, word: 'granted' },
      ]);
    });

    it('are told to every workflow that wanted the same, once they are closed or given up', () => {
      const places = new Places();
      places.ask([run('x'), other('a'), other('b')], limit(1));
      const second = (runId: string) => other(runId, { reply: 'backfill:2' });
      expect(places.ask([second('a'), second('b')], undefined, true)).toMatchObject([{ ahead: 0 }, { ahead: 1 }]);
      expect(places.view().queued).toBe(2);
      places.leave([other('b')]);
      places.told(places.words().filter(({ word }) => word === 'granted'));
      const again = new Places(JSON.parse(JSON.stringify(places.snapshot())));
      again.closed([run('x')]);
      again.closed([other('a')]);
      const toSecond = again.words().filter(({ holder }) => holder.reply === 'backfill:2');
      expect(toSecond.map(({ holder, word }) => [holder.runId, word])).toEqual([
        ['b', 'closed'],
        ['a', 'closed'],
      ]);
      again.told(again.words());
      expect(again.isEmpty).toBe(true);
    });

    it('are told as closed to a workflow too that has begun one in the place of another', () => {
      const places = new Places();
      places.ask([other('a')], limit(1));
      expect(places.ask([other('a', { reply: 'backfill:2' })], undefined, true)).toEqual([{ state: 'granted' }]);
      places.leave([other('a')]);
      places.closed([other('a')]);
      expect(places.words().map(({ holder, word }) => [holder.reply, word])).toEqual([
        ['backfill:1', 'closed'],
        ['backfill:2', 'closed'],
      ]);
    });

    it('stay with whoever holds them, though a workflow that wanted the same is gone', () => {
      const places = new Places();
      places.ask([run('x'), other('a')], limit(1));
      places.ask([other('a', { reply: 'backfill:2' })]);
      places.closed([other('a', { reply: 'backfill:2' })]);
      expect(places.view()).toMatchObject({ queued: 1 });
      places.leave([other('a', { reply: 'backfill:2' }), other('a')]);
      expect(places.words().filter(({ holder }) => holder.runId === 'a')).toEqual([]);
    });

    it('are given up by nobody else, and go to a run that asks for itself', () => {
      const places = new Places();
      places.ask([run('x'), other('a')], limit(1));
      places.leave([{ ...run('a'), reply: 'backfill:2' }]);
      expect(places.view().queued).toBe(1);
      expect(places.ask([run('a', { priority: 3 })], undefined, true)).toEqual([{ state: 'waiting', ahead: 0 }]);
      places.told(places.words());
      places.closed([run('x')]);
      expect(places.words()).toEqual([{ holder: { runId: 'a', execution: 1 }, word: 'granted' }]);
    });
  });
});
