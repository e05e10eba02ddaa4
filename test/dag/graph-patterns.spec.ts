import { describe, expect, it } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { type ScriptedTask, type Simulation, simulate } from '../../src/dag/simulate.js';
import type { DagSpec } from '../../src/dag/spec.js';
import { validate } from '../../src/dag/validate/index.js';

type Tasks = { readonly [id: string]: object };

function planOfSpec(tasks: Tasks, fields: object = {}): DagPlan {
  const spec = {
    id: 'x',
    tasks: Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, { type: 'noop', ...task }])),
    ...fields,
  } as unknown as DagSpec;
  const { dag, issues } = validate(spec, { ownQueues: [] });
  if (dag === undefined) throw new Error(JSON.stringify(issues));
  return compile(dag, { ownQueues: [] }).plan([]);
}

const statesOf = ({ tasks }: Simulation): { [id: string]: string } =>
  Object.fromEntries(tasks.map(({ id, state }) => [id, state]));

const run = (plan: DagPlan, script: { readonly [id: string]: ScriptedTask } = {}, cancelAtMs?: number): Simulation =>
  simulate(plan, (id) => script[id] ?? {}, { cancelAtMs });

const upstreamOf = (plan: DagPlan, id: string): string[] =>
  (plan.tasks.find((task) => task.id === id)!.upstream ?? []).map(
    (edge) => plan.tasks[typeof edge === 'number' ? edge : edge[0]]!.id,
  );

const when = (condition: string | boolean, ...targets: string[]): object =>
  Object.fromEntries([
    ['when', condition],
    ['then', targets],
  ]);

describe('a branch', () => {
  const route = { type: 'branch', with: { cases: [when('${{ true }}', 'a'), when('${{ true }}', 'b', 'c')], default: ['c'] } };
  const plan = planOfSpec({
    route,
    a: { dependsOn: ['route'] },
    b: { dependsOn: ['route'] },
    c: { dependsOn: ['route'] },
    after_a: { dependsOn: ['a'] },
    joined: { dependsOn: ['a', 'b', 'c'], triggerRule: 'none_failed_min_one_success' },
    always: { dependsOn: ['route'], triggerRule: 'always' },
  });

  it('skips what it does not choose, whatever its rule, and what follows from that', () => {
    expect(statesOf(run(plan, { route: { chosen: ['b'] } }))).toEqual({
      route: 'success',
      a: 'skipped',
      b: 'success',
      c: 'skipped',
      after_a: 'skipped',
      joined: 'success',
      always: 'skipped',
    });
  });

  it('skips all when it chooses nothing', () => {
    const run1 = run(plan, { route: { chosen: [] } });
    expect(new Set(Object.values(statesOf(run1)))).toEqual(new Set(['success', 'skipped']));
    expect(statesOf(run1)).toMatchObject({ joined: 'skipped' });
    expect(run1.state).toBe('success');
  });

  it('chooses nothing when it fails: then the rules decide', () => {
    expect(statesOf(run(plan, { route: { state: 'failed' } }))).toMatchObject({ a: 'upstream_failed', always: 'success' });
  });

  it('asks the rule of a direct downstream task that also comes after a chosen one', () => {
    const joined = planOfSpec({
      route: { type: 'branch', with: { cases: [when(true, 'a')], default: ['join'] } },
      a: { dependsOn: ['route'] },
      b: { dependsOn: ['a'] },
      join: { dependsOn: ['route', 'b'] },
    });
    expect(statesOf(run(joined, { route: { chosen: ['a'] } }))).toMatchObject({ b: 'success', join: 'success' });
    expect(statesOf(run(joined, { route: { chosen: ['join'] } }))).toMatchObject({ b: 'skipped', join: 'skipped' });
  });

  it('holds back every rule of what waits for it, so that the answer does not depend on who ends first', () => {
    const racing = planOfSpec({
      other: {},
      route: { type: 'branch', with: { cases: [when(true, 'a')] } },
      a: { dependsOn: ['route'] },
      b: { dependsOn: ['route', 'other'], triggerRule: 'one_success' },
    });
    for (const slow of ['other', 'route'])
      expect(statesOf(run(racing, { [slow]: { durationMs: 5 } }))).toMatchObject({ a: 'success', b: 'skipped' });
  });
});

describe('a failure that is allowed', () => {
  const plan = planOfSpec(
    { scan: { allowFailure: true }, next: { dependsOn: ['scan'] }, tell: { dependsOn: [{ task: 'scan', on: 'failure' }] } },
    { failFast: true },
  );

  it('stays a failure, and counts as a success and as a failure for who waits for either', () => {
    const { state, ...rest } = run(plan, { scan: { state: 'failed' } });
    expect(statesOf({ state, ...rest })).toEqual({ scan: 'failed', next: 'success', tell: 'success' });
    expect(state).toBe('success');
  });

  it('may come from defaults, and excuses no failure before it', () => {
    const chain = planOfSpec({ a: { allowFailure: null }, b: { dependsOn: ['a'] } }, { defaults: { allowFailure: true } });
    expect(chain.tasks.map(({ allowFailure }) => allowFailure)).toEqual([undefined, true]);
    const { state } = run(chain, { a: { state: 'failed' } });
    expect(state).toBe('failed');
  });

  it.each([
    ['all_success', 'success'],
    ['none_failed', 'success'],
    ['one_failed', 'skipped'],
    ['all_failed', 'skipped'],
    ['one_success', 'success'],
  ])('is a success for the rule %s: %s', (triggerRule, expected) => {
    const ruled = planOfSpec({ a: { allowFailure: true }, b: { dependsOn: ['a'], triggerRule } });
    expect(statesOf(run(ruled, { a: { state: 'failed' } }))['b']).toBe(expected);
  });
});

describe('a teardown', () => {
  const cluster = {
    create: { setup: true },
    work: { dependsOn: ['create'] },
    more: { dependsOn: ['work'] },
    delete: { teardown: ['create'] },
    beside: {},
  };

  it('without dependsOn waits for all that comes after its setup, near and far, and for nothing else', () => {
    expect(upstreamOf(planOfSpec(cluster), 'delete').sort()).toEqual(['create', 'more', 'work']);
  });

  it('waits for the clean-up of what was set up inside, and two of the same setup do not wait for each other', () => {
    const plan = planOfSpec({
      ...cluster,
      table: { setup: true, dependsOn: ['create'] },
      query: { dependsOn: ['table'] },
      drop: { teardown: ['table'] },
      log: { teardown: ['create'] },
      report: { teardown: true },
    });
    expect(upstreamOf(plan, 'drop').sort()).toEqual(['query', 'table']);
    expect(upstreamOf(plan, 'delete').sort()).toEqual(['create', 'drop', 'more', 'query', 'table', 'work']);
    expect(upstreamOf(plan, 'log').sort()).toEqual(['create', 'drop', 'more', 'query', 'table', 'work']);
    const everything = plan.tasks.map(({ id }) => id).filter((id) => id !== 'report');
    expect(upstreamOf(plan, 'report').sort()).toEqual(everything.sort());
  });

  it('with dependsOn also waits for what is between, which may go on when what follows is decided', () => {
    const plan = planOfSpec({
      create: { setup: true },
      quick: { dependsOn: ['create'] },
      slow: { dependsOn: ['create'] },
      both: { dependsOn: ['quick', 'slow'] },
      apart: { dependsOn: ['create'] },
      delete: { teardown: true, dependsOn: ['create', 'both'] },
    });
    expect(upstreamOf(plan, 'delete').sort()).toEqual(['both', 'create', 'quick', 'slow']);
    const found = run(plan, { quick: { state: 'failed' }, slow: { durationMs: 9 } });
    expect(statesOf(found)).toMatchObject({ both: 'upstream_failed', delete: 'success' });
    const began = (id: string): number | undefined => found.tasks.find((task) => task.id === id)!.startedAt;
    expect(began('delete')).toBe(9);
  });

  it('with dependsOn waits for that and for its setups', () => {
    const plan = planOfSpec({ ...cluster, delete: { teardown: ['create'], dependsOn: ['work'] } });
    expect(upstreamOf(plan, 'delete').sort()).toEqual(['create', 'work']);
    const direct = planOfSpec({ ...cluster, delete: { teardown: true, dependsOn: ['create', 'work'] } });
    expect(direct.tasks.find(({ id }) => id === 'delete')!.teardown).toHaveLength(1);
  });

  it.each([
    ['all went well', {}, 'success', 'success'],
    ['the work failed', { work: { state: 'failed' } }, 'success', 'failed'],
    ['the setup failed', { create: { state: 'failed' } }, 'upstream_failed', 'failed'],
    ['it fails itself', { delete: { state: 'failed' } }, 'failed', 'success'],
  ] as const)('when %s', (_, script, expected, state) => {
    const result = run(planOfSpec(cluster), script);
    expect(statesOf(result)['delete']).toBe(expected);
    expect(result.state).toBe(state);
  });

  it('is skipped where its setup was skipped', () => {
    const plan = planOfSpec({ ...cluster, create: { setup: true, when: '${{ false }}' } });
    const result = run(plan, { create: { when: false } });
    expect(statesOf(result)).toMatchObject({ work: 'skipped', delete: 'skipped' });
  });

  it('runs after a cancel and is not cancelled by it; what follows it does not run', () => {
    const plan = planOfSpec({ ...cluster, after: { dependsOn: ['delete'] } });
    const during = run(plan, { work: { durationMs: 100 }, delete: { durationMs: 10 } }, 50);
    expect(during).toMatchObject({ state: 'cancelled', makespanMs: 60 });
    expect(statesOf(during)).toMatchObject({ work: 'cancelled', more: 'cancelled', delete: 'success', after: 'cancelled' });
    const cleaning = run(plan, { delete: { durationMs: 100 } }, 50);
    expect(statesOf(cleaning)).toMatchObject({ delete: 'success', after: 'cancelled' });
  });

  it('runs after failFast, whatever else is running', () => {
    const plan = planOfSpec({ ...cluster, bad: { dependsOn: ['create'] } }, { failFast: true });
    const result = run(plan, {
      bad: { state: 'failed', durationMs: 10 },
      work: { durationMs: 100 },
      beside: { durationMs: 100 },
    });
    expect(statesOf(result)).toEqual({
      create: 'success',
      bad: 'failed',
      work: 'cancelled',
      more: 'skipped',
      beside: 'cancelled',
      delete: 'success',
    });
  });

  it('that fails does not trip failFast', () => {
    const plan = planOfSpec(cluster, { failFast: true });
    const result = run(plan, { delete: { state: 'failed' }, beside: { durationMs: 100 } });
    expect(statesOf(result)).toMatchObject({ delete: 'failed', beside: 'success' });
    expect(result.state).toBe('success');
  });

  it('is no path of a branch: it cleans up after the work that was not chosen', () => {
    const plan = planOfSpec({
      create: { setup: true },
      route: { type: 'branch', dependsOn: ['create'], with: { cases: [when('${{ false }}', 'work')] } },
      work: { dependsOn: ['route'] },
      delete: { teardown: ['create'] },
    });
    expect(statesOf(run(plan, { route: { chosen: [] } }))).toMatchObject({ work: 'skipped', delete: 'success' });
  });

  it('may be named by expressions, and may name what it waits for without saying so', () => {
    const plan = planOfSpec({
      ...cluster,
      delete: {
        type: 'transform',
        teardown: ['create'],
        with: { value: '${{ tasks.create.output }} ${{ tasks.more.state }}' },
      },
    });
    expect(plan.tasks.find(({ id }) => id === 'delete')!.needs!.tasks).toHaveLength(2);
  });
});

describe('a join', () => {
  it('with cancelOthers cancels who lost, and what led only there; setups and what others wait for go on', () => {
    const plan = planOfSpec({
      a: {},
      b0: { setup: true },
      b1: { dependsOn: ['b0'] },
      b2: { dependsOn: ['b1'] },
      shared: {},
      c: { dependsOn: ['shared'] },
      other: { dependsOn: ['shared'] },
      first: { dependsOn: ['a', 'b2', 'c'], join: { minSuccess: 1, cancelOthers: true } },
      clean: { teardown: ['b0'] },
    });
    const slow = { durationMs: 100 };
    const result = run(plan, { a: { durationMs: 10 }, b0: slow, shared: slow, b1: slow });
    expect(statesOf(result)).toEqual({
      a: 'success',
      b0: 'success',
      b1: 'cancelled',
      b2: 'cancelled',
      shared: 'success',
      c: 'cancelled',
      other: 'success',
      first: 'success',
      clean: 'success',
    });
    expect(result).toMatchObject({ state: 'success', makespanMs: 100 });
    expect(result.tasks.find(({ id }) => id === 'first')).toMatchObject({ startedAt: 10 });
  });

  it('counts what its edges make of states, and a default rule does not reach it', () => {
    const plan = planOfSpec(
      {
        a: {},
        b: {},
        c: {},
        j: { dependsOn: ['a', { task: 'b', on: 'failure' }, { task: 'c', on: 'skipped' }], join: { minSuccess: '60%' } },
      },
      { defaults: { triggerRule: 'all_done' } },
    );
    expect(plan.tasks.find(({ id }) => id === 'j')).toMatchObject({ join: { minSuccess: 2 } });
    expect(plan.tasks.find(({ id }) => id === 'j')!.rule).toBeUndefined();
    expect(statesOf(run(plan, { b: { state: 'failed' } }))['j']).toBe('success');
    expect(statesOf(run(plan))['j']).toBe('skipped');
  });

  it('by an expression starts as soon as that is certain', () => {
    const plan = planOfSpec({
      a: {},
      b: {},
      j: { dependsOn: ['a', 'b'], join: "${{ tasks.a.state == 'success' || tasks.b.state == 'success' }}" },
    });
    const result = run(plan, { a: { durationMs: 5 }, b: { durationMs: 50 } });
    expect(result.tasks.find(({ id }) => id === 'j')).toMatchObject({ startedAt: 5 });
  });

  it('that only a failure can meet turns no run green, one that accepts a failure does', () => {
    const alarm = planOfSpec({ a: {}, j: { dependsOn: ['a'], join: "tasks.a.state == 'failed'" } });
    expect(run(alarm, { a: { state: 'failed' } }).state).toBe('failed');
    expect(statesOf(run(alarm, { a: { state: 'failed' } }))['j']).toBe('success');
    const rescue = planOfSpec({ a: {}, j: { dependsOn: ['a'], join: "tasks.a.state in ['success', 'failed']" } });
    expect(run(rescue, { a: { state: 'failed' } }).state).toBe('success');
  });
});

describe('the order of keys', () => {
  it('means nothing for branches, joins, setups and teardowns', () => {
    const tasks: Tasks = {
      create: { setup: true },
      route: { type: 'branch', dependsOn: ['create'], with: { cases: [when(true, 'a', 'b')], default: ['b'] } },
      a: { dependsOn: ['route'] },
      b: { dependsOn: ['route'] },
      j: { dependsOn: ['a', 'b'], join: { minSuccess: 1, cancelOthers: true } },
      k: { dependsOn: ['a', 'b'], join: "tasks.a.state == 'success' && tasks.b.state != 'success'" },
      clean: { teardown: ['create'] },
      last: { teardown: true },
    };
    const reversed = Object.fromEntries(Object.entries(tasks).reverse());
    expect(planOfSpec(reversed)).toEqual(planOfSpec(tasks));
  });
});

describe('a plan that would be too large', () => {
  it('is refused where teardowns wait for too much', () => {
    const tasks = Object.fromEntries([
      ['s', { type: 'noop', setup: true }],
      ...Array.from({ length: 600 }, (_, i) => [`w${i}`, { type: 'noop', dependsOn: ['s'] }]),
      ...Array.from({ length: 600 }, (_, i) => [`d${i}`, { type: 'noop', teardown: ['s'] }]),
    ]);
    const { issues } = validate({ id: 'x', tasks } as unknown as DagSpec, { ownQueues: [] });
    expect(issues.map(({ code }) => code)).toEqual(['too_many_edges']);
    expect(issues[0]!.message).toContain('too many edges into teardowns');
  });
});
