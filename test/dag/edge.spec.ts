import { describe, expect, it } from 'vitest';
import {
  AS_FAILED,
  AS_SKIPPED,
  AS_SUCCESS,
  AS_UPSTREAM_FAILED,
  isNotifierEdge,
  translate,
  translateAllowed,
} from '../../src/dag/edge.js';
import { ON_COMPLETION, ON_FAILURE, ON_SKIPPED, ON_SUCCESS } from '../../src/dag/plan.js';
import type { FinalTaskState } from '../../src/dag/state.js';

const STATES: readonly FinalTaskState[] = ['success', 'failed', 'upstream_failed', 'skipped', 'cancelled'];
const NAMES = {
  [AS_SUCCESS]: 'success',
  [AS_FAILED]: 'failed',
  [AS_UPSTREAM_FAILED]: 'upstream_failed',
  [AS_SKIPPED]: 'skipped',
};

describe('an edge', () => {
  it.each([
    ['success', ON_SUCCESS, ['success', 'failed', 'upstream_failed', 'skipped', 'skipped']],
    ['completion', ON_COMPLETION, ['success', 'success', 'success', 'success', 'success']],
    ['failure', ON_FAILURE, ['skipped', 'success', 'success', 'skipped', 'skipped']],
    ['skipped', ON_SKIPPED, ['skipped', 'upstream_failed', 'upstream_failed', 'success', 'success']],
    ['success or skipped', ON_SUCCESS | ON_SKIPPED, ['success', 'failed', 'upstream_failed', 'success', 'success']],
    ['failure or skipped', ON_FAILURE | ON_SKIPPED, ['skipped', 'success', 'success', 'success', 'success']],
    ['success or failure', ON_SUCCESS | ON_FAILURE, ['success', 'success', 'success', 'skipped', 'skipped']],
  ])('on %s translates every final state', (_, on, expected) => {
    expect(STATES.map((state) => NAMES[translate(state, on)])).toEqual(expected);
  });

  it('takes a failure that is allowed for a success, and for the failure that it waits for', () => {
    expect([ON_SUCCESS, ON_COMPLETION, ON_FAILURE, ON_SKIPPED].map((on) => NAMES[translateAllowed(on)])).toEqual([
      'success',
      'success',
      'success',
      'skipped',
    ]);
  });

  it('is a notifier only when it exists for failures alone', () => {
    expect(isNotifierEdge(ON_FAILURE, {})).toBe(true);
    expect(isNotifierEdge(ON_FAILURE | ON_SUCCESS, {})).toBe(false);
    expect(isNotifierEdge(ON_SUCCESS, { rule: 'one_failed' })).toBe(true);
    expect(isNotifierEdge(ON_SUCCESS, { rule: 'all_failed' })).toBe(true);
    expect(isNotifierEdge(ON_COMPLETION, { rule: 'all_done' })).toBe(false);
  });
});
