import { equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DagPlan } from '../../src/dag/plan.js';
import type { TaskState } from '../../src/dag/state.js';
import { type Step, Walk } from '../../src/dag/walk.js';
import { edgeOn, edgeUpstream } from '../../src/dag/walk-layout.js';
import { isOnPath, naiveFinalStates, naiveVerdict } from '../support/naive-rules.js';
import { KEPT_SEEDS, propertySeed } from '../support/property-seed.js';
import { type RandomDag, randomDag } from '../support/random-dag.js';

const RUNS = 10_000;
/** Far beyond what they take: the machine may be busy. */
const PATIENCE = { timeout: 180_000 };
const FINAL = new Set<TaskState>(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);
const SEEDS = [...KEPT_SEEDS, propertySeed()];

/** Drives a walk step by step, in the order the DAG's chooser says. */
class Driver {
  readonly running: number[] = [];
  readonly started = new Set<number>();

  constructor(
    readonly dag: RandomDag,
    public walk = new Walk(dag.plan),
  ) {}

  /** Does all that can be done now; `before` sees each step before it is done. */
  launch(before: (task: number) => void = () => {}): void {
    const { plan, outcomes } = this.dag;
    const next = (): Step | undefined => {
      const promised = this.walk.mayHaveNext;
      const step = this.walk.next();
      ok(step === undefined || promised, 'a step came where none was to be expected');
      return step;
    };
    for (let step = next(); step !== undefined; step = next()) {
      before(step.task);
      const { when } = outcomes[step.task]!;
      if (step.step === 'when') {
        ok(plan.tasks[step.task]!.when !== undefined);
        if (when === true) this.walk.admit(step.task);
        else this.walk.finish(step.task, when === 'error' ? 'failed' : 'skipped');
      } else {
        this.walk.start(step.task);
        this.started.add(step.task);
        this.running.push(step.task);
        ok(this.walk.activeCount <= plan.maxActiveTasks);
      }
      this.dropUnwanted();
    }
  }

  /** Ends one of the running tasks; false when none is. */
  finishOne(): boolean {
    if (this.running.length === 0) return false;
    const [task] = this.running.splice(this.dag.order(this.running.length), 1);
    const { state, chosen } = this.dag.outcomes[task!]!;
    this.walk.finish(task!, state, chosen);
    this.dropUnwanted();
    return true;
  }

  /** As the loop of the workflow does: what runs is cancelled, but for teardowns. */
  cancelRunning(): void {
    for (const task of this.running.splice(0)) {
      if (this.dag.plan.tasks[task]!.teardown === undefined) this.walk.finish(task, 'cancelled');
      else this.running.push(task);
    }
  }

  stop(): void {
    this.walk.stop();
    this.cancelRunning();
  }

  states(): TaskState[] {
    return Array.from({ length: this.walk.size }, (_, i) => this.walk.stateOf(i));
  }

  verdict(task: number): string {
    const chosenBy = (branch: number): readonly number[] => this.dag.outcomes[branch]!.chosen;
    return naiveVerdict(this.dag.plan, task, { stateOf: (each) => this.walk.stateOf(each), chosenBy });
  }

  private dropUnwanted(): void {
    for (const task of this.walk.takeUnwanted()) {
      this.running.splice(this.running.indexOf(task), 1);
      this.walk.finish(task, 'cancelled');
    }
  }
}

/** Every teardown whose setup succeeded has run, unless its own `when` said no. */
function expectCleanUp({ dag, started, walk }: Driver): void {
  for (const [i, { teardown, when, id }] of dag.plan.tasks.entries()) {
    if (teardown === undefined || (when !== undefined && dag.outcomes[i]!.when !== true)) continue;
    if (teardown.some((setup) => walk.stateOf(setup) === 'success')) ok(started.has(i), `${id} has not cleaned up`);
  }
}

const isTeardown = (plan: DagPlan, task: number): boolean => plan.tasks[task]!.teardown !== undefined;

describe('a walk over random DAGs', () => {
  it.each(SEEDS)(`agrees with an evaluator that rescans everything, in ${RUNS} cases (seed %i)`, PATIENCE, (seed) => {
    fc.assert(
      fc.property(randomDag(), (dag) => {
        const driver = new Driver(dag);
        do {
          driver.launch((task) => equal(driver.verdict(task), 'run', `t${task} was handed out`));
          // Nothing that can be decided is left undecided, at any time.
          for (let task = 0; task < driver.walk.size; task++) {
            if (driver.walk.stateOf(task) === 'pending') equal(driver.verdict(task), 'wait', `t${task} is pending`);
          }
        } while (driver.finishOne());
        expect(driver.walk.isDone).toBe(true);
        expect(driver.states()).toEqual(naiveFinalStates(dag.plan, dag.outcomes));
        expect(driver.walk.outcome()).toBe(naiveOutcome(dag.plan, driver.states()));
        expectCleanUp(driver);
      }),
      { seed, numRuns: RUNS },
    );
  });

  it.each(SEEDS)('goes on from a snapshot taken anywhere as if nothing had happened (seed %i)', PATIENCE, (seed) => {
    fc.assert(
      fc.property(randomDag(), fc.nat(8), (dag, stopAfter) => {
        const driver = new Driver(dag);
        for (let turn = 0; ; turn++) {
          if (turn === stopAfter) {
            // Nothing is in flight when an execution goes on as a new one.
            while (driver.finishOne());
            driver.walk = new Walk(dag.plan, driver.walk.snapshot());
          }
          driver.launch();
          if (!driver.finishOne()) break;
        }
        expect(driver.states()).toEqual(naiveFinalStates(dag.plan, dag.outcomes));
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it.each(SEEDS)('starts from any kept results and runs only the others (seed %i)', PATIENCE, (seed) => {
    fc.assert(
      fc.property(randomDag(), fc.func(fc.boolean()), (dag, keeps) => {
        const first = naiveFinalStates(dag.plan, dag.outcomes);
        // Retry from failed: successes are kept (some of them), everything else is decided anew and now succeeds.
        const kept = first.map((state, i) => (state === 'success' && keeps(i) ? 's' : '.')).join('');
        const chosen = (branch: number): readonly number[] => dag.outcomes[branch]!.chosen;
        const healed = dag.outcomes.map((outcome) => ({ ...outcome, state: 'success' as const, when: true as const }));
        const driver = new Driver({ ...dag, outcomes: healed }, new Walk(dag.plan, kept, { chosen }));
        do driver.launch();
        while (driver.finishOne());
        expect(driver.walk.isDone).toBe(true);
        for (let i = 0; i < driver.walk.size; i++) if (kept[i] === 's') ok(!driver.started.has(i));
        for (const [i, { upstream }] of dag.plan.tasks.entries()) {
          const left = (upstream ?? []).map(edgeUpstream).some((branch) => {
            const isBranch = dag.plan.tasks[branch]!.branch !== undefined && driver.walk.stateOf(branch) === 'success';
            return isBranch && !isOnPath(dag.plan, i, dag.outcomes[branch]!.chosen);
          });
          if (left && !isTeardown(dag.plan, i) && kept[i] !== 's') ok(!driver.started.has(i));
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it.each(SEEDS)(
    'with failFast starts nothing after a failure but what answers failures or cleans up (seed %i)',
    PATIENCE,
    (seed) => {
      fc.assert(
        fc.property(randomDag({ failFast: true, cancelOthers: true }), (dag) => {
          const driver = new Driver(dag);
          let tripped = false;
          do {
            if (driver.walk.failFastTripped && !tripped) {
              tripped = true;
              driver.cancelRunning();
            }
            driver.launch((task) => {
              equal(driver.verdict(task), 'run');
              if (driver.walk.failFastTripped) ok(outlivesFailFast(dag.plan, task), `t${task} after the failure`);
            });
          } while (driver.finishOne() || driver.walk.failFastTripped !== tripped);
          expect(driver.walk.isDone).toBe(true);
          const counts = (state: TaskState, i: number): boolean =>
            state === 'failed' && dag.plan.tasks[i]!.allowFailure !== true && !isTeardown(dag.plan, i);
          expect(tripped).toBe(driver.states().some(counts));
          if (tripped) expect(driver.walk.outcome()).toBe('failed');
          expectCleanUp(driver);
        }),
        { seed, numRuns: 4_000 },
      );
    },
  );

  it.each(SEEDS)('once stopped only cleans up, and leaves nothing running (seed %i)', PATIENCE, (seed) => {
    fc.assert(
      fc.property(randomDag({ cancelOthers: true }), fc.boolean(), fc.nat(10), (dag, failFast, stopAfter) => {
        const driver = new Driver({ ...dag, plan: { ...dag.plan, failFast } });
        let stopped = false;
        let tripped = false;
        for (let turn = 0; ; turn++) {
          if (turn === stopAfter) {
            stopped = true;
            driver.stop();
            // An execution that cleans up may go on as a new one.
            if (driver.running.length === 0) driver.walk = new Walk(driver.dag.plan, driver.walk.snapshot(), { stopped });
          } else if (driver.walk.failFastTripped && !tripped) {
            tripped = true;
            driver.cancelRunning();
          }
          driver.launch((task) => {
            equal(driver.verdict(task), 'run');
            if (stopped) ok(isTeardown(dag.plan, task), `t${task} after the cancel`);
          });
          if (!driver.finishOne() && (stopped || turn > stopAfter)) break;
        }
        expect(driver.walk.isDone).toBe(true);
        expect(driver.states().every((state) => FINAL.has(state))).toBe(true);
        expectCleanUp(driver);
      }),
      { seed, numRuns: 4_000 },
    );
  });

  it.each(SEEDS)(
    'with joins that cancel others leaves nothing running that only those waited for (seed %i)',
    PATIENCE,
    (seed) => {
      fc.assert(
        fc.property(randomDag({ cancelOthers: true }), (dag) => {
          const driver = new Driver(dag);
          do {
            driver.launch((task) => equal(driver.verdict(task), 'run'));
            for (const [i, { join }] of dag.plan.tasks.entries()) {
              if (join === undefined || !('minSuccess' in join) || !driver.started.has(i)) continue;
              for (const loser of join.losers ?? []) ok(FINAL.has(driver.walk.stateOf(loser)), `t${loser} lost to t${i}`);
            }
          } while (driver.finishOne());
          expect(driver.walk.isDone).toBe(true);
          // Whatever never started has the state that its rule gives, looking back, or lost to a join.
          for (const [i, state] of driver.states().entries()) {
            if (driver.started.has(i) || state === 'cancelled') continue;
            const verdict = driver.verdict(i);
            if (state === 'upstream_failed') expect(verdict).toBe('upstream_failed');
            if (verdict === 'run') expect(dag.plan.tasks[i]!.when).toBeDefined();
          }
          expectCleanUp(driver);
        }),
        { seed, numRuns: 4_000 },
      );
    },
  );
});

function outlivesFailFast(plan: DagPlan, task: number): boolean {
  const { upstream, teardown } = plan.tasks[task]!;
  if (teardown !== undefined) return true;
  return (upstream ?? []).some((edge) => edgeOn(edge) === 4) || ((upstream?.length ?? 0) > 0 && isNotifier(plan, task));
}

function isNotifier(plan: DagPlan, task: number): boolean {
  const { rule, join } = plan.tasks[task]!;
  return (
    rule === 'one_failed' || rule === 'all_failed' || (join !== undefined && 'expression' in join && join.notifier === true)
  );
}

/** The leaves decide; a consumer that is only there for failures or to clean up does not make its upstream anything but a leaf. */
function naiveOutcome(plan: DagPlan, states: readonly string[]): string {
  const responsible = new Set<number>();
  for (const [i, task] of plan.tasks.entries()) {
    if (isTeardown(plan, i) || isNotifier(plan, i)) continue;
    for (const edge of task.upstream ?? []) if (edgeOn(edge) !== 4) responsible.add(edgeUpstream(edge));
  }
  const fails = (state: string | undefined, i: number): boolean =>
    !isTeardown(plan, i) && (state === 'upstream_failed' || (state === 'failed' && plan.tasks[i]!.allowFailure !== true));
  return plan.tasks.some((_, i) => !responsible.has(i) && fails(states[i], i)) ? 'failed' : 'success';
}
