import fc from 'fast-check';
import { ANY_STATE, type JoinTree, joinNeedsFailure, renameTasks } from '../../src/dag/join.js';
import { losingTasks } from '../../src/dag/losing-tasks.js';
import type { BranchPlan, DagPlan, JoinPlan, TaskPlan } from '../../src/dag/plan.js';
import { sparedTasks } from '../../src/dag/spared-tasks.js';
import { TRIGGER_RULES } from '../../src/dag/spec.js';
import { downstreamRows } from '../../src/dag/walk-layout.js';
import { taskOf } from './plan-builder.js';

/** What a task of a random DAG would do. */
export interface RandomOutcome {
  readonly state: 'success' | 'failed' | 'cancelled';
  readonly when: boolean | 'error';
  /** What it chooses, if it is a branch that succeeds. */
  readonly chosen: readonly number[];
}

export interface RandomDag {
  readonly plan: DagPlan;
  readonly outcomes: readonly RandomOutcome[];
  /** An endless source of decisions: which running task ends next. */
  readonly order: (choices: number) => number;
}

interface Options {
  readonly failFast?: boolean;
  readonly maxTasks?: number;
  /** Joins may cancel others: what the tasks become then depends on who ends first. Default: false. */
  readonly cancelOthers?: boolean;
}

const OUTCOMES = ['success', 'success', 'success', 'failed', 'cancelled'] as const;

/** A join's expression over the n-th upstream tasks, n to be taken modulo their number. */
const { tree: randomTree } = fc.letrec<{ tree: JoinTree<number> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(fc.constant('in' as const), fc.nat(7), fc.integer({ min: 0, max: ANY_STATE })),
    fc.tuple(fc.constant('in' as const), fc.nat(7), fc.constantFrom(1, 2, 4, 8, 16)),
    fc.tuple(fc.constant('same' as const), fc.nat(7), fc.nat(7)),
    fc.tuple(fc.constant('not' as const), tie('tree')),
    fc.tuple(fc.constantFrom('and' as const, 'or' as const), tie('tree'), tie('tree')),
  ),
}));

const randomTask = fc.record({
  rule: fc.oneof(fc.constant('all_success' as const), fc.constantFrom(...TRIGGER_RULES)),
  type: fc.constantFrom('activity' as const, 'activity' as const, 'noop' as const),
  kind: fc.constantFrom('plain', 'plain', 'plain', 'plain', 'setup', 'teardown', 'branch', 'quorum', 'expression'),
  allowFailure: fc.constantFrom(false, false, false, true),
  priority: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  asks: fc.constantFrom(false, false, true),
  tree: randomTree,
  eager: fc.boolean(),
  cancels: fc.boolean(),
  /** Bits that choose: the setups of a teardown, the targets of a branch, the size of a quorum. */
  bits: fc.nat(0xffff),
  outcome: fc.record({
    state: fc.constantFrom(...OUTCOMES),
    when: fc.constantFrom(true as const, true as const, false as const, 'error' as const),
  }),
});
type RandomTask = typeof randomTask extends fc.Arbitrary<infer T> ? T : never;

/**
 * DAGs with all features of the graph: any edges, conditions, rules, joins, branches, setups and teardowns, allowed failures,
 * types, priorities, `when` and limits; most tasks succeed, so that deep tasks are reached.
 */
export const randomDag = (options: Options = {}): fc.Arbitrary<RandomDag> =>
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
        tasks: fc.array(randomTask, { minLength: n, maxLength: n }),
        maxActiveTasks: fc.integer({ min: 1, max: n + 1 }),
        seed: fc.integer(),
      }),
    )
    .map(({ n, edges, tasks, maxActiveTasks, seed }) => {
      const upstream = Array.from({ length: n }, () => new Map<number, number>());
      for (const { from, to, on } of edges) if (from !== to) upstream[Math.max(from, to)]!.set(Math.min(from, to), on);
      const setups = tasks.map(({ kind, bits }, i) =>
        kind !== 'teardown'
          ? []
          : pick(
              tasks.flatMap((other, at) => (at < i && other.kind === 'setup' ? [at] : [])),
              bits,
            ),
      );
      setups.forEach((list, i) => {
        for (const setup of list) if (!upstream[i]!.has(setup)) upstream[i]!.set(setup, 1);
      });
      setups.forEach((list, i) => {
        for (const between of betweenOf(upstream, list, i)) if (!upstream[i]!.has(between)) upstream[i]!.set(between, 1);
      });
      const first = tasks.map((task, i) => planTask(task, i, [...upstream[i]!], setups[i]!));
      const planned = withTargets(first, tasks, options);
      const plan: DagPlan = {
        format: 1,
        dagId: 'random',
        maxActiveTasks,
        failFast: options.failFast ?? false,
        bodies: ['b'],
        tasks: planned,
      };
      const outcomes = tasks.map(({ outcome, bits }, i) => ({ ...outcome, chosen: choiceOf(planned[i]!.branch, bits) }));
      return { plan, outcomes, order: chooser(seed) };
    });

/** What a teardown waits for besides what it names (R11): all that comes after one of its setups and before itself. */
function betweenOf(upstream: readonly ReadonlyMap<number, number>[], setups: readonly number[], teardown: number): number[] {
  const isBefore = (one: number, other: number): boolean =>
    [...upstream[other]!.keys()].some((each) => each === one || isBefore(one, each));
  return upstream.flatMap((_, i) => (isBefore(i, teardown) && setups.some((setup) => isBefore(setup, i)) ? [i] : []));
}

function planTask(task: RandomTask, i: number, upstream: readonly (readonly [number, number])[], setups: number[]): TaskPlan {
  const edges = upstream.map(([from, on]) => (on === 1 ? from : ([from, on] as const)));
  const join = upstream.length === 0 ? undefined : joinOf(task, upstream);
  const ruled = join === undefined && task.kind !== 'teardown';
  return {
    id: `t${String(i).padStart(2, '0')}`,
    ...(task.kind === 'branch' ? { type: 'branch' as const } : taskOf(task.type)),
    rule: ruled ? task.rule : undefined,
    join,
    allowFailure: task.allowFailure ? true : undefined,
    setup: task.kind === 'setup' ? true : undefined,
    teardown: task.kind === 'teardown' ? setups : undefined,
    priority: task.priority,
    when: task.asks ? 'asked' : undefined,
    upstream: edges.length === 0 ? undefined : edges,
  };
}

function joinOf(task: RandomTask, upstream: readonly (readonly [number, number])[]): JoinPlan | undefined {
  if (task.kind === 'quorum')
    return { minSuccess: 1 + (task.bits % upstream.length), ...(task.eager ? {} : { eager: false as const }) };
  if (task.kind !== 'expression') return undefined;
  const expression = renameTasks(task.tree, (nth: number) => upstream[nth % upstream.length]![0]);
  return { expression, ...(joinNeedsFailure(expression) ? { notifier: true as const } : {}) };
}

/** Adds what depends on the edges of all: the cases of branches, and whom a join may cancel. */
function withTargets(planned: readonly TaskPlan[], tasks: readonly RandomTask[], options: Options): TaskPlan[] {
  const down = downstreamRows({ tasks: planned });
  return planned.map((task, i) => {
    const { kind, bits, cancels } = tasks[i]!;
    if (
      task.join !== undefined &&
      'minSuccess' in task.join &&
      task.join.eager === undefined &&
      cancels &&
      options.cancelOthers
    )
      return { ...task, join: { ...task.join, losers: losingTasks(planned, down, i) } };
    if (kind !== 'branch') return task;
    const direct = [...down.tasks.slice(down.offsets[i]!, down.offsets[i + 1]!)];
    const cases = [pick(direct, bits), pick(direct, bits >> 4)].map((targets) => ({ when: 'asked', targets }));
    const otherwise = pick(direct, bits >> 8);
    const spares = sparedTasks(down, i, direct);
    return { ...task, branch: { match: 'first', cases, otherwise, spares } };
  });
}

function choiceOf(branch: BranchPlan | undefined, bits: number): readonly number[] {
  if (branch === undefined) return [];
  return [...branch.cases.map(({ targets }) => targets), branch.otherwise ?? [], []][(bits >> 12) % 4]!;
}

function pick<T>(list: readonly T[], bits: number): T[] {
  return list.filter((_, i) => ((bits >> (i % 16)) & 1) === 1);
}

function chooser(seed: number): (choices: number) => number {
  let state = seed >>> 0 || 1;
  return (choices) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % choices;
  };
}
