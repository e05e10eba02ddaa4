import { FINAL_TASK_STATES, type FinalTaskState } from './state.js';
import type { RuleVerdict, UpstreamCounts } from './trigger-rule.js';

/**
 * A join's expression (R6): conditions on final states, combined. `['in', task, states]` asks whether the task ended in one of
 * the states (bits of {@link stateBit}), `['same', a, b]` whether two ended alike. Total: it cannot fail, whatever the states are.
 */
export type JoinTree<Task> =
  | boolean
  | readonly ['in', task: Task, states: number]
  | readonly ['same', one: Task, other: Task]
  | readonly ['not', JoinTree<Task>]
  | readonly ['and' | 'or', JoinTree<Task>, JoinTree<Task>];

/** The bit of a final state in a set of them. */
export const stateBit = (state: FinalTaskState): number => 1 << FINAL_TASK_STATES.indexOf(state);

/** The set of all final states: what a task that has not ended may still become. */
export const ANY_STATE = (1 << FINAL_TASK_STATES.length) - 1;

/** The same tree with other names for its tasks. */
export function renameTasks<From, To>(tree: JoinTree<From>, rename: (task: From) => To): JoinTree<To> {
  if (typeof tree === 'boolean') return tree;
  switch (tree[0]) {
    case 'in':
      return ['in', rename(tree[1]), tree[2]];
    case 'same':
      return ['same', rename(tree[1]), rename(tree[2])];
    case 'not':
      return ['not', renameTasks(tree[1], rename)];
    default:
      return [tree[0], renameTasks(tree[1], rename), renameTasks(tree[2], rename)];
  }
}

/**
 * The value of a join's expression, as far as it is certain: undefined while it depends on what is still to come. `possible`
 * gives the set of states that a task has or may still reach. O(size of the tree).
 */
export function joinValue<Task>(tree: JoinTree<Task>, possible: (task: Task) => number): boolean | undefined {
  if (typeof tree === 'boolean') return tree;
  switch (tree[0]) {
    case 'in': {
      const states = possible(tree[1]);
      if ((states & tree[2]) === 0) return false;
      return (states & ~tree[2]) === 0 ? true : undefined;
    }
    case 'same': {
      const [one, other] = [possible(tree[1]), possible(tree[2])];
      if ((one & other) === 0) return false;
      return one === other && (one & (one - 1)) === 0 ? true : undefined;
    }
    case 'not': {
      const value = joinValue(tree[1], possible);
      return value === undefined ? undefined : !value;
    }
    default: {
      const decisive = tree[0] === 'or';
      const left = joinValue(tree[1], possible);
      if (left === decisive) return decisive;
      const right = joinValue(tree[2], possible);
      if (right === decisive) return decisive;
      return left === undefined || right === undefined ? undefined : !decisive;
    }
  }
}

/** Whether the expression can only be true where something failed, as `one_failed` is: who waits for that is a notifier (R7). */
export function joinNeedsFailure<Task>(tree: JoinTree<Task>): boolean {
  const fine = stateBit('success') | stateBit('skipped') | stateBit('cancelled');
  return joinValue(tree, () => fine) === false;
}

/**
 * {@link ruleVerdict} of `join: {minSuccess}`: enough edges are a success, at once (`eager`) or when all have ended. Out of reach
 * it is upstream_failed where an edge failed; a skip is certain only when no failure can come any more. O(1).
 */
export function quorumVerdict(minSuccess: number, eager: boolean, counts: UpstreamCounts): RuleVerdict {
  const { success, total } = counts;
  const done = doneOf(counts);
  if (success >= minSuccess) return eager || done >= total ? 'run' : 'wait';
  return success + (total - done) >= minSuccess ? 'wait' : refusal(counts);
}

/** {@link ruleVerdict} of a join's expression, given its value as far as it is certain. O(1). */
export function expressionVerdict(value: boolean | undefined, counts: UpstreamCounts): RuleVerdict {
  if (value === undefined) return 'wait';
  return value ? 'run' : refusal(counts);
}

function refusal(counts: UpstreamCounts): RuleVerdict {
  if (counts.failed + counts.upstreamFailed > 0) return 'upstream_failed';
  return doneOf(counts) >= counts.total ? 'skip' : 'wait';
}

function doneOf({ success, failed, upstreamFailed, skipped }: UpstreamCounts): number {
  return success + failed + upstreamFailed + skipped;
}
