import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../../src/dag/simulate.js';
import type { TaskState } from '../../../src/dag/state.js';
import { Walk } from '../../../src/dag/walk.js';
import { planOf } from '../../support/plan-builder.js';

const FILE = '../shared/corpus/airflow/mapped_scenarios.json';

interface Corpus {
  readonly mapped_dependency_states: {
    readonly rows: readonly {
      readonly task_state: string | null;
      readonly upstream: readonly (string | null)[];
      readonly expected_state: string | null;
    }[];
  };
  readonly scenarios: readonly { readonly test: string }[];
}
const corpus = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Corpus) : undefined;

/** A mapped task `m` that depends on `t1` and `t2`, over a list that is known. */
const plan = (text: string, mapped: readonly string[], options: object = {}) => {
  const base = planOf(text);
  const map = { sources: [['x', [1, 2, 3]]] as const, ...options };
  return { ...base, tasks: base.tasks.map((task) => (mapped.includes(task.id) ? { ...task, map } : task)) };
};
const statesOf = (run: ReturnType<typeof simulate>): { [id: string]: TaskState } =>
  Object.fromEntries(run.tasks.map(({ id, state }) => [id, state]));

describe.skipIf(corpus === undefined)("Airflow's own table of a mapped task's states", () => {
  /** Rows of states that nothing here ever leaves, or has at all, are no questions here: docs/decisions, Maps. */
  const rows = (corpus?.mapped_dependency_states.rows ?? []).filter(
    ({ task_state, upstream }) => task_state === null && !upstream.includes('removed'),
  );

  it('has the rows that are asked here', () => {
    expect(rows).toHaveLength(10);
  });

  it.each(rows)('t1, t2 = $upstream: m becomes $expected_state', ({ upstream, expected_state }) => {
    const walk = new Walk(plan('t1\nt2\nm <- t1, t2', ['m']));
    upstream.forEach((state, task) => {
      if (state !== null) walk.finish(task, state as 'success');
    });
    // A skip waits until no failure can come any more, so that the answer is the same whoever ends first.
    const waits = upstream.includes('skipped') && upstream.includes(null);
    expect(walk.stateOf(2)).toBe(waits ? 'pending' : (expected_state ?? 'pending'));
    for (const [task, state] of upstream.entries()) if (state === null) walk.finish(task, 'success');
    if (waits) expect(walk.stateOf(2)).toBe(expected_state);
  });

  it('has no scenario that is not told below, or in docs/decisions', () => {
    expect(corpus!.scenarios.map(({ test }) => test.replace(/ \(.*/, ''))).toEqual([
      'test_upstream_in_mapped_group_triggers_only_relevant',
      'test_upstream_in_mapped_group_when_mapped_tasks_list_is_empty',
      'test_mapped_task_check_before_expand',
      'test_mapped_task_group_finished_upstream_before_expand',
      'test_upstream_mapped_expanded',
      'test_no_mapped_dependencies',
      'test_mapped_in_mapped_task_group',
      'test_step_by_step',
    ]);
  });
});

describe("Airflow's scenarios of mapped tasks", () => {
  it('no mapped dependencies: all items of a literal list start at once', () => {
    const run = simulate(plan('m', ['m']), () => ({ items: [{ durationMs: 5 }, { durationMs: 5 }, { durationMs: 5 }] }));
    expect(run).toMatchObject({ makespanMs: 5, tasks: [{ state: 'success', items: ['success', 'success', 'success'] }] });
  });

  it('check before expand: a map waits for the task that gives its list', () => {
    const walk = new Walk(plan('t\nm <- t', ['m']));
    expect(walk.next()).toEqual({ task: 0, step: 'run' });
    expect(walk.next()).toBeUndefined();
  });

  it('an empty list: nothing runs, and what follows is skipped', () => {
    const run = simulate(plan('m\nt3 <- m', ['m']), () => ({ items: [] }));
    expect(statesOf(run)).toEqual({ m: 'skipped', t3: 'skipped' });
    expect(run.tasks[0]!.items).toEqual([]);
  });

  it('a map that was skipped before it had items skips the map behind it', () => {
    const run = simulate(plan('t1\nt2 <- t1 ?\nm <- t2', ['t2', 'm']), (id) => ({ when: id !== 't2', items: [{}] }));
    expect(statesOf(run)).toEqual({ t1: 'success', t2: 'skipped', m: 'skipped' });
  });

  it('upstream expanded: what is tolerated to fail leaves the map a success, and the next is over the values that exist', () => {
    const run = simulate(plan('m1\nm2 <- m1', ['m1', 'm2'], { toleratedPercentage: 100 }), (id) => ({
      items: id === 'm1' ? [{ state: 'failed' }, {}, {}] : [{}, {}],
    }));
    expect(statesOf(run)).toEqual({ m1: 'success', m2: 'success' });
  });

  it.each([
    ['failed', 'upstream_failed'],
    ['success', 'success'],
  ] as const)('step by step: t2 %s, so both maps become %s', (state, expected) => {
    const run = simulate(plan('t1\nt2_a\nt2_b <- t2_a\nm1 <- t1, t2_b\nm2 <- t1, m1', ['m1', 'm2']), (id) => ({
      state: id === 't2_a' ? state : 'success',
      items: [{}, {}, {}, {}],
    }));
    expect(statesOf(run)).toMatchObject({ m1: expected, m2: expected });
  });
});

describe('a simulated map', () => {
  it('runs so many items at a time, and takes no place of maxActiveTasks', () => {
    const base = plan('m\nother', ['m'], { maxConcurrency: 2 });
    const run = simulate({ ...base, maxActiveTasks: 1 }, () => ({
      durationMs: 10,
      items: [{ durationMs: 10 }, { durationMs: 10 }, { durationMs: 10 }, { durationMs: 10 }],
    }));
    expect(run.makespanMs).toBe(20);
    expect(run.tasks.map(({ endedAt }) => endedAt)).toEqual([20, 10]);
  });

  it('gives up at the first failure where it is told to', () => {
    const run = simulate(plan('m', ['m'], { maxConcurrency: 2, stop: true }), () => ({
      items: [{ durationMs: 9 }, { state: 'failed', durationMs: 3 }, {}, {}],
    }));
    expect(run).toMatchObject({
      state: 'failed',
      makespanMs: 3,
      tasks: [{ state: 'failed', items: ['cancelled', 'failed', 'skipped', 'skipped'] }],
    });
  });

  it('is cancelled by failFast, and leaves nothing running', () => {
    const run = simulate({ ...plan('m\nbad', ['m'], { maxConcurrency: 1 }), failFast: true }, (id) => ({
      state: id === 'bad' ? 'failed' : 'success',
      durationMs: 1,
      items: [{ durationMs: 9 }, {}],
    }));
    expect(statesOf(run)).toEqual({ m: 'cancelled', bad: 'failed' });
    expect(run.tasks[0]!.items).toEqual(['cancelled', 'cancelled']);
  });
});
