import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { PlannedInterval } from '../../../src/dag/backfill/backfill.js';
import { BackfillWalk } from '../../../src/dag/backfill/backfill-walk.js';

const FIRST: PlannedInterval = { time: 1, execution: 1 };

/** A backfill of one interval that has its place and whose run is being started, while it is looked at too. */
function beingStarted() {
  const walk = new BackfillWalk({ total: 1, maxActiveRuns: 1 });
  walk.did(walk.work(), { seen: [], started: [], granted: [], page: { intervals: [FIRST], out: {} } });
  walk.did(walk.work(), { seen: [], started: [], granted: [false] });
  walk.lookAtAll();
  walk.hear(FIRST, 'granted');
  const work = walk.work();
  deepEqual(work.look, [FIRST]);
  deepEqual(work.start, [FIRST]);
  return { walk, work };
}

describe('a backfill whose step looked at a run before it started it', () => {
  it('knows that the run is at work', () => {
    const { walk, work } = beingStarted();
    walk.did(work, { seen: ['none'], started: ['started'], granted: [] });
    equal(walk.progress(0).running, 1);
  });

  it('waits for it when it was paused meanwhile and is cancelled later', () => {
    const { walk, work } = beingStarted();
    walk.pause();
    walk.did(work, { seen: ['none'], started: ['started'], granted: [] });
    equal(walk.progress(0).running, 1);
    walk.cancel('finish');
    equal(walk.outcome, undefined);
    walk.lookAtAll();
    walk.did(walk.work(), { seen: ['success'], started: [], granted: [] });
    equal(walk.outcome, 'cancelled');
    equal(walk.progress(0).success, 1);
  });

  it('plans it again when it was paused meanwhile and the step started nothing', () => {
    const { walk, work } = beingStarted();
    walk.pause();
    walk.did(work, { seen: ['none'], started: [], granted: [] });
    equal(walk.progress(0).running, 0);
    walk.did(walk.work(), { seen: [], started: [], granted: [] });
    walk.resume();
    deepEqual(walk.work().ask, [FIRST]);
  });
});
