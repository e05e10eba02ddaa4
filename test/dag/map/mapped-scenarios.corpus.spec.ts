import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/dag/compile.js';
import { expandMap } from '../../../src/dag/map/expand-map.js';
import type { DagPlan } from '../../../src/dag/plan.js';
import { type ScriptedTask, type Simulation, simulate } from '../../../src/dag/simulate.js';
import type { DagSpec } from '../../../src/dag/spec.js';
import type { TaskState } from '../../../src/dag/state.js';
import { validate } from '../../../src/dag/validate/index.js';
import { Walk } from '../../../src/dag/walk.js';

/** Cases of Airflow's own tests; they stay outside the repository. */
const FILE = '../shared/corpus/airflow/mapped_scenarios.json';

interface Row {
  readonly task_state: string | null;
  readonly upstream: readonly (string | null)[];
  readonly expected_state: string | null;
}
interface Step {
  readonly finished?: readonly string[];
  readonly run?: readonly string[];
  readonly schedulable: readonly string[];
}
interface Corpus {
  readonly mapped_dependency_states: { readonly rows: readonly Row[] };
  readonly scenarios: readonly { readonly test: string; readonly steps?: readonly Step[] }[];
}
const corpus = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Corpus) : undefined;
const DECISION = readFileSync('docs/decisions/0010-maps.md', 'utf8');

type Tasks = { readonly [id: string]: object };

interface Compiled {
  readonly plan: DagPlan;
  readonly planOf: () => DagPlan | undefined;
}

/** A DAG of no-ops, and the plan of its one SubDAG where it has one. */
function compiled(tasks: Tasks): Compiled {
  const all = Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, { type: 'noop', ...task }]));
  const { dag, issues } = validate({ id: 'x', tasks: all } as unknown as DagSpec, { ownQueues: [] });
  if (dag === undefined) throw new Error(JSON.stringify(issues));
  const { plan, subs } = compile(dag, { ownQueues: [] });
  const children = subs.map((sub) => sub.plan([]));
  return {
    plan: plan(
      [],
      subs.map((_, i) => `sub ${i}`),
    ),
    planOf: () => children[0],
  };
}

const run = ({ plan, planOf }: Compiled, script: { readonly [path: string]: ScriptedTask } = {}): Simulation =>
  simulate(plan, (path) => script[path] ?? {}, { planOf });
const statesOf = ({ tasks }: Simulation): { [id: string]: TaskState } =>
  Object.fromEntries(tasks.map(({ id, state }) => [id, state]));

/** A chain of tasks that each item of a list goes through: Airflow's mapped task group. */
const group = (tasks: Tasks): object => ({
  type: 'dag',
  with: { tasks: Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, { type: 'noop', ...task }])) },
});

/** Where Baton answers otherwise: the words by which docs/decisions says why. */
const DIFFERENCES = {
  removed: 'There is no state `removed`',
  final: 'no final state changes',
  skipWaits: 'A skip waits until no failure can come any more',
  emptyMaps: 'A map over the output of a map needs that map to have succeeded',
  mapsInMaps: 'Maps inside maps',
} as const;

describe('what Airflow does otherwise with mapped tasks', () => {
  it.each(Object.values(DIFFERENCES))('is told, and why: %s', (words) => expect(DECISION).toContain(words));
});

describe.skipIf(corpus === undefined)("Airflow's own table of a mapped task's states", () => {
  const rows = corpus?.mapped_dependency_states.rows ?? [];
  const letters: { readonly [state: string]: string } = { success: 's', failed: 'f', skipped: 'k', upstream_failed: 'u' };

  /** Of a row whose answer here is another, why. */
  function differenceOf({ task_state, upstream, expected_state }: Row): keyof typeof DIFFERENCES | undefined {
    if (task_state === 'removed' || upstream.includes('removed')) return 'removed';
    if (task_state !== null) return task_state === expected_state ? undefined : 'final';
    return upstream.includes('skipped') && upstream.includes(null) ? 'skipWaits' : undefined;
  }
  const asked = rows.filter((row) => differenceOf(row) === undefined);
  const others = rows.filter((row) => differenceOf(row) !== undefined);

  it('is asked whole: each row below, or among the differences', () => {
    expect(rows).toHaveLength(37);
    expect([asked.length, others.length]).toEqual([9 + 13, 15]);
    expect(others.filter((row) => differenceOf(row) === 'removed')).toHaveLength(12);
  });

  const maps = {
    'a mapped task': compiled({ t1: {}, t2: {}, m: { dependsOn: ['t1', 't2'], expand: { x: [1], y: [2] } } }),
    'a mapped group': compiled({
      t1: {},
      t2: {},
      m: { ...group({ m: {} }), dependsOn: ['t1', 't2'], expand: { x: [1], y: [2] } },
    }),
  };
  /** What `m` is, where t1, t2 and itself are as a row says; null = still pending. */
  const become = ({ upstream, task_state }: Pick<Row, 'upstream' | 'task_state'>): string | null => {
    const states = [...upstream, task_state].map((state) => letters[state ?? ''] ?? '.').join('');
    const state = new Walk(maps['a mapped task'].plan, states).stateOf(2);
    return state === 'pending' ? null : state;
  };

  it('means the same for a mapped group', () => {
    const [task, whole] = Object.values(maps).map(({ plan }) => plan.tasks[2]!);
    expect(whole).toMatchObject({ upstream: task!.upstream, map: task!.map });
  });

  it.each(asked)('$task_state, t1 and t2 $upstream: m becomes $expected_state', (row) => {
    expect(become(row)).toBe(row.expected_state);
  });

  it.each(others.filter((row) => differenceOf(row) === 'final'))(
    'differs: $task_state, t1 and t2 $upstream: m stays $task_state, for no final state changes',
    (row) => expect(become(row)).toBe(row.task_state),
  );

  it.each(others.filter((row) => differenceOf(row) === 'skipWaits'))(
    'differs: t1 and t2 $upstream: m becomes $expected_state only when t2 has ended well, for a failure would win',
    (row) => {
      expect(become(row)).toBeNull();
      expect(become({ ...row, upstream: ['skipped', 'success'] })).toBe(row.expected_state);
      expect(become({ ...row, upstream: ['skipped', 'failed'] })).toBe('upstream_failed');
    },
  );
});

/** Each scenario by the name of Airflow's test. */
const SCENARIOS: { readonly [test: string]: (steps: readonly Step[]) => void } = {
  /** A group is a map over a SubDAG: each item goes through its chain at its own pace. */
  test_upstream_in_mapped_group_triggers_only_relevant(steps) {
    const tasks = {
      tg1: { ...group({ t1: {}, t2: { dependsOn: ['t1'] } }), expand: { x: [1, 2, 3] } },
      tg2: { dependsOn: ['tg1'], expand: { x: [4, 5, 6] } },
      t4: { dependsOn: ['tg2'] },
    };
    const names = (found: Simulation, at: number): string[] => {
      const open = new Map<string, TaskState>();
      const paths = new Map([[0, ''], ...found.children.map(({ run: number, path }) => [number, path] as const)]);
      for (const { at: when, run: number, task, item, state } of found.changes) {
        if (when > at || (number === 0 && (task === 0 || (task === 1 && item === undefined)))) continue;
        const path = paths.get(number)!;
        const id = number === 0 ? (task === 1 ? `tg2.t3[${item}]` : 't4') : `tg1.t${task + 1}${path.slice(3)}`;
        open.set(id, state);
      }
      return [...open]
        .filter(([, state]) => state === 'running')
        .map(([id]) => id)
        .sort();
    };
    // Step n ends at n: what runs in it began when what it waits for had ended.
    const endOf = (id: string): number => steps.findIndex(({ run: ends = [] }) => ends.includes(id));
    const took = (id: string, after: number): ScriptedTask => ({ durationMs: endOf(id) - after });
    const items = [0, 1, 2].map((i) => took(`tg2.t3[${i}]`, Math.max(...[0, 1, 2].map((j) => endOf(`tg1.t2[${j}]`)))));
    const script = Object.fromEntries([
      ['tg2', { items }],
      ['t4', { durationMs: 1 }],
      ...[0, 1, 2].flatMap((i) => [
        [`tg1[${i}]/t1`, took(`tg1.t1[${i}]`, 0)],
        [`tg1[${i}]/t2`, took(`tg1.t2[${i}]`, endOf(`tg1.t1[${i}]`))],
      ]),
    ]) as { readonly [path: string]: ScriptedTask };
    const found = run(compiled(tasks), script);
    expect(steps).toHaveLength(7);
    for (const [at, { schedulable }] of steps.entries()) expect(names(found, at)).toEqual([...schedulable].sort());
  },

  /** Nothing runs, and nothing hangs: what stands behind an empty list is skipped. */
  test_upstream_in_mapped_group_when_mapped_tasks_list_is_empty(steps) {
    const found = run(
      compiled({ tg: { ...group({ t1: {}, t2: { dependsOn: ['t1'] } }), expand: { x: [] } }, t3: { dependsOn: ['tg'] } }),
    );
    expect(steps[0]!.schedulable).toEqual([]);
    expect(found.children).toEqual([]);
    expect(statesOf(found)).toEqual({ tg: 'skipped', t3: 'skipped' });
  },

  test_mapped_task_check_before_expand() {
    const tasks = {
      t: {},
      tg: { ...group({ t2: {}, t3: { dependsOn: ['t2'] } }), dependsOn: ['t'], expand: { a: `\${{ tasks.t.output }}` } },
    };
    const walk = new Walk(compiled(tasks).plan);
    expect(walk.next()).toEqual({ task: 0, step: 'run' });
    expect(walk.next()).toBeUndefined();
    expect(walk.stateOf(1)).toBe('pending');
  },

  test_mapped_task_group_finished_upstream_before_expand() {
    const tasks = {
      t1: {},
      t2: { dependsOn: ['t1'], expand: { x: `\${{ tasks.t1.output }}` }, when: `\${{ tasks.t1.state == 'failed' }}` },
      tg: { ...group({ t3: {} }), dependsOn: ['t2'], expand: { x: [1, 2] } },
    };
    const found = run(compiled(tasks), { t2: { when: false } });
    expect(statesOf(found)).toEqual({ t1: 'success', t2: 'skipped', tg: 'skipped' });
    expect(found.children).toEqual([]);
  },

  /** DIFFERENCES.emptyMaps: what failed is tolerated by name; then, and where an item was skipped, the next is over what is there. */
  test_upstream_mapped_expanded() {
    const tasks = (tolerance: object): Tasks => ({
      m1: { expand: { x: [0, 1, 2] }, ...tolerance },
      m2: { dependsOn: ['m1'], triggerRule: 'all_done', expand: { x: `\${{ tasks.m1.output }}` } },
    });
    const first = (state: 'success' | 'failed' | 'skipped'): ScriptedTask => ({ items: [{ state }, {}, {}] });
    const tolerant = compiled(tasks({ toleratedFailurePercentage: 100 }));
    const over = (outputs: readonly number[]): unknown => expandMap('m2', tolerant.plan.tasks[1]!.map!, [[...outputs]]);
    expect(over([0, 1, 2])).toMatchObject({ total: 3 });
    expect(over([1, 2])).toMatchObject({ total: 2 });
    for (const state of ['success', 'failed', 'skipped'] as const) {
      const found = run(tolerant, { m1: first(state), m2: { items: state === 'success' ? [{}, {}, {}] : [{}, {}] } });
      expect(statesOf(found)).toEqual({ m1: 'success', m2: 'success' });
    }
    const strict = compiled(tasks({}));
    expect(statesOf(run(strict, { m1: first('skipped'), m2: { items: [{}, {}] } }))).toEqual({ m1: 'success', m2: 'success' });
    expect(statesOf(run(strict, { m1: first('failed'), m2: { items: [{}, {}] } }))).toEqual({
      m1: 'failed',
      m2: 'upstream_failed',
    });
  },

  test_no_mapped_dependencies() {
    const found = run(compiled({ m: { expand: { x: [1, 2, 3] } } }), {
      m: { items: [{ durationMs: 5 }, { durationMs: 5 }, { durationMs: 5 }] },
    });
    const started = found.changes.filter(({ item, state }) => item !== undefined && state === 'running');
    expect(started.map(({ at, item }) => [at, item])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    expect(found.tasks[0]).toMatchObject({ state: 'success', items: ['success', 'success', 'success'] });
  },

  /** DIFFERENCES.mapsInMaps: refused there, here a map whose SubDAG has a map. */
  test_mapped_in_mapped_task_group() {
    const found = run(compiled({ tg: { ...group({ m: { expand: { y: [1, 2, 3] } } }), expand: { x: [1, 2] } } }));
    expect(found.children.map(({ path, tasks }) => [path, tasks[0]!.items])).toEqual([
      ['tg[0]', ['success', 'success', 'success']],
      ['tg[1]', ['success', 'success', 'success']],
    ]);
  },

  test_step_by_step() {
    const of = (...names: string[]): object =>
      Object.fromEntries(names.map((name) => [name[0], `\${{ tasks.${name.slice(2)}.output }}`]));
    const dag = compiled({
      t1: {},
      t2_a: {},
      t2_b: { dependsOn: ['t2_a'] },
      t3: { when: `\${{ run.ds != '' }}` },
      t4: {},
      m1: {
        type: 'transform',
        with: { value: `\${{ tasks.t4.output }}` },
        dependsOn: ['t1', 't2_b', 't3', 't4'],
        triggerRule: 'all_done',
        expand: of('x=t1', 'y=t2_b', 'z=t3'),
      },
      m2: { dependsOn: ['t1', 'm1'], triggerRule: 'all_done', expand: of('x=t1', 'y=m1') },
    });
    const four: ScriptedTask = { items: [{}, {}, {}, {}] };
    const [m1, m2] = ['m1', 'm2'].map((id) => dag.plan.tasks.find((task) => task.id === id)!.map!);
    expect(expandMap('m1', m1!, [[0], [1, 2], [3, 4]])).toMatchObject({ total: 4 });
    expect(expandMap('m2', m2!, [[0], [5, 6, 7, 8]])).toMatchObject({ total: 4 });
    expect(statesOf(run(dag, { m1: four, m2: four }))).toMatchObject({ m1: 'success', m2: 'success' });
    for (const failing of ['t2_a', 't2_b'])
      expect(statesOf(run(dag, { m1: four, m2: four, [failing]: { state: 'failed' } }))).toMatchObject({
        m1: 'upstream_failed',
        m2: 'upstream_failed',
      });
    // The list must exist, whatever the rule says.
    expect(statesOf(run(dag, { m1: four, m2: four, t3: { when: false } }))).toMatchObject({ m1: 'skipped', m2: 'skipped' });
  },
};

describe.skipIf(corpus === undefined)("Airflow's scenarios of mapped tasks", () => {
  const scenarios = (corpus?.scenarios ?? []).map(({ test, steps = [] }) => ({ test: test.replace(/ \(.*/, ''), steps }));

  it('are all told here', () => {
    expect(scenarios.map(({ test }) => test).sort()).toEqual(Object.keys(SCENARIOS).sort());
  });

  it.each(scenarios)('$test', ({ test, steps }) => SCENARIOS[test]!(steps));
});
