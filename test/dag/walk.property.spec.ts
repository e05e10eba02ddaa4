import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DagPlan } from '../../src/dag/plan.js';
import { Walk } from '../../src/dag/walk.js';
import { edgeOn, edgeUpstream } from '../../src/dag/walk-layout.js';
import { naiveFinalStates, naiveVerdict } from '../support/naive-rules.js';
import { KEPT_SEEDS, propertySeed } from '../support/property-seed.js';
import { type RandomDag, randomDag } from '../support/random-dag.js';

const RUNS = 10_000;
const FINAL = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);

/** Drives a walk to its end in the order the DAG's chooser says; `every` is called whenever the walk has nothing more to hand out. */
function drive(walk: Walk, { plan, outcomes, order }: RandomDag, every: (walk: Walk) => void = () => {}): void {
  const running: number[] = [];
  for (;;) {
    for (let step = walk.next(); step !== undefined; step = walk.next()) {
      expect(
        naiveVerdict(plan, step.task, (task) => walk.stateOf(task)),
        `${plan.tasks[step.task]!.id} was handed out`,
      ).toBe('run');
      const { when } = outcomes[step.task]!;
      if (step.step === 'when') {
        expect(plan.tasks[step.task]!.when).toBeDefined();
        if (when === true) walk.admit(step.task);
        else walk.finish(step.task, when === 'error' ? 'failed' : 'skipped');
      } else {
        walk.start(step.task);
        running.push(step.task);
        expect(walk.activeCount).toBeLessThanOrEqual(plan.maxActiveTasks);
      }
    }
    every(walk);
    if (running.length === 0) return;
    const [task] = running.splice(order(running.length), 1);
    walk.finish(task!, outcomes[task!]!.state);
  }
}

function statesOf(walk: Walk): string[] {
  return Array.from({ length: walk.size }, (_, i) => walk.stateOf(i));
}

describe('a walk over random DAGs', () => {
  it.each([...KEPT_SEEDS, propertySeed()])(
    `agrees with an evaluator that rescans everything, in ${RUNS} cases (seed %i)`,
    (seed) => {
      fc.assert(
        fc.property(randomDag(), (dag) => {
          const walk = new Walk(dag.plan);
          drive(walk, dag, () => {
            // Nothing that can be decided is left undecided, at any time.
            for (let task = 0; task < walk.size; task++) {
              if (walk.stateOf(task) === 'pending') expect(naiveVerdict(dag.plan, task, (t) => walk.stateOf(t))).toBe('wait');
            }
          });
          expect(walk.isDone).toBe(true);
          expect(statesOf(walk)).toEqual(naiveFinalStates(dag.plan, dag.outcomes));
          expect(walk.outcome()).toBe(naiveOutcome(dag.plan, statesOf(walk)));
        }),
        { seed, numRuns: RUNS },
      );
    },
  );

  it.each([...KEPT_SEEDS, propertySeed()])(
    'goes on from a snapshot taken anywhere as if nothing had happened (seed %i)',
    (seed) => {
      fc.assert(
        fc.property(randomDag(), fc.nat(8), (dag, stopAfter) => {
          let walk = new Walk(dag.plan);
          const running: number[] = [];
          for (let turn = 0; ; turn++) {
            if (turn >= stopAfter && running.length === 0) {
              walk = new Walk(dag.plan, walk.snapshot());
              drive(walk, dag);
              break;
            }
            if (turn < stopAfter) {
              for (let step = walk.next(); step !== undefined; step = walk.next()) {
                const { when } = dag.outcomes[step.task]!;
                if (step.step === 'run') {
                  walk.start(step.task);
                  running.push(step.task);
                } else if (when === true) walk.admit(step.task);
                else walk.finish(step.task, when === 'error' ? 'failed' : 'skipped');
              }
            }
            if (running.length === 0 && walk.isDone) break;
            if (running.length > 0) {
              const [task] = running.splice(dag.order(running.length), 1);
              walk.finish(task!, dag.outcomes[task!]!.state);
            }
          }
          expect(statesOf(walk)).toEqual(naiveFinalStates(dag.plan, dag.outcomes));
        }),
        { seed, numRuns: 2_000 },
      );
    },
  );

  it.each([...KEPT_SEEDS, propertySeed()])('starts from any kept results and runs only the others (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomDag(), fc.func(fc.boolean()), (dag, keeps) => {
        const first = naiveFinalStates(dag.plan, dag.outcomes);
        // Retry from failed: successes are kept (some of them), everything else is decided anew and now succeeds.
        const kept = first.map((state, i) => (state === 'success' && keeps(i) ? 's' : '.')).join('');
        const walk = new Walk(dag.plan, kept);
        const started = new Set<number>();
        const healed = { ...dag, outcomes: dag.outcomes.map(() => ({ state: 'success' as const, when: true as const })) };
        drive(walk, healed, () => {
          for (let i = 0; i < walk.size; i++) if (walk.stateOf(i) === 'running') started.add(i);
        });
        expect(walk.isDone).toBe(true);
        for (let i = 0; i < walk.size; i++) if (kept[i] === 's') expect(started.has(i)).toBe(false);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it.each([...KEPT_SEEDS, propertySeed()])(
    'with failFast starts nothing after a failure but what answers failures (seed %i)',
    (seed) => {
      fc.assert(
        fc.property(randomDag({ failFast: true }), (dag) => {
          const walk = new Walk(dag.plan);
          let tripped = false;
          const running: number[] = [];
          for (;;) {
            for (let step = walk.next(); step !== undefined; step = walk.next()) {
              if (tripped)
                expect(answersFailures(dag.plan, step.task), `${dag.plan.tasks[step.task]!.id} after the failure`).toBe(true);
              const { when } = dag.outcomes[step.task]!;
              if (step.step === 'run') {
                walk.start(step.task);
                running.push(step.task);
              } else if (when === true) walk.admit(step.task);
              else walk.finish(step.task, when === 'error' ? 'failed' : 'skipped');
              tripped ||= walk.failFastTripped;
            }
            if (running.length === 0) break;
            const [task] = running.splice(dag.order(running.length), 1);
            walk.finish(task!, dag.outcomes[task!]!.state);
            tripped ||= walk.failFastTripped;
          }
          expect(walk.isDone).toBe(true);
          expect(tripped).toBe(statesOf(walk).includes('failed'));
          if (tripped) expect(walk.outcome()).toBe('failed');
        }),
        { seed, numRuns: 2_000 },
      );
    },
  );

  it.each([...KEPT_SEEDS, propertySeed()])('is over as soon as what runs has ended, once it is stopped (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomDag(), fc.nat(6), (dag, steps) => {
        const walk = new Walk(dag.plan);
        for (let i = 0; i < steps; i++) {
          const step = walk.next();
          if (step?.step === 'run') walk.start(step.task);
          else if (step?.step === 'when') walk.admit(step.task);
        }
        walk.stop();
        expect(walk.next()).toBeUndefined();
        for (const task of walk.running()) walk.finish(task, 'cancelled');
        expect(walk.isDone).toBe(true);
        expect(statesOf(walk).every((state) => FINAL.has(state))).toBe(true);
      }),
      { seed, numRuns: 2_000 },
    );
  });
});

function answersFailures(plan: DagPlan, task: number): boolean {
  const { upstream, rule } = plan.tasks[task]!;
  return (
    (upstream ?? []).some((edge) => edgeOn(edge) === 4) ||
    ((upstream?.length ?? 0) > 0 && (rule === 'one_failed' || rule === 'all_failed'))
  );
}

/** The leaves decide; a consumer that is only there for failures does not make its upstream anything but a leaf. */
function naiveOutcome(plan: DagPlan, states: readonly string[]): string {
  const responsible = new Set<number>();
  for (const task of plan.tasks) {
    if (task.rule === 'one_failed' || task.rule === 'all_failed') continue;
    for (const edge of task.upstream ?? []) if (edgeOn(edge) !== 4) responsible.add(edgeUpstream(edge));
  }
  return plan.tasks.some((_, i) => !responsible.has(i) && (states[i] === 'failed' || states[i] === 'upstream_failed'))
    ? 'failed'
    : 'success';
}
