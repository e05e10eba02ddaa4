import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptStates } from '../../src/dag/kept-states.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { TaskState } from '../../src/dag/state.js';
import { Walk } from '../../src/dag/walk.js';
import { edgeUpstream } from '../../src/dag/walk-layout.js';
import { naiveFinalStates } from '../support/naive-rules.js';
import { planOf } from '../support/plan-builder.js';
import { KEPT_SEEDS, propertySeed } from '../support/property-seed.js';
import { randomDag } from '../support/random-dag.js';

const PATIENCE = { timeout: 180_000 };

/** Keeps all that ended well, then takes away what may not be kept until nothing is left to take. */
function naiveKept(plan: DagPlan, states: readonly TaskState[]): string {
  const kept = states.map((state) => (state === 'success' ? 's' : state === 'skipped' ? 'k' : '.'));
  const runsAgain = (task: number): boolean =>
    (plan.tasks[task]!.upstream ?? []).some((edge) => kept[edgeUpstream(edge)] === '.');
  for (let changed = true; changed; ) {
    changed = false;
    const drop = (task: number): void => {
      changed ||= kept[task] !== '.';
      kept[task] = '.';
    };
    for (const [i, { teardown = [] }] of plan.tasks.entries()) {
      if (!runsAgain(i)) continue;
      drop(i);
      // A setup that was skipped has made nothing that could be gone.
      for (const setup of teardown) if (states[setup] === 'success') drop(setup);
    }
  }
  return kept.join('');
}

const isBefore = (plan: DagPlan, one: number, other: number): boolean =>
  (plan.tasks[other]!.upstream ?? []).map(edgeUpstream).some((each) => each === one || isBefore(plan, one, each));

describe('what another attempt keeps', () => {
  it.each([...KEPT_SEEDS, propertySeed()])(
    'is all that it may, and never what a task that runs again works with (seed %i)',
    PATIENCE,
    (seed) => {
      fc.assert(
        fc.property(randomDag(), ({ plan, outcomes, order }) => {
          const first = naiveFinalStates(plan, outcomes);
          const index = new Map(plan.tasks.map(({ id }, i) => [id, i]));
          const kept = keptStates(plan, (id) => first[index.get(id)!]);
          expect(kept).toBe(naiveKept(plan, first));
          const walk = new Walk(plan, kept, { chosen: (branch) => outcomes[branch]!.chosen });
          const started = new Set<number>();
          const running: number[] = [];
          for (;;) {
            for (let step = walk.next(); step !== undefined; step = walk.next()) {
              if (step.step === 'when') walk.admit(step.task);
              else {
                walk.start(step.task);
                started.add(step.task);
                running.push(step.task);
              }
            }
            if (running.length === 0) break;
            const [task] = running.splice(order(running.length), 1);
            walk.finish(task!, 'success', outcomes[task!]!.chosen);
          }
          expect(walk.isDone).toBe(true);
          for (const [teardown, { teardown: setups = [] }] of plan.tasks.entries()) {
            for (const setup of setups) {
              if (first[setup] !== 'success') continue;
              const between = [...started].filter((i) => isBefore(plan, setup, i) && isBefore(plan, i, teardown));
              // By its rule a setup may be left out this time: then there is nothing to clean up after it.
              const anew = (task: number): boolean => started.has(task) || walk.stateOf(task) !== 'success';
              if (between.length > 0) ok(anew(setup) && anew(teardown), `t${between[0]} ran again alone`);
            }
          }
        }),
        { seed, numRuns: 4_000 },
      );
    },
  );

  it('sets nothing up again where only the clean-up failed', () => {
    const { tasks, ...rest } = planOf('make\nuse <- make\nclean <- make, use');
    const plan = { ...rest, tasks: tasks.map((task, i) => (i === 2 ? { ...task, teardown: [0] } : task)) };
    const kept = keptStates(plan, (id) => (id === 'clean' ? 'failed' : 'success'));
    expect(kept).toBe('ss.');
    expect(new Walk(plan, kept).next()).toEqual({ task: 2, step: 'run' });
  });

  it('asks again what failFast has skipped, and nothing else that was skipped', () => {
    const states: { readonly [id: string]: TaskState } = { bad: 'failed', waited: 'skipped', fine: 'success' };
    const kept = (failFast: boolean): string => keptStates(planOf('bad\nwaited\nfine', { failFast }), (id) => states[id]);
    expect(kept(true)).toBe('..s');
    expect(kept(false)).toBe('.ks');
  });

  it('leaves a setup skipped that was, whatever is torn down again', () => {
    const { tasks, ...rest } = planOf('make\nuse <- make:skipped\nwork\nclean <- make, work');
    const plan = { ...rest, tasks: tasks.map((task, i) => (i === 3 ? { ...task, teardown: [0] } : task)) };
    const states: { readonly [id: string]: TaskState } = { make: 'skipped', use: 'success', work: 'failed', clean: 'skipped' };
    expect(keptStates(plan, (id) => states[id])).toBe('ks..');
  });

  it('runs no race again whose winner is known, unless one of those before the join does', () => {
    const { tasks, ...rest } = planOf('a\nb\nfirst <- a, b\nbad');
    const join = { minSuccess: 1, losers: [0, 1] };
    const plan = { ...rest, tasks: tasks.map((task, i) => (i === 2 ? { ...task, join } : task)) };
    const kept = (...states: TaskState[]): string =>
      keptStates(plan, (id) => states[plan.tasks.findIndex((task) => task.id === id)]);
    expect(kept('success', 'cancelled', 'success', 'failed')).toBe('scs.');
    expect(kept('success', 'cancelled', 'failed', 'failed')).toBe('sc..');
    expect(kept('failed', 'cancelled', 'failed', 'success')).toBe('...s');
    // Cancelled with the whole run: nothing was decided.
    expect(kept('success', 'cancelled', 'cancelled', 'cancelled')).toBe('s...');
  });
});
