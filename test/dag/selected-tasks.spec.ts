import { describe, expect, it } from 'vitest';
import type { DagPlan } from '../../src/dag/plan.js';
import { leftOutTasks, selectedTasks } from '../../src/dag/selected-tasks.js';
import { Walk } from '../../src/dag/walk.js';
import { planOf } from '../support/plan-builder.js';

/** `s` is set up, `w` and `x` work with it, `t` tears it down. */
const scoped = (): DagPlan => {
  const plan = planOf('s\nw <- s\nx <- s\nt <- s, w, x\nother');
  return {
    ...plan,
    tasks: plan.tasks.map((task) =>
      task.id === 's' ? { ...task, setup: true as const } : task.id === 't' ? { ...task, teardown: [0] } : task,
    ),
  };
};
const namesOf = (plan: DagPlan, ids: readonly string[]): string[] =>
  [...selectedTasks(plan, ids)].map((task) => plan.tasks[task]!.id);

describe('the tasks of a run that is for some of them', () => {
  it('are those that are named and all that comes before them', () => {
    expect(namesOf(planOf('a\nb <- a\nc <- b\nd <- b:failure\ne'), ['c'])).toEqual(['a', 'b', 'c']);
    expect(namesOf(planOf('a\nb <- a\nc'), ['c', 'a'])).toEqual(['a', 'c']);
  });

  it('have the teardown of whatever they set up with them, and not all that it waits for', () => {
    expect(namesOf(scoped(), ['w'])).toEqual(['s', 'w', 't']);
    expect(namesOf(scoped(), ['s'])).toEqual(['s', 't']);
    expect(namesOf(scoped(), ['other'])).toEqual(['other']);
  });

  it('have all that a teardown comes after with it, where that is named itself', () => {
    expect(namesOf(scoped(), ['t'])).toEqual(['s', 'w', 'x', 't']);
  });

  it('are none of those that the plan does not have', () => {
    expect(namesOf(planOf('a'), ['b'])).toEqual([]);
  });
});

describe('a walk that leaves tasks out', () => {
  const walkFor = (plan: DagPlan, ids: readonly string[], states?: string): Walk =>
    new Walk(plan, states, { leftOut: leftOutTasks(plan, ids) });

  it('has skipped them from the start, whatever their rules say', () => {
    const walk = walkFor(planOf('a\nb <- a\nc <- b [all_done]\nd [always]'), ['a']);
    expect([1, 2, 3].map((task) => [walk.stateOf(task), walk.isLeftOut(task)])).toEqual(Array(3).fill(['skipped', true]));
    expect(walk.next()).toEqual({ task: 0, step: 'run' });
    expect(walk.next()).toBeUndefined();
  });

  it('fails by the last task that it has, though something left out comes after that', () => {
    const walk = walkFor(planOf('a\nb <- a [all_done]'), ['a']);
    walk.start(0);
    walk.finish(0, 'failed');
    expect([walk.isDone, walk.outcome()]).toEqual([true, 'failed']);
  });

  it('tears down what it has set up when those that work with it have ended', () => {
    const walk = walkFor(scoped(), ['w']);
    for (const task of [0, 1, 3]) {
      expect(walk.next()).toEqual({ task, step: 'run' });
      walk.start(task);
      walk.finish(task, 'success');
    }
    expect([walk.isDone, walk.outcome(), walk.snapshot()]).toEqual([true, 'success', 'ssksk']);
  });

  it('does not do them when it goes back, nor when it goes on from kept states without them', () => {
    const plan = planOf('a\nb <- a\nc <- a\nd <- c');
    expect(walkFor(plan, ['b'], 'sskk').toRewind(0)).toEqual([0, 1]);
    const walk = walkFor(plan, ['b'], 's...');
    expect(walk.snapshot()).toBe('sakk');
  });
});
