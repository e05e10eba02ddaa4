import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DagPlan } from '../../src/dag/plan.js';
import type { TaskState } from '../../src/dag/state.js';
import { Walk } from '../../src/dag/walk.js';
import { edgeUpstream } from '../../src/dag/walk-layout.js';
import { naiveFinalStates, naiveVerdict } from '../support/naive-rules.js';
import { planOf } from '../support/plan-builder.js';
import { KEPT_SEEDS, propertySeed } from '../support/property-seed.js';
import { type RandomDag, randomDag } from '../support/random-dag.js';

const SEEDS = [...KEPT_SEEDS, propertySeed()];
/** Far beyond what they take: the machine may be busy. */
const PATIENCE = { timeout: 180_000 };
const FINAL = new Set<TaskState>(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);

/** A walk under way: what it handed out is carried out as the script says, one end at a time. */
class Drive {
  readonly running: number[] = [];
  /** Rewound tasks of which something still runs. */
  readonly late: number[] = [];
  private readonly parked = new Set<number>();
  /** When each task began and ended last, on a clock that ticks with every event. */
  readonly began = new Map<number, number>();
  readonly ended = new Map<number, number>();
  private clock = 0;
  walk: Walk;

  constructor(private readonly dag: RandomDag) {
    this.walk = new Walk(dag.plan);
  }

  launch(): void {
    for (let step = this.walk.next(); step !== undefined; step = this.walk.next()) {
      const { when } = this.dag.outcomes[step.task]!;
      if (step.step === 'run') this.start(step.task);
      else if (when === true) this.walk.admit(step.task);
      else this.walk.finish(step.task, when === 'error' ? 'failed' : 'skipped');
      this.dropUnwanted();
    }
  }

  /** Ends something that runs, or that still runs of a rewound task; false when nothing does. */
  endOne(): boolean {
    const open = this.running.length + this.late.length;
    if (open === 0) return false;
    const at = this.dag.order(open);
    if (at >= this.running.length) this.endLate(this.late[at - this.running.length]!);
    else {
      const [task] = this.running.splice(at, 1);
      const { state, chosen } = this.dag.outcomes[task!]!;
      this.ended.set(task!, ++this.clock);
      this.walk.finish(task!, state, chosen);
      this.dropUnwanted();
    }
    return true;
  }

  turns(n: number): void {
    for (let turn = 0; turn < n; turn++) {
      this.launch();
      this.endOne();
    }
  }

  toTheEnd(): void {
    do this.launch();
    while (this.endOne());
  }

  rewind(to: number): number[] {
    const again = this.walk.toRewind(to);
    this.walk.rewind(again);
    for (const task of again) {
      this.parked.delete(task);
      if (this.running.includes(task)) this.late.push(...this.running.splice(this.running.indexOf(task), 1));
    }
    this.dropUnwanted();
    return again;
  }

  /** Nothing is in flight when a run goes on in a new execution; what it knows besides are the states and the outputs of branches. */
  continueAsNew(): void {
    while (this.endOne());
    this.walk = new Walk(this.dag.plan, this.walk.snapshot(), {
      chosen: (branch) => this.dag.outcomes[branch]!.chosen,
      failFastTripped: this.walk.failFastTripped,
    });
    this.parked.clear();
  }

  endLate(task: number): void {
    this.late.splice(this.late.indexOf(task), 1);
    this.ended.set(task, ++this.clock);
    this.walk.giveBack(task);
    if (this.parked.delete(task)) this.walk.putBack(task);
  }

  private start(task: number): void {
    ok(!this.running.includes(task), 'handed out twice');
    if (this.late.includes(task)) {
      this.parked.add(task);
      return;
    }
    this.walk.start(task);
    this.running.push(task);
    this.began.set(task, ++this.clock);
    this.expectSetUp(task);
    ok(this.walk.activeCount <= this.dag.plan.maxActiveTasks);
    const { tasks } = this.dag.plan;
    const takes = [...this.running, ...this.late].filter((each) => tasks[each]!.activity !== undefined).length;
    expect(this.walk.activeCount).toBe(takes);
  }

  /** What a task between a setup and its teardown works with has not been taken away. */
  private expectSetUp(task: number): void {
    const { tasks } = this.dag.plan;
    for (const setup of tasks[task]!.teardown ?? []) {
      const after = downstreamOf(this.dag.plan, setup);
      const used = this.running.find((i) => i !== task && after.has(i) && downstreamOf(this.dag.plan, i).has(task));
      ok(used === undefined, `t${task} takes away what t${used} works with`);
    }
    for (const [teardown, { teardown: setups = [] }] of tasks.entries()) {
      if (!downstreamOf(this.dag.plan, task).has(teardown) || teardown === task) continue;
      for (const setup of setups) {
        if (setup === task || !downstreamOf(this.dag.plan, setup).has(task) || this.walk.stateOf(setup) !== 'success') continue;
        ok((this.began.get(teardown) ?? 0) < this.ended.get(setup)!, `t${task} works with what t${teardown} took away`);
      }
    }
  }

  private dropUnwanted(): void {
    for (const task of this.walk.takeUnwanted()) {
      this.running.splice(this.running.indexOf(task), 1);
      this.ended.set(task, ++this.clock);
      this.walk.finish(task, 'cancelled');
    }
  }
}

function downstreamOf(plan: DagPlan, task: number): Set<number> {
  const found = new Set([task]);
  plan.tasks.forEach((each, i) => {
    if (each.upstream?.some((edge) => found.has(edgeUpstream(edge)))) found.add(i);
  });
  return found;
}

/** What is done again, found by asking all tasks until nothing is added. */
function naiveScope(plan: DagPlan, to: number, stateOf: (task: number) => TaskState): Set<number> {
  const found = new Set([to]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    plan.tasks.forEach(({ upstream = [], teardown = [] }, i) => {
      if (upstream.some((edge) => found.has(edgeUpstream(edge)))) found.add(i);
      const begun = ['running', 'success', 'failed', 'cancelled'].includes(stateOf(i));
      if (found.has(i) && begun) for (const setup of teardown) found.add(setup);
    });
  }
  return found;
}

const states = (walk: Walk): TaskState[] => Array.from({ length: walk.size }, (_, i) => walk.stateOf(i));

describe('a rewound walk', () => {
  // The last one: what a branch had left out was decided upon before what was kept had been counted.
  it.each([...SEEDS, 499_951_710])('is, counter by counter, as one built from its states (seed %i)', PATIENCE, (seed) => {
    const anyDag = fc.boolean().chain((cancelOthers) => randomDag({ cancelOthers }));
    fc.assert(
      fc.property(anyDag, fc.nat(8), fc.nat(11), fc.boolean(), (dag, turns, to, idle) => {
        const drive = new Drive(dag);
        drive.turns(turns);
        if (!idle) drive.launch();
        const task = to % dag.plan.tasks.length;
        const scope = naiveScope(dag.plan, task, (each) => drive.walk.stateOf(each));
        const before = [...drive.walk.snapshot()];
        const again = drive.rewind(task);
        for (const each of again) ok(scope.has(each));
        const kept = before.map((letter, i) => (scope.has(i) ? '.' : letter)).join('');
        const fresh = new Walk(dag.plan, kept, { chosen: (branch) => dag.outcomes[branch]!.chosen });
        expect(states(drive.walk)).toEqual(states(fresh));
        expect(drive.walk.snapshot()).toBe(fresh.snapshot());
        expect(drive.walk['counters']).toEqual(fresh['counters']);
        expect(drive.walk['openBranches']).toEqual(fresh['openBranches']);
        while (drive.late.length > 0) drive.endLate(drive.late[0]!);
        expect([drive.walk.remaining, drive.walk.activeCount]).toEqual([fresh.remaining, fresh.activeCount]);
      }),
      { seed, numRuns: 5_000 },
    );
  });

  it.each(SEEDS)(
    'ends as one that was never rewound, however often, and in whichever execution (seed %i)',
    PATIENCE,
    (seed) => {
      const rewinds = fc.array(fc.tuple(fc.nat(6), fc.nat(11), fc.boolean()), { maxLength: 4 });
      fc.assert(
        fc.property(randomDag(), rewinds, (dag, script) => {
          const drive = new Drive(dag);
          for (const [turns, to, hops] of script) {
            drive.turns(turns);
            if (hops) drive.continueAsNew();
            drive.rewind(to % dag.plan.tasks.length);
          }
          drive.toTheEnd();
          expect(drive.walk.isDone).toBe(true);
          expect(states(drive.walk)).toEqual(naiveFinalStates(dag.plan, dag.outcomes));
        }),
        { seed, numRuns: 3_000 },
      );
    },
  );

  it.each(SEEDS)('does the same whether or not its run went on in a new execution before (seed %i)', PATIENCE, (seed) => {
    fc.assert(
      fc.property(randomDag({ cancelOthers: true }), fc.nat(8), fc.nat(11), (dag, turns, to) => {
        const drive = new Drive(dag);
        drive.turns(turns);
        while (drive.endOne());
        const before = drive.walk;
        drive.continueAsNew();
        const task = to % dag.plan.tasks.length;
        expect(drive.walk.toRewind(task)).toEqual(before.toRewind(task));
        for (const walk of [before, drive.walk]) walk.rewind(walk.toRewind(task));
        expect(drive.walk.snapshot()).toBe(before.snapshot());
        expect(drive.walk['counters']).toEqual(before['counters']);
      }),
      { seed, numRuns: 3_000 },
    );
  });

  it.each(SEEDS)(
    'with joins that cancel others decides as they ask, and cleans up what was set up last (seed %i)',
    PATIENCE,
    (seed) => {
      const rewinds = fc.array(fc.tuple(fc.nat(6), fc.nat(11), fc.boolean()), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(randomDag({ cancelOthers: true }), rewinds, (dag, script) => {
          const { tasks } = dag.plan;
          const drive = new Drive(dag);
          for (const [turns, to, hops] of script) {
            drive.turns(turns);
            if (hops) drive.continueAsNew();
            drive.rewind(to % tasks.length);
          }
          drive.toTheEnd();
          const { walk } = drive;
          expect(walk.isDone).toBe(true);
          ok(states(walk).every((state) => FINAL.has(state)));
          const view = {
            stateOf: (each: number) => walk.stateOf(each),
            chosenBy: (branch: number) => dag.outcomes[branch]!.chosen,
          };
          const lost = new Set<number>();
          for (const { join } of tasks)
            if (join !== undefined && 'minSuccess' in join) for (const i of join.losers ?? []) lost.add(i);
          for (const [i, task] of tasks.entries()) {
            const state = walk.stateOf(i);
            const cancelled = state === 'cancelled' && lost.has(i);
            const verdict = naiveVerdict(dag.plan, i, view);
            const { when, state: outcome } = dag.outcomes[i]!;
            const asked = task.when === undefined ? true : when;
            if (verdict === 'skip') ok(state === 'skipped' || cancelled, `t${i} is ${state}`);
            else if (verdict === 'upstream_failed') ok(state === 'upstream_failed' || cancelled, `t${i} is ${state}`);
            else
              ok(
                cancelled || state === (asked === true ? outcome : asked === 'error' ? 'failed' : 'skipped'),
                `t${i} is ${state}`,
              );
            for (const setup of task.teardown ?? []) {
              if (walk.stateOf(setup) !== 'success' || asked !== true) continue;
              ok(drive.began.get(i)! > drive.ended.get(setup)!, `t${i} has not cleaned up after t${setup}`);
            }
          }
        }),
        { seed, numRuns: 4_000 },
      );
    },
  );

  it('touches only what is downstream', () => {
    const walk = new Walk(planOf('a\nb <- a\nc <- b\nside <- a\nother'), 'sssss');
    expect(walk.toRewind(1)).toEqual([1, 2]);
    walk.rewind([1, 2]);
    expect(states(walk)).toEqual(['success', 'queued', 'pending', 'success', 'success']);
    expect(walk.next()).toEqual({ task: 1, step: 'run' });
    expect(walk.next()).toBeUndefined();
    expect(walk.remaining).toBe(2);
  });

  it('sets up again what a teardown behind the task has taken away, but nothing that is still there', () => {
    const { tasks, ...plan } = planOf('make\nwork <- make\nuse <- work\nclean <- make, work\nelse <- make');
    const scoped = { ...plan, tasks: tasks.map((task, i) => (i === 3 ? { ...task, teardown: [0] } : task)) };
    expect(new Walk(scoped, 'ssss.').toRewind(1)).toEqual([0, 1, 2, 3, 4]);
    expect(new Walk(scoped, 'sssrs').toRewind(1)).toEqual([0, 1, 2, 3, 4]);
    expect(new Walk(scoped, 'sssks').toRewind(1)).toEqual([1, 2, 3]);
    expect(new Walk(scoped, 'srs..').toRewind(1)).toEqual([1, 2]);
  });

  it('wants again what a join had just found superfluous', () => {
    const { tasks, ...plan } = planOf('x\na <- x\nb <- x\nfirst <- a, b {noop}');
    const join = { minSuccess: 1, losers: [1, 2] };
    const walk = new Walk({ ...plan, tasks: tasks.map((task, i) => (i === 3 ? { ...task, join } : task)) }, 'srr.');
    walk.finish(1, 'success');
    expect(walk.stateOf(3)).toBe('queued');
    walk.rewind(walk.toRewind(0));
    for (const task of [0, 1, 2]) walk.giveBack(task);
    walk.start(0);
    walk.finish(0, 'success');
    walk.start(2);
    expect(walk.takeUnwanted()).toEqual([]);
  });

  it('keeps the places of what still runs of rewound tasks until they are given back', () => {
    const walk = new Walk(planOf('a\nb', { maxActiveTasks: 1 }));
    walk.start(walk.next()!.task);
    walk.rewind(walk.toRewind(0));
    expect([walk.activeCount, walk.next()]).toEqual([1, undefined]);
    walk.giveBack(0);
    walk.giveBack(0);
    expect([walk.activeCount, walk.next()]).toEqual([0, { task: 0, step: 'run' }]);
  });
});
