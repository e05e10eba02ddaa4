import { describe, expect, it } from 'vitest';
import { parseExpression } from '../../src/dag/expression/index.js';
import {
  ANY_STATE,
  expressionVerdict,
  type JoinTree,
  joinNeedsFailure,
  joinValue,
  quorumVerdict,
  renameTasks,
  stateBit,
} from '../../src/dag/join.js';
import { quorumSize } from '../../src/dag/quorum-size.js';
import type { FinalTaskState } from '../../src/dag/state.js';
import { joinTree } from '../../src/dag/validate/join-expression.js';

/** `s f u k .`: success, failed, upstream_failed, skipped, not ended. */
const counts = (letters: string) => ({
  total: letters.length,
  success: letters.split('s').length - 1,
  failed: letters.split('f').length - 1,
  upstreamFailed: letters.split('u').length - 1,
  skipped: letters.split('k').length - 1,
});

describe('a join of so many successes', () => {
  it.each([
    // minSuccess, eager, states, verdict
    [2, true, '...', 'wait'],
    [2, true, 's..', 'wait'],
    [2, true, 'ss.', 'run'],
    [2, false, 'ss.', 'wait'],
    [2, false, 'ssf', 'run'],
    [2, false, 'sss', 'run'],
    [2, true, 'sf.', 'wait'],
    [2, true, 'ff.', 'upstream_failed'],
    [2, true, 'uk.', 'upstream_failed'],
    [2, false, 'fk.', 'upstream_failed'],
    // Out of reach, but a failure may still come: which of the two it is, is not certain.
    [2, true, 'kk.', 'wait'],
    [2, true, 'kkk', 'skip'],
    [2, true, 'kks', 'skip'],
    [2, true, 'kkf', 'upstream_failed'],
    [3, true, 'ssf', 'upstream_failed'],
    [3, true, 'sss', 'run'],
    [1, true, '.s.', 'run'],
  ] as const)('%d (eager: %s) of %s: %s', (minSuccess, eager, states, verdict) => {
    expect(quorumVerdict(minSuccess, eager, counts(states))).toBe(verdict);
  });

  it.each([
    [3, 10, 3],
    ['90%', 10, 9],
    ['90%', 11, 10],
    ['1%', 10, 1],
    ['100%', 7, 7],
    ['30%', 10, 3],
    ['33.3%', 3, 1],
    ['50%', 0, 1],
    [0, 10, undefined],
    [1.5, 10, undefined],
    ['0%', 10, undefined],
    ['101%', 10, undefined],
    ['90', 10, undefined],
    ['-5%', 10, undefined],
  ])('%s of %d edges is %s', (minSuccess, edges, size) => {
    expect(quorumSize(minSuccess, edges)).toBe(size);
  });
});

const treeOf = (source: string): JoinTree<string> => {
  const tree = joinTree(parseExpression(source).ast);
  if (typeof tree === 'object' && 'problem' in tree) throw new Error(tree.problem);
  return tree;
};
const valueIn = (source: string, states: { readonly [task: string]: FinalTaskState }): boolean | undefined =>
  joinValue(treeOf(source), (task) => (states[task] === undefined ? ANY_STATE : stateBit(states[task])));

describe("a join's expression", () => {
  const example = "tasks.a.state == 'success' && (tasks.b.state == 'failed' || tasks.c.state == 'skipped')";

  it.each([
    [example, {}, undefined],
    [example, { a: 'failed' }, false],
    [example, { a: 'success' }, undefined],
    [example, { a: 'success', c: 'skipped' }, true],
    [example, { a: 'success', b: 'success' }, undefined],
    [example, { a: 'success', b: 'success', c: 'success' }, false],
    ["tasks.a.state != 'success'", { a: 'cancelled' }, true],
    ["'success' == tasks.a.state", { a: 'success' }, true],
    ["tasks.a.state in ['failed', 'upstream_failed']", { a: 'upstream_failed' }, true],
    ["tasks.a.state in ['failed', 'upstream_failed']", { a: 'success' }, false],
    // What cannot be otherwise is certain before anything has ended.
    ["tasks.a.state in ['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']", {}, true],
    ['tasks.a.state in []', {}, false],
    ['tasks.a.state == tasks.b.state', { a: 'success' }, undefined],
    ['tasks.a.state == tasks.b.state', { a: 'success', b: 'success' }, true],
    ['tasks.a.state != tasks.b.state', { a: 'success', b: 'skipped' }, true],
    ["tasks.a.state == 'success' ? tasks.b.state == 'success' : true", { a: 'failed' }, true],
    ["tasks.a.state == 'success' ? tasks.b.state == 'success' : true", { a: 'success' }, undefined],
    ["!(tasks.a.state == 'success')", { a: 'success' }, false],
    ["tasks['my-id'].state == 'success'", { 'my-id': 'success' }, true],
    ['true', {}, true],
  ] as const)('%s with %o is %s', (source, states, value) => {
    expect(valueIn(source, states)).toBe(value);
  });

  it('is decided by its value and, where that is false, by whether something failed', () => {
    expect(expressionVerdict(undefined, counts('s.'))).toBe('wait');
    expect(expressionVerdict(true, counts('f.'))).toBe('run');
    expect(expressionVerdict(false, counts('f.'))).toBe('upstream_failed');
    expect(expressionVerdict(false, counts('s.'))).toBe('wait');
    expect(expressionVerdict(false, counts('sk'))).toBe('skip');
  });

  it('is a notifier where only a failure can make it true', () => {
    const needsFailure = (source: string): boolean => joinNeedsFailure(treeOf(source));
    expect(needsFailure("tasks.a.state == 'failed'")).toBe(true);
    expect(needsFailure("tasks.a.state == 'failed' || tasks.b.state in ['failed', 'upstream_failed']")).toBe(true);
    expect(needsFailure("tasks.a.state == 'failed' && tasks.b.state == 'success'")).toBe(true);
    expect(needsFailure("tasks.a.state != 'success'")).toBe(false);
    expect(needsFailure(example)).toBe(false);
  });

  it('keeps its meaning when its tasks get other names', () => {
    const renamed = renameTasks(treeOf(`${example} && !(tasks.a.state == tasks.b.state)`), (id) => 'abc'.indexOf(id));
    const states: FinalTaskState[] = ['success', 'failed', 'success'];
    expect(joinValue(renamed, (task) => stateBit(states[task]!))).toBe(true);
  });
});
