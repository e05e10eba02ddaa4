import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DagPlan } from '../../src/dag/plan.js';
import { Walk } from '../../src/dag/walk.js';
import { edgeUpstream } from '../../src/dag/walk-layout.js';
import { naiveFinalStates } from '../support/naive-rules.js';
import { planOf } from '../support/plan-builder.js';
import { KEPT_SEEDS, propertySeed } from '../support/property-seed.js';
import { type RandomDag, randomDag } from '../support/random-dag.js';

/** A walk under way: what it handed out is carried out as the script says, one end at a time. */
class Drive {
  readonly running: number[] = [];
  constructor(
    readonly walk: Walk,
    private readonly dag: RandomDag,
  ) {}

  launch(): void {
    for (let step = this.walk.next(); step !== undefined; step = this.walk.next()) {
      const { when } = this.dag.outcomes[step.task]!;
      if (step.step === 'run') {
        expect(this.running, 'handed out twice').not.toContain(step.task);
        this.walk.start(step.task);
        this.running.push(step.task);
        expect(this.walk.activeCount).toBeLessThanOrEqual(this.dag.plan.maxActiveTasks);
      } else if (when === true) this.walk.admit(step.task);
      else this.walk.finish(step.task, when === 'error' ? 'failed' : 'skipped');
    }
  }

  endOne(): boolean {
    if (this.running.length === 0) return false;
    const [task] = this.running.splice(this.dag.order(this.running.length), 1);
    const { state, chosen } = this.dag.outcomes[task!]!;
    this.walk.finish(task!, state, chosen);
    return true;
  }

  toTheEnd(): void {
    do this.launch();
    while (this.endOne());
  }

  rewind(task: number): number[] {
    const changed = this.walk.rewind(task);
    for (const i of changed) if (this.running.includes(i)) this.running.splice(this.running.indexOf(i), 1);
    return changed;
  }
}

function downstreamOf(plan: DagPlan, task: number): Set<number> {
  const found = new Set([task]);
  plan.tasks.forEach((each, i) => {
    if (each.upstream?.some((edge) => found.has(edgeUpstream(edge)))) found.add(i);
  });
  return found;
}

const states = (walk: Walk): string[] => Array.from({ length: walk.size }, (_, i) => walk.stateOf(i));

describe('a rewound walk', () => {
  it.each([...KEPT_SEEDS, propertySeed()])('is, counter by counter, as one built from its states (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomDag(), fc.nat(8), fc.nat(11), fc.boolean(), (dag, turns, to, idle) => {
        const drive = new Drive(new Walk(dag.plan), dag);
        for (let turn = 0; turn < turns; turn++) {
          drive.launch();
          drive.endOne();
        }
        if (!idle) drive.launch();
        const task = to % dag.plan.tasks.length;
        const affected = downstreamOf(dag.plan, task);
        const before = [...drive.walk.snapshot()];
        drive.rewind(task);
        const kept = before.map((letter, i) => (affected.has(i) ? '.' : letter)).join('');
        const fresh = new Walk(dag.plan, kept, { chosen: (branch) => dag.outcomes[branch]!.chosen });
        expect(states(drive.walk)).toEqual(states(fresh));
        expect(drive.walk.snapshot()).toBe(fresh.snapshot());
        expect(drive.walk['counters']).toEqual(fresh['counters']);
        expect([drive.walk.remaining, drive.walk.activeCount]).toEqual([fresh.remaining, fresh.activeCount]);
      }),
      { seed, numRuns: 5_000 },
    );
  });

  it.each([...KEPT_SEEDS, propertySeed()])('ends as one that was never rewound, however often (seed %i)', (seed) => {
    fc.assert(
      fc.property(randomDag(), fc.array(fc.tuple(fc.nat(6), fc.nat(11)), { maxLength: 4 }), (dag, rewinds) => {
        const drive = new Drive(new Walk(dag.plan), dag);
        for (const [turns, to] of rewinds) {
          for (let turn = 0; turn < turns; turn++) {
            drive.launch();
            drive.endOne();
          }
          drive.rewind(to % dag.plan.tasks.length);
        }
        drive.toTheEnd();
        expect(drive.walk.isDone).toBe(true);
        expect(states(drive.walk)).toEqual(naiveFinalStates(dag.plan, dag.outcomes));
      }),
      { seed, numRuns: 3_000 },
    );
  });

  it('touches only what is downstream', () => {
    const walk = new Walk(planOf('a\nb <- a\nc <- b\nside <- a\nother'), 'sssss');
    expect(walk.rewind(1)).toEqual([1, 2]);
    expect(states(walk)).toEqual(['success', 'queued', 'pending', 'success', 'success']);
    expect(walk.next()).toEqual({ task: 1, step: 'run' });
    expect(walk.next()).toBeUndefined();
    expect(walk.remaining).toBe(2);
  });
});
