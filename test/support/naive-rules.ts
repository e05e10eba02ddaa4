import type { JoinTree } from '../../src/dag/join.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { TaskState } from '../../src/dag/state.js';
import { edgeOn, edgeUpstream } from '../../src/dag/walk-layout.js';

/** What an edge shows of its upstream, written down a second time as the table of the rules. */
type Seen = 'success' | 'failed' | 'upstream_failed' | 'skipped';
type Verdict = 'run' | 'skip' | 'upstream_failed';

const TABLE: { readonly [bit: number]: { readonly [state: string]: Seen } } = {
  1: { success: 'success', failed: 'failed', upstream_failed: 'upstream_failed', skipped: 'skipped', cancelled: 'skipped' },
  2: { success: 'success', failed: 'success', upstream_failed: 'success', skipped: 'success', cancelled: 'success' },
  4: { success: 'skipped', failed: 'success', upstream_failed: 'success', skipped: 'skipped', cancelled: 'skipped' },
  8: {
    success: 'skipped',
    failed: 'upstream_failed',
    upstream_failed: 'upstream_failed',
    skipped: 'success',
    cancelled: 'success',
  },
};

/** A failure that is allowed, through the same edges. */
const ALLOWED: { readonly [bit: number]: Seen } = { 1: 'success', 2: 'success', 4: 'success', 8: 'skipped' };

function seenThrough(state: TaskState, on: number, allowed: boolean): Seen {
  const seen = [1, 2, 4, 8]
    .filter((bit) => (on & bit) !== 0)
    .map((bit) => (allowed && state === 'failed' ? ALLOWED[bit]! : TABLE[bit]![state]!));
  for (const best of ['success', 'failed', 'upstream_failed'] as const) if (seen.includes(best)) return best;
  return 'skipped';
}

/** The rules as sentences about a complete list of upstream states. */
const WHEN_ALL_DONE: { readonly [rule: string]: (seen: readonly Seen[]) => Verdict } = {
  always: () => 'run',
  all_success: (s) => (s.some(bad) ? 'upstream_failed' : s.includes('skipped') ? 'skip' : 'run'),
  all_failed: (s) => (s.every(bad) ? 'run' : 'skip'),
  all_done: () => 'run',
  all_done_min_one_success: (s) => (s.includes('skipped') ? 'skip' : s.includes('success') ? 'run' : 'upstream_failed'),
  all_skipped: (s) => (s.every((x) => x === 'skipped') ? 'run' : 'skip'),
  one_failed: (s) => (s.some(bad) ? 'run' : 'skip'),
  one_success: (s) => (s.includes('success') ? 'run' : s.some(bad) ? 'upstream_failed' : 'skip'),
  one_done: (s) => (s.includes('success') || s.includes('failed') ? 'run' : 'skip'),
  none_failed: (s) => (s.some(bad) ? 'upstream_failed' : 'run'),
  none_failed_min_one_success: (s) => (s.some(bad) ? 'upstream_failed' : s.includes('success') ? 'run' : 'skip'),
  none_skipped: (s) => (s.includes('skipped') ? 'skip' : 'run'),
};

const bad = (seen: Seen): boolean => seen === 'failed' || seen === 'upstream_failed';
const DONE: ReadonlySet<TaskState> = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);
const POSSIBLE: readonly Seen[] = ['success', 'failed', 'upstream_failed', 'skipped'];

/** What is known while a DAG runs. */
export interface NaiveView {
  readonly stateOf: (task: number) => TaskState;
  /** What a branch that succeeded has chosen. */
  readonly chosenBy: (branch: number) => readonly number[];
}

/**
 * What a task should become, by looking at everything again: the verdict that all possible ends of its unfinished
 * upstream tasks agree on, else `wait`. Exponential in their number; the rules that wait for all need no guess.
 */
export function naiveVerdict(plan: DagPlan, task: number, view: NaiveView): Verdict | 'wait' {
  const { upstream, rule = 'all_success', join, teardown } = plan.tasks[task]!;
  if (upstream === undefined || upstream.length === 0) return 'run';
  const { stateOf } = view;
  const known: Seen[] = [];
  let unknown = 0;
  for (const edge of upstream) {
    const state = stateOf(edgeUpstream(edge));
    if (DONE.has(state)) known.push(seenThrough(state, edgeOn(edge), plan.tasks[edgeUpstream(edge)]!.allowFailure === true));
    else unknown++;
  }
  if (teardown !== undefined) return unknown > 0 ? 'wait' : teardownVerdict(teardown.map(stateOf));
  const branches = upstream.map(edgeUpstream).filter((each) => plan.tasks[each]!.branch !== undefined);
  if (branches.some((branch) => stateOf(branch) === 'success' && !isOnPath(plan, task, view.chosenBy(branch)))) return 'skip';
  if (branches.some((branch) => !DONE.has(stateOf(branch)))) return 'wait';
  if (join !== undefined) {
    const value = 'minSuccess' in join ? quorum(join, known, unknown) : treeValue(join.expression, stateOf);
    if (value === undefined) return 'wait';
    if (value) return 'run';
    return known.some(bad) ? 'upstream_failed' : unknown > 0 ? 'wait' : 'skip';
  }
  const decide = WHEN_ALL_DONE[rule]!;
  if (unknown === 0) return decide(known);
  // These start something only when all is done, even where nothing else can come of it any more.
  const waitsForAll = rule === 'all_done';
  let agreed: Verdict | undefined;
  // The rules only ask which states occur, or whether all do: two of each unknown are as good as many.
  for (const rest of endings(Math.min(unknown, 2))) {
    const verdict = decide([...known, ...rest]);
    if (agreed !== undefined && agreed !== verdict) return 'wait';
    agreed = verdict;
  }
  return waitsForAll && agreed === 'run' ? 'wait' : agreed!;
}

function teardownVerdict(setups: readonly TaskState[]): Verdict {
  if (setups.length === 0 || setups.includes('success')) return 'run';
  return setups.every((state) => state === 'skipped' || state === 'cancelled') ? 'skip' : 'upstream_failed';
}

/** Chosen itself, or to be reached from a chosen one. */
export function isOnPath(plan: DagPlan, task: number, chosen: readonly number[]): boolean {
  return chosen.includes(task) || (plan.tasks[task]!.upstream ?? []).some((edge) => isOnPath(plan, edgeUpstream(edge), chosen));
}

function quorum(
  { minSuccess, eager = true }: { readonly minSuccess: number; readonly eager?: boolean },
  known: readonly Seen[],
  unknown: number,
): boolean | undefined {
  const successes = known.filter((seen) => seen === 'success').length;
  if (successes + unknown < minSuccess) return false;
  if (successes < minSuccess || (unknown > 0 && !eager)) return undefined;
  return true;
}

const STATES: readonly TaskState[] = ['success', 'failed', 'skipped', 'upstream_failed', 'cancelled'];

function treeValue(tree: JoinTree<number>, stateOf: (task: number) => TaskState): boolean | undefined {
  if (typeof tree === 'boolean') return tree;
  const [operator, ...parts] = tree;
  if (operator === 'in') {
    const [task, states] = parts as [number, number];
    const wanted = STATES.filter((_, bit) => (states >> bit) % 2 === 1);
    if (wanted.length === 0 || wanted.length === STATES.length) return wanted.length > 0;
    return DONE.has(stateOf(task)) ? wanted.includes(stateOf(task)) : undefined;
  }
  if (operator === 'same') {
    const [one, other] = (parts as [number, number]).map(stateOf) as [TaskState, TaskState];
    return DONE.has(one) && DONE.has(other) ? one === other : undefined;
  }
  const values = (parts as JoinTree<number>[]).map((part) => treeValue(part, stateOf));
  if (operator === 'not') return values[0] === undefined ? undefined : !values[0];
  const decisive = operator === 'or';
  return values.includes(decisive) ? decisive : values.includes(undefined) ? undefined : !decisive;
}

function endings(n: number): Seen[][] {
  if (n === 0) return [[]];
  return endings(n - 1).flatMap((rest) => POSSIBLE.map((seen) => [...rest, seen]));
}

/** The final states of all tasks, in one pass over the plan's order: rules do not care who ends first. */
export function naiveFinalStates(
  plan: DagPlan,
  outcomes: readonly { state: TaskState; when: boolean | 'error'; chosen: readonly number[] }[],
): TaskState[] {
  const states: TaskState[] = [];
  const view: NaiveView = { stateOf: (upstream) => states[upstream]!, chosenBy: (branch) => outcomes[branch]!.chosen };
  for (const [i, task] of plan.tasks.entries()) {
    const verdict = naiveVerdict(plan, i, view);
    if (verdict === 'run') {
      const answer = task.when === undefined ? true : outcomes[i]!.when;
      states.push(answer === true ? outcomes[i]!.state : answer === 'error' ? 'failed' : 'skipped');
    } else states.push(verdict === 'skip' ? 'skipped' : 'upstream_failed');
  }
  return states;
}
