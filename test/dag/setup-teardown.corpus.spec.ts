import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ruleVerdict } from '../../src/dag/trigger-rule.js';
import { Walk } from '../../src/dag/walk.js';
import { planOf } from '../support/plan-builder.js';

/** Cases of Airflow's own tests; they stay outside the repository. Differences: docs/decisions/0008. */
const FILE = new URL('../../../shared/corpus/airflow/mapped_scenarios.json', import.meta.url);

interface Scenario {
  readonly test: string;
  readonly rows?: readonly unknown[];
}
const scenarios = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { readonly setup_scenarios: readonly Scenario[] }).setup_scenarios
  : [];
const rowsOf = <Row>(test: string): readonly Row[] =>
  (scenarios.find((scenario) => scenario.test.endsWith(test))?.rows ?? []) as readonly Row[];

const LETTERS: { readonly [state: string]: string } = { success: 's', failed: 'f', skipped: 'k', upstream_failed: 'u' };

/** The states of tasks once the given ones are known: pending and queued are `null` there, for nothing has been decided. */
function settled(text: string, known: { readonly [id: string]: string | null }): { readonly [id: string]: string | null } {
  const base = planOf(text);
  const plan = {
    ...base,
    tasks: base.tasks.map((task) => (/^[ts]\d?$/.test(task.id) ? { ...task, setup: true as const } : task)),
  };
  const walk = new Walk(plan, plan.tasks.map(({ id }) => LETTERS[known[id] ?? ''] ?? '.').join(''));
  return Object.fromEntries(
    plan.tasks.map(({ id }, i) => {
      const state = walk.stateOf(i);
      return [id, state === 'pending' || state === 'queued' ? null : state];
    }),
  );
}

describe.skipIf(scenarios.length === 0)('setups decide what comes after them as in Airflow', () => {
  it('has all five scenarios', () => expect(scenarios).toHaveLength(5));

  it('test_setup_constraint_blocks_execution: nothing starts before the setup', () => {
    const plan = planOf('t1\nt2 <- t1\nt3 <- t2');
    const walk = new Walk(plan);
    expect(walk.next()).toEqual({ task: 0, step: 'run' });
    expect(walk.next()).toBeUndefined();
    expect([1, 2].map((task) => walk.stateOf(task))).toEqual(['pending', 'pending']);
  });

  it.each(rowsOf<{ readonly [id: string]: string | null }>('changes_state_appropriately'))(
    'changes_state_appropriately: a setup that is $t1',
    (row) => {
      expect(settled('t1\nt2 <- t1\nt3 <- t2', { t1: row['t1']! })).toEqual(row);
    },
  );

  it.each(rowsOf<{ readonly [id: string]: string | null }>('will_fail_or_skip_fast'))(
    'will_fail_or_skip_fast: a second setup that is $s2 while the first runs',
    (row) => {
      const { w1, w2 } = settled('s1\ns2\nw1 <- s1, s2\nw2 <- w1', { s2: row['s2']! });
      // The one difference: a skip waits for the other setup, whose failure would win (decision 0006).
      const expected = row['s2'] === 'skipped' ? { w1: null, w2: null } : { w1: row['w1'], w2: row['w2'] };
      expect({ w1, w2 }).toEqual(expected);
      if (row['s2'] !== 'skipped') return;
      expect(settled('s1\ns2\nw1 <- s1, s2\nw2 <- w1', { s1: 'success', s2: 'skipped' })).toMatchObject({
        w1: 'skipped',
        w2: 'skipped',
      });
      expect(settled('s1\ns2\nw1 <- s1, s2\nw2 <- w1', { s1: 'failed', s2: 'skipped' })).toMatchObject({
        w1: 'upstream_failed',
      });
    },
  );

  interface ItemRow {
    readonly map_index: number;
    readonly flag: boolean;
    readonly state: string | null;
  }
  // `flag` says whether the scheduler may write down what it decides; a walk always does.
  it.each(rowsOf<ItemRow>('mapped_task_upstream_removed_and_success').filter(({ flag }) => flag))(
    'mapped_task_upstream_removed_and_success: item $map_index is $state',
    ({ map_index: itemIndex, state }) => {
      const counts = { total: 5, success: 3, failed: 0, upstreamFailed: 0, skipped: 0, removed: 2 };
      expect(ruleVerdict('all_success', counts, { itemIndex })).toBe(state ?? 'run');
    },
  );

  type PastRow = readonly [flag: boolean, wait: boolean, met: boolean, state: string | null, blocked: boolean];
  it.each(rowsOf<PastRow>('wait_for_past_depends_before_skipping').filter(([flag]) => flag))(
    'wait_for_past_depends_before_skipping: flag %s, waits %s, met %s: %s',
    (_, waits, met, state) => {
      const counts = { total: 1, success: 0, failed: 0, upstreamFailed: 0, skipped: 1 };
      const verdict = ruleVerdict('all_success', counts, { holdSkip: waits && !met });
      expect(verdict).toBe(state === 'skipped' ? 'skip' : 'wait');
    },
  );
});
