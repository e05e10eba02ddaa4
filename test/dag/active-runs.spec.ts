import { describe, expect, it } from 'vitest';
import { activeRunsLimit, placeTerms } from '../../src/dag/active-runs.js';
import type { RunScope } from '../../src/dag/scope.js';
import { planOf } from '../support/plan-builder.js';

const by = (trigger: RunScope['trigger']): RunScope => ({ trigger }) as RunScope;
const TRIGGERS = ['manual', 'schedule', 'backfill', 'event', 'dag'] as const;

describe('the limit of active runs', () => {
  it('holds for all runs where it is declared', () => {
    const plan = planOf('a', { maxActiveRuns: 3 });
    expect(TRIGGERS.map((trigger) => activeRunsLimit(plan, by(trigger)))).toEqual([3, 3, 3, 3, 3]);
  });

  it('is 16 for what schedules and backfills start where none is declared, and none for the rest', () => {
    const limits = TRIGGERS.map((trigger) => activeRunsLimit(planOf('a'), by(trigger)));
    expect(limits).toEqual([undefined, 16, 16, undefined, undefined]);
  });

  it('lets runs of backfills wait behind all others, whatever onRunLimit says', () => {
    const plan = planOf('a', { maxActiveRuns: 1, onRunLimit: 'cancel_running' });
    expect(placeTerms(plan, by('backfill'))).toEqual({ priority: 5, onFull: 'wait' });
    expect(placeTerms(plan, by('schedule'))).toEqual({ priority: 3, onFull: 'evict' });
    expect(placeTerms(planOf('a'), by('manual'))).toEqual({ priority: 3, onFull: 'wait' });
  });
});
