import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildGraph, topologicalOrder } from '../../src/dag/graph.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { TRIGGER_RULES, type TriggerRule } from '../../src/dag/spec.js';
import { Walk } from '../../src/dag/walk.js';
import { taskOf } from '../support/plan-builder.js';

const FILE = new URL('../../../shared/corpus/airflow/run_state.json', import.meta.url);

interface Row {
  readonly test: string;
  readonly edges: readonly (readonly [string, string])[];
  readonly rules?: { readonly [id: string]: string };
  readonly states: { readonly [id: string]: string | null };
  readonly run: string;
}

/** Rows that speak of what Baton does not have, each with its reason. */
const NOT_OURS: { readonly [test: string]: string } = {
  test_dagrun_not_stuck_in_running_when_all_tasks_instances_are_removed:
    'Baton has no task state `removed`: a run is pinned to its version',
  'test_dagrun_deadlock#2': 'a rule named `invalid` is refused when the DAG is stored',
  test_dagrun_no_deadlock_with_shutdown: 'Baton has no task state `shutdown`: a lost worker is a failed attempt',
};

const LETTERS: { readonly [state: string]: string } = { success: 's', failed: 'f', skipped: 'k', upstream_failed: 'u' };

describe.skipIf(!existsSync(FILE))('the state of a run is decided as Airflow decides it', () => {
  const rows = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')).rows as Row[]) : [];

  it('leaves out only rows whose states or rules do not exist here', () => {
    const ours = new Set<string>(TRIGGER_RULES);
    for (const row of rows) {
      const foreign =
        Object.values(row.states).some((s) => s !== null && LETTERS[s] === undefined) ||
        Object.values(row.rules ?? {}).some((r) => !ours.has(r));
      expect(foreign, row.test).toBe(row.test in NOT_OURS);
    }
  });

  it.each(rows.filter((row) => !(row.test in NOT_OURS)))('$test: $run', (row) => {
    const plan = planOfRow(row);
    const kept = plan.tasks.map(({ id }) => LETTERS[row.states[id] ?? ''] ?? '.').join('');
    const walk = new Walk(plan, kept);
    // In the table `running` stands for "something is still to be decided"; a rule that can never be met is decided here at once.
    const expected = row.test === 'test_dagrun_deadlock#1' ? 'success' : row.run;
    expect(walk.outcome() ?? 'running').toBe(expected);
  });
});

function planOfRow(row: Row): DagPlan {
  const ids = Object.keys(row.states).sort();
  const order = topologicalOrder(
    buildGraph(
      ids.length,
      row.edges.map(([a, b]) => [ids.indexOf(a), ids.indexOf(b)] as const),
    ),
  );
  const sorted = order!.map((i) => ids[i]!);
  return {
    format: 1,
    dagId: row.test,
    maxActiveTasks: 16,
    failFast: false,
    bodies: ['b'],
    tasks: sorted.map((id) => ({
      id,
      ...taskOf('activity'),
      rule: row.rules?.[id] as TriggerRule | undefined,
      upstream: row.edges.filter(([, to]) => to === id).map(([from]) => sorted.indexOf(from)),
    })),
  };
}
