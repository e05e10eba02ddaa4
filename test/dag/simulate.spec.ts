import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ScriptedTask, type SimulateOptions, type Simulation, simulate } from '../../src/dag/simulate.js';
import type { DagSpec } from '../../src/dag/spec.js';
import { planOf, taskOf } from '../support/plan-builder.js';
import { type Plans, plansOf } from '../support/random-run/random-run.js';

const states = ({ tasks }: Pick<Simulation, 'tasks'>): { [id: string]: string } =>
  Object.fromEntries(tasks.map(({ id, state }) => [id, state]));

type Script = { readonly [path: string]: ScriptedTask };

/** Compiles and runs a DAG of activities, unless they say otherwise. */
function run(
  tasks: { readonly [id: string]: object },
  script: Script = {},
  { dag = {}, ...options }: SimulateOptions & { readonly dag?: object } = {},
): Simulation {
  const typed = (all: object): object =>
    Object.fromEntries(Object.entries(all).map(([id, task]) => [id, { type: 'activity', with: { name: 'work' }, ...task }]));
  const spec = { id: 'x', ...dag, tasks: typed(tasks) } as unknown as DagSpec;
  const { root, planOf: subs } = plansOf({ spec, dags: {} }) as Plans;
  return simulate(root, (path) => script[path] ?? {}, { planOf: subs, ...options });
}

const subDag = (tasks: object, fields: object = {}): object => ({
  type: 'dag',
  with: { tasks: Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, { type: 'noop', ...(task as object) }])) },
  ...fields,
});

describe('a simulated run', () => {
  it('runs a notifier of a failure, and the run is failed all the same', () => {
    const plan = planOf(`
      load
      publish <- load
      page <- publish:failure`);
    const run = simulate(plan, (id) => ({ state: id === 'load' ? 'failed' : 'success' }));
    expect(states(run)).toEqual({ load: 'failed', publish: 'upstream_failed', page: 'success' });
    expect(run.state).toBe('failed');
  });

  it('skips a notifier when nothing failed', () => {
    const run = simulate(planOf('load\npage <- load:failure'), () => ({}));
    expect(states(run)).toEqual({ load: 'success', page: 'skipped' });
    expect(run.state).toBe('success');
  });

  it('lets a consumer that waits for completion take responsibility for a failure', () => {
    const run = simulate(planOf('load\nclean <- load:completion'), (id) => ({ state: id === 'load' ? 'failed' : 'success' }));
    expect(run.state).toBe('success');
  });

  it('passes a skip on along success edges and lets none_failed go on', () => {
    const plan = planOf(`
      ask ?
      next <- ask
      after <- next [none_failed]
      other <- ask [none_failed_min_one_success]`);
    const run = simulate(plan, (id) => ({ when: id !== 'ask' }));
    expect(states(run)).toEqual({ ask: 'skipped', next: 'skipped', after: 'success', other: 'skipped' });
    expect(run.state).toBe('success');
  });

  it('fails a task whose when cannot be evaluated', () => {
    const run = simulate(planOf('a ?\nb <- a'), () => ({ when: 'error' }));
    expect(states(run)).toEqual({ a: 'failed', b: 'upstream_failed' });
    expect(run.state).toBe('failed');
  });

  it('with failFast cancels what runs, skips what waits, and still pages', () => {
    const plan = planOf(
      `
      bad
      slow
      later <- slow
      page <- bad:failure`,
      { failFast: true },
    );
    const run = simulate(plan, (id) => ({ state: id === 'bad' ? 'failed' : 'success', durationMs: id === 'slow' ? 100 : 10 }));
    expect(states(run)).toEqual({ bad: 'failed', slow: 'cancelled', later: 'skipped', page: 'success' });
    expect(run).toMatchObject({ state: 'failed', makespanMs: 20 });
  });

  it('starts urgent tasks first, then those with the longest chain behind them', () => {
    const plan = planOf(
      `
      short
      long
      urgent !1
      tail <- long`,
      { maxActiveTasks: 1 },
    );
    const run = simulate(plan, () => ({ durationMs: 1 }));
    const started = [...run.tasks].sort((a, b) => a.startedAt! - b.startedAt!).map((task) => task.id);
    expect(started).toEqual(['urgent', 'long', 'short', 'tail']);
  });

  it('gives no place of maxActiveTasks to tasks of the walk', () => {
    const plan = planOf('work\nfree {noop}\nmore', { maxActiveTasks: 1 });
    const run = simulate(plan, (id) => ({ durationMs: id === 'free' ? 0 : 5 }));
    expect(run.tasks.find((task) => task.id === 'free')).toMatchObject({ startedAt: 0, endedAt: 0 });
    expect(run.makespanMs).toBe(10);
  });

  it('walks a chain of 100,000 tasks without running out of stack', () => {
    const chain = (state: 'success' | 'failed'): ReturnType<typeof simulate> =>
      simulate(
        {
          ...planOf('a'),
          tasks: Array.from({ length: 100_000 }, (_, i) => ({
            id: `t${i}`,
            ...taskOf('activity'),
            upstream: i === 0 ? undefined : [i - 1],
          })),
        },
        () => ({ state }),
      );
    expect(chain('success').state).toBe('success');
    expect(chain('failed').tasks.at(-1)!.state).toBe('upstream_failed');
  });
});

describe('attempts in a simulation', () => {
  const retry = { maxAttempts: 3, interval: '10ms', multiplier: 2 };

  it('fail so often as they are told to, with a longer wait after each, and then do what is said', () => {
    expect(run({ a: { retry } }, { a: { failures: 2, durationMs: 5 } })).toMatchObject({
      state: 'success',
      makespanMs: 5 + 10 + 5 + 20 + 5,
    });
    expect(run({ a: { retry } }, { a: { failures: 3 } })).toMatchObject({ state: 'failed', makespanMs: 30 });
    expect(run({ a: { retry } }, { a: { state: 'failed' } })).toMatchObject({ state: 'failed', makespanMs: 0 });
  });

  it('end at their timeout', () => {
    expect(run({ a: { timeout: '20ms' } }, { a: { durationMs: 50 } })).toMatchObject({ state: 'failed', makespanMs: 20 });
  });

  it('keep their place while they wait', () => {
    const found = run(
      { a: { retry, priority: 1 }, b: {} },
      { a: { failures: 1, durationMs: 5 } },
      { dag: { maxActiveTasks: 1 } },
    );
    expect(found.tasks).toMatchObject([{ startedAt: 0 }, { startedAt: 20 }]);
  });
});

describe('a simulated SubDAG', () => {
  const etl = subDag({ load: {}, check: { dependsOn: ['load'] } }, { retry: { maxAttempts: 2, interval: '10ms' } });

  it('is a run of its own, whose failure fails its task', () => {
    const found = run({ etl: subDag({ load: {} }) }, { 'etl/load': { state: 'failed', durationMs: 5 } });
    expect(found).toMatchObject({ state: 'failed', makespanMs: 5 });
    expect(found.children).toMatchObject([{ path: 'etl', of: { run: 0, task: 0, attempt: 1 }, state: 'failed' }]);
  });

  it('keeps in a further attempt what succeeded in the one before', () => {
    const found = run(
      { etl },
      { 'etl/load': { durationMs: 7 }, 'etl/check': { state: 'failed' }, 'etl#2/check': { durationMs: 3 } },
    );
    expect(found).toMatchObject({ state: 'success', makespanMs: 7 + 10 + 3 });
    expect(found.children.map(({ path, state }) => [path, state])).toEqual([
      ['etl', 'failed'],
      ['etl#2', 'success'],
    ]);
    expect(found.children[1]!.tasks[0]).toEqual({ id: 'load', state: 'success' });
  });

  it('keeps the items of its maps that succeeded, where what led to them is kept', () => {
    const mapped = subDag({ list: {}, load: { dependsOn: ['list'], expand: { x: [1, 2, 3] } } }, { retry: { maxAttempts: 2 } });
    const found = run({ etl: mapped }, { 'etl/load': { items: [{}, { state: 'failed' }, {}] } });
    const again = found.changes.filter((change) => change.run === 2 && change.item !== undefined);
    expect(again.map(({ item, state }) => [item, state])).toEqual([
      [1, 'running'],
      [1, 'success'],
    ]);
    expect(found).toMatchObject({ state: 'success' });
  });

  it('is told to stop, and cleans up before its task is over', () => {
    const found = run(
      {
        etl: subDag({ make: { setup: true }, work: { dependsOn: ['make'] }, clean: { teardown: ['make'] } }),
        next: { dependsOn: ['etl'] },
      },
      { 'etl/work': { durationMs: 100 }, 'etl/clean': { durationMs: 8 } },
      { cancelAtMs: 50 },
    );
    expect(found).toMatchObject({ state: 'cancelled', makespanMs: 58, stopped: { reason: 'cancelled', at: 50 } });
    expect(states(found)).toEqual({ etl: 'cancelled', next: 'cancelled' });
    expect(states(found.children[0]!)).toEqual({ make: 'success', work: 'cancelled', clean: 'success' });
  });

  it('fails at its timeout, and may be attempted again', () => {
    const slow = subDag({ load: {} }, { timeout: '20ms', retry: { maxAttempts: 2, interval: '1ms' } });
    const found = run({ etl: slow }, { 'etl/load': { durationMs: 90 }, 'etl#2/load': { durationMs: 5 } });
    expect(found).toMatchObject({ state: 'success', makespanMs: 26 });
    expect(found.children[0]).toMatchObject({ state: 'failed', stopped: { reason: 'timeout', at: 20 } });
  });

  it('does what its own script says where its plan is not known', () => {
    const other = { etl: { type: 'dag', with: { dag: 'other' } } };
    expect(run(other, { etl: { state: 'failed', durationMs: 4 } })).toMatchObject({
      state: 'failed',
      makespanMs: 4,
      children: [],
    });
  });

  it('is there once for each item of a map', () => {
    const found = run({ etl: subDag({ load: {} }, { expand: { x: [1, 2] } }) }, { 'etl[1]/load': { durationMs: 3 } });
    expect(found.children.map(({ path, endedAt }) => [path, endedAt])).toEqual([
      ['etl[0]', 0],
      ['etl[1]', 3],
    ]);
  });
});

describe('a simulated wait', () => {
  it.each([
    [{ duration: '3ms' }, {}, 'success', 3],
    [{ duration: '3ms' }, { timeout: '2ms' }, 'failed', 2],
    [{ file: 'x' }, { timeout: '5ms', onTimeout: 'skip' }, 'skipped', 5],
    [{ file: 'x' }, { timeout: '5ms', onTimeout: 'continue' }, 'success', 5],
    [{ file: 'x' }, { timeout: '50ms' }, 'success', 9],
  ])('for %j with %j ends as %s after %i ms', (input, fields, state, at) => {
    const found = run({ a: { type: 'wait', with: input, ...fields } }, { a: 'file' in input ? { durationMs: 9 } : {} });
    expect([states(found)['a'], found.makespanMs]).toEqual([state, at]);
  });
});

describe('a simulated approval', () => {
  const review = { type: 'approval', dependsOn: ['draft'], with: { message: 'go on?', rewindTo: 'draft', maxRewinds: 2 } };
  const draft = { draft: { durationMs: 4 }, review: { durationMs: 1 } };

  it('goes back for each no, and does all that comes after again', () => {
    const found = run(
      { draft: {}, review, side: { dependsOn: ['draft'] } },
      { ...draft, review: { durationMs: 1, decisions: ['reject', 'reject', 'approve'] } },
    );
    expect(found).toMatchObject({ state: 'success', makespanMs: 15 });
    const pending = found.changes.filter(({ state }) => state === 'pending').map(({ at, task }) => [at, task]);
    expect(pending).toEqual(
      [5, 10].flatMap((at) => [
        [at, 0],
        [at, 1],
        [at, 2],
      ]),
    );
  });

  it('goes back no more than it may', () => {
    const found = run({ draft: {}, review }, { ...draft, review: { durationMs: 1, decisions: ['reject'] } });
    expect(states(found)).toEqual({ draft: 'success', review: 'failed' });
    expect(found.makespanMs).toBe(15);
  });

  it('ends by its timeout where nobody decides', () => {
    const found = run({ draft: {}, review: { ...review, timeout: '30ms', onTimeout: 'skip' } }, { review: { decisions: [] } });
    expect([states(found)['review'], found.makespanMs]).toEqual(['skipped', 30]);
  });

  it('sets up again what was torn down, and stops what still runs of what is done again', () => {
    const tasks = {
      make: { setup: true },
      draft: { dependsOn: ['make'] },
      clean: { teardown: ['make'], dependsOn: ['draft'] },
      review,
      slow: { dependsOn: ['draft'] },
    };
    const found = run(tasks, { slow: { durationMs: 50 }, review: { durationMs: 1, decisions: ['reject', 'approve'] } });
    expect(found).toMatchObject({ state: 'success', makespanMs: 51 });
    const made = found.changes.filter(({ task, state }) => found.tasks[task]!.id === 'make' && state === 'success');
    expect(made.map(({ at }) => at)).toEqual([0, 1]);
  });
});

describe('simulated hooks', () => {
  const hook = { type: 'activity', with: { name: 'tell' } };
  const dag = { hooks: { success: hook, failure: [hook, { ...hook, when: false }], exit: hook } };

  it('come last, one after the other, those for that end before exit', () => {
    const found = run(
      { a: {} },
      { a: { state: 'failed', durationMs: 2 }, 'hook failure 1': { durationMs: 3 }, 'hook exit': { state: 'failed' } },
      { dag },
    );
    expect(found).toMatchObject({ state: 'failed', makespanMs: 5 });
    expect(found.hooks.map(({ name, state, startedAt }) => [name, state, startedAt])).toEqual([
      ['hook failure 1', 'success', 2],
      ['hook failure 2', 'skipped', 5],
      ['hook exit', 'failed', 5],
    ]);
  });

  it('have five minutes each and fifteen together', () => {
    const long = { durationMs: 3_600_000 };
    const four = { hooks: { exit: [hook, hook, hook, hook].map((each) => ({ ...each, retry: { maxAttempts: 9 } })) } };
    const found = run({ a: {} }, Object.fromEntries([1, 2, 3, 4].map((n) => [`hook exit ${n}`, long])), { dag: four });
    expect(found.hooks.map(({ state, endedAt }) => [state, endedAt / 60_000])).toEqual(
      [5, 10, 15, 15].map((end) => ['failed', end]),
    );
  });

  it('of a task hold up nobody but the end of the run', () => {
    const found = run({ a: { hooks: { success: hook } }, b: { dependsOn: ['a'] } }, { 'a hook success': { durationMs: 9 } });
    expect(found.tasks[1]).toMatchObject({ startedAt: 0 });
    expect(found.makespanMs).toBe(9);
  });
});

describe('a simulated run that is stopped or retried', () => {
  it('fails at its timeout, and cleans up', () => {
    const found = run(
      { make: { setup: true }, work: { dependsOn: ['make'] }, clean: { teardown: ['make'] } },
      { work: { durationMs: 50 } },
      { dag: { timeout: '10ms' } },
    );
    expect(found).toMatchObject({ state: 'failed', makespanMs: 10, stopped: { reason: 'timeout', at: 10 } });
    expect(states(found)).toEqual({ make: 'success', work: 'cancelled', clean: 'success' });
  });

  const tasks = { a: {}, b: { dependsOn: ['a'] }, c: {} };
  const failed = run(tasks, { b: { state: 'failed' } });

  it('keeps what succeeded of the run that it retries', () => {
    const again = run(tasks, { b: { durationMs: 4 } }, { retryOf: failed });
    expect(again).toMatchObject({ state: 'success', makespanMs: 4 });
    expect(new Set(again.changes.map(({ task }) => again.tasks[task]!.id))).toEqual(new Set(['b']));
  });

  it('is the same where its walk goes on from snapshots', () => {
    expect(run(tasks, { a: { durationMs: 2 } }, { hops: () => true })).toEqual(run(tasks, { a: { durationMs: 2 } }));
  });
});

describe('a simulated map', () => {
  it('runs so many items at a time, and takes no place of maxActiveTasks', () => {
    const items = [{ durationMs: 10 }, { durationMs: 10 }, { durationMs: 10 }, { durationMs: 10 }];
    const found = run(
      { m: { expand: { x: [1] }, maxConcurrency: 2 }, other: {} },
      { m: { items }, other: { durationMs: 10 } },
      { dag: { maxActiveTasks: 1 } },
    );
    expect(found.makespanMs).toBe(20);
    expect(found.tasks.map(({ endedAt }) => endedAt)).toEqual([20, 10]);
  });

  it('has the items that its lists make, where they are written out', () => {
    expect(run({ m: { expand: { x: [1, 2], y: [1, 2, 3] }, itemBatchSize: 4 } }).tasks[0]!.items).toEqual([
      'success',
      'success',
    ]);
  });

  it('gives up at the first failure where it is told to', () => {
    const items: ScriptedTask[] = [{ durationMs: 9 }, { state: 'failed', durationMs: 3 }, {}, {}];
    const found = run({ m: { expand: { x: [1] }, maxConcurrency: 2, stopOnFirstFailure: true } }, { m: { items } });
    expect(found).toMatchObject({
      state: 'failed',
      makespanMs: 3,
      tasks: [{ state: 'failed', items: ['cancelled', 'failed', 'skipped', 'skipped'] }],
    });
  });

  it('is cancelled by failFast, and leaves nothing running', () => {
    const found = run(
      { m: { expand: { x: [1] }, maxConcurrency: 1 }, bad: {} },
      { m: { items: [{ durationMs: 9 }, {}] }, bad: { state: 'failed', durationMs: 1 } },
      { dag: { failFast: true } },
    );
    expect(states(found)).toEqual({ bad: 'failed', m: 'cancelled' });
    expect(found.tasks[1]!.items).toEqual(['cancelled', 'cancelled']);
  });
});

const STG = new URL('../../../shared/corpus/stg/stg50-first60.json', import.meta.url);

describe.skipIf(!existsSync(STG))('the makespan of 60 standard task graphs', () => {
  interface Graph {
    readonly name: string;
    readonly optimalMakespan: { readonly [slots: string]: number };
    readonly tasks: readonly { readonly id: number; readonly duration: number; readonly parents: readonly number[] }[];
  }
  const graphs = existsSync(STG) ? (JSON.parse(readFileSync(STG, 'utf8')) as Graph[]) : [];

  it.each(['2', '4', '8', '16'])('is never below the optimum with %s slots, and on average close to it', (slots) => {
    let over = 0;
    for (const graph of graphs) {
      const place = new Map(graph.tasks.map((task, i) => [task.id, i]));
      const plan = {
        ...planOf('a', { maxActiveTasks: Number(slots) }),
        tasks: graph.tasks.map((task) => ({
          id: `t${task.id}`,
          ...taskOf('activity'),
          upstream: task.parents.map((parent) => place.get(parent)!),
        })),
      };
      const run = simulate(plan, (id) => ({ durationMs: graph.tasks[place.get(Number(id.slice(1)))!]!.duration }));
      const optimum = graph.optimalMakespan[slots]!;
      expect(run.makespanMs, graph.name).toBeGreaterThanOrEqual(optimum);
      over += run.makespanMs / optimum - 1;
    }
    // Without knowing durations: plain first-come order is 7.9 % above the optimum at 4 slots.
    expect(over / graphs.length).toBeLessThan(0.06);
  });
});
