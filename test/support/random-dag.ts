import fc from 'fast-check';
import type { DagPlan } from '../../src/dag/plan.js';
import { TRIGGER_RULES } from '../../src/dag/spec.js';
import { taskOf } from './plan-builder.js';

/** What a task of a random DAG would do. */
export interface RandomOutcome {
  readonly state: 'success' | 'failed' | 'cancelled';
  readonly when: boolean | 'error';
}

export interface RandomDag {
  readonly plan: DagPlan;
  readonly outcomes: readonly RandomOutcome[];
  /** An endless source of decisions: which running task ends next. */
  readonly order: (choices: number) => number;
}

/** DAGs with any edges, conditions, rules, types, priorities, `when` and limits; most tasks succeed, so that deep tasks are reached. */
export const randomDag = (options: { readonly failFast?: boolean; readonly maxTasks?: number } = {}): fc.Arbitrary<RandomDag> =>
  fc
    .integer({ min: 1, max: options.maxTasks ?? 12 })
    .chain((n) =>
      fc.record({
        n: fc.constant(n),
        edges: fc.array(
          fc.record({
            from: fc.nat(n - 1),
            to: fc.nat(n - 1),
            on: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.integer({ min: 1, max: 15 }) }),
          }),
          { maxLength: 3 * n },
        ),
        tasks: fc.array(
          fc.record({
            rule: fc.oneof(fc.constant('all_success' as const), fc.constantFrom(...TRIGGER_RULES)),
            type: fc.constantFrom('activity' as const, 'activity' as const, 'noop' as const),
            priority: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
            asks: fc.constantFrom(false, false, true),
            outcome: fc.record({
              state: fc.constantFrom(
                'success' as const,
                'success' as const,
                'success' as const,
                'failed' as const,
                'cancelled' as const,
              ),
              when: fc.constantFrom(true as const, true as const, false as const, 'error' as const),
            }),
          }),
          { minLength: n, maxLength: n },
        ),
        maxActiveTasks: fc.integer({ min: 1, max: n + 1 }),
        failFast: options.failFast === undefined ? fc.constant(false) : fc.constant(options.failFast),
        seed: fc.integer(),
      }),
    )
    .map(({ n, edges, tasks, maxActiveTasks, failFast, seed }) => {
      const upstream = Array.from({ length: n }, () => new Map<number, number>());
      for (const { from, to, on } of edges) if (from !== to) upstream[Math.max(from, to)]!.set(Math.min(from, to), on);
      const plan: DagPlan = {
        format: 1,
        dagId: 'random',
        maxActiveTasks,
        failFast,
        bodies: ['b'],
        tasks: tasks.map((task, i) => ({
          id: `t${String(i).padStart(2, '0')}`,
          ...taskOf(task.type),
          rule: task.rule,
          priority: task.priority,
          when: task.asks ? 'asked' : undefined,
          upstream:
            upstream[i]!.size === 0
              ? undefined
              : [...upstream[i]!].map(([from, on]) => (on === 1 ? from : ([from, on] as const))),
        })),
      };
      return { plan, outcomes: tasks.map((task) => task.outcome), order: chooser(seed) };
    });

function chooser(seed: number): (choices: number) => number {
  let state = seed >>> 0 || 1;
  return (choices) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % choices;
  };
}
