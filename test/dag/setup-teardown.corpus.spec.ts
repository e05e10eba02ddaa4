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

/** Where Baton answers otherwise: the words by which docs/decisions says why. */
const DIFFERENCES = {
  skipWaits: 'A skip waits until no failure can come',
  flag: '`flag_upstream_failed` does not exist',
  ruleOnly: 'A failed setup is a failed task like any other',
} as const;

describe('what Airflow does otherwise with setups', () => {
  const decision = readFileSync('docs/decisions/0008-branches-joins-and-cleanup.md', 'utf8');
  it.each(Object.values(DIFFERENCES))('is told, and why: %s', (words) => expect(decision).toContain(words));
});

type States = { readonly [id: string]: string | null };
interface ItemRow {
  readonly map_index: number;
  readonly flag: boolean;
  readonly state: string | null;
}
type PastRow = readonly [flag: boolean, wait: boolean, met: boolean, state: string | null, blocked: boolean];

/** Each scenario by the name of Airflow's test: what every row of it comes to, and why where that is not what the row says. */
const SCENARIOS: { readonly [test: string]: (row: never) => keyof typeof DIFFERENCES | undefined } = {
  /** DIFFERENCES.ruleOnly: there is one reason to wait, the rule; what stands far behind a setup waits for what stands before it. */
  blocks_execution: () => {
    const walk = new Walk(planOf('t1\nt2 <- t1\nt3 <- t2'));
    expect(walk.next()).toEqual({ task: 0, step: 'run' });
    expect(walk.next()).toBeUndefined();
    expect([1, 2].map((task) => walk.stateOf(task))).toEqual(['pending', 'pending']);
    return undefined;
  },

  changes_state_appropriately: (row: States) => {
    expect(settled('t1\nt2 <- t1\nt3 <- t2', { t1: row['t1']! })).toEqual(row);
    return undefined;
  },

  will_fail_or_skip_fast: (row: States) => {
    const outcome = (known: States): States => settled('s1\ns2\nw1 <- s1, s2\nw2 <- w1', known);
    if (row['s2'] !== 'skipped') {
      expect(outcome({ s2: row['s2']! })).toMatchObject({ w1: row['w1'], w2: row['w2'] });
      return undefined;
    }
    // The other setup still runs, and its failure would win.
    expect(outcome({ s2: 'skipped' })).toMatchObject({ w1: null, w2: null });
    expect(outcome({ s1: 'success', s2: 'skipped' })).toMatchObject({ w1: row['w1'], w2: row['w2'] });
    expect(outcome({ s1: 'failed', s2: 'skipped' })).toMatchObject({ w1: 'upstream_failed' });
    return 'skipWaits';
  },

  mapped_task_upstream_removed_and_success: ({ map_index: itemIndex, flag, state }: ItemRow) => {
    const counts = { total: 5, success: 3, failed: 0, upstreamFailed: 0, skipped: 0, removed: 2 };
    const verdict = ruleVerdict('all_success', counts, { itemIndex });
    // What is decided is written down, always.
    if (!flag) {
      expect(verdict).toBe('removed');
      return 'flag';
    }
    expect(verdict).toBe(state ?? 'run');
    return undefined;
  },

  wait_for_past_depends_before_skipping: ([flag, waits, met, state]: PastRow) => {
    const counts = { total: 1, success: 0, failed: 0, upstreamFailed: 0, skipped: 1 };
    const verdict = ruleVerdict('all_success', counts, { holdSkip: waits && !met });
    if (!flag) {
      expect(verdict).toBe(waits && !met ? 'wait' : 'skip');
      return 'flag';
    }
    expect(verdict).toBe(state === 'skipped' ? 'skip' : 'wait');
    return undefined;
  },
};

describe.skipIf(scenarios.length === 0)('setups decide what comes after them as in Airflow', () => {
  const told = scenarios.map(({ test, rows = [{}] }) => {
    const name = Object.keys(SCENARIOS).find((each) => test.endsWith(each));
    return { test, rows, check: SCENARIOS[name ?? '']! };
  });

  it('in all five scenarios', () => {
    expect(told).toHaveLength(5);
    expect(new Set(told.map(({ check }) => check))).toEqual(new Set(Object.values(SCENARIOS)));
  });

  it.each(told.flatMap(({ test, rows, check }) => rows.map((row) => ({ test, row, check }))))(
    '$test: $row',
    ({ row, check }) => {
      check(row as never);
    },
  );

  it('and answers otherwise in six rows, each for one of the reasons above', () => {
    const reasons = told.flatMap(({ rows, check }) => rows.map((row) => check(row as never)));
    const count = (reason: string): number => reasons.filter((each) => each === reason).length;
    expect([reasons.length, count('skipWaits'), count('flag')]).toEqual([1 + 3 + 3 + 4 + 8, 1, 5]);
  });
});
