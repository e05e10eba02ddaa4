import { describe, expect, it } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import { keptStates, resumedTasks } from '../../src/dag/kept-states.js';
import type { TaskState } from '../../src/dag/state.js';
import { referenceName, subDagReferences } from '../../src/dag/sub-dag-references.js';
import { Walk } from '../../src/dag/walk.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';
import { planOf } from '../support/plan-builder.js';

const OWN = { ownQueues: ['baton'] };
const check = (spec: object) => checkSpecObject({ id: 'outer', ...spec }, OWN);
const noop = { type: 'noop' };

/** An inline SubDAG within another, `depth` times. */
const nested = (depth: number): object =>
  depth === 0 ? noop : { type: 'dag', with: { tasks: { inner: nested(depth - 1) }, outputs: { d: depth } } };

describe('a SubDAG', () => {
  it('written in place has a plan of its own, and gets the defaults; one by name gets none', () => {
    const { dag, issues } = check({
      defaults: { timeout: '1m', retry: { maxAttempts: 3 }, priority: 2 },
      tasks: {
        a: {
          type: 'dag',
          with: {
            params: { n: 1 },
            maxActiveTasks: 4,
            failFast: true,
            tasks: { q: { type: 'sql', with: { query: 'select ${{ params.n }}' } } },
          },
        },
        b: {
          type: 'dag',
          timeout: '2h',
          retry: { maxAttempts: 2, interval: '5s' },
          with: { dag: 'other', version: 3, params: { x: '${{ run.ds }}' } },
        },
      },
    });
    expect(issues).toEqual([]);
    const { subs, plan } = compile(dag!, OWN);
    expect(plan([], ['key']).tasks).toMatchObject([
      { id: 'a', type: 'dag', priority: 2, sub: { plan: 0, params: { n: 1 } } },
      {
        id: 'b',
        sub: {
          dag: 'other',
          version: 3,
          timeoutMs: 7_200_000,
          retry: { maxAttempts: 2, intervalMs: 5_000, multiplier: 2, maxIntervalMs: 300_000, jitter: 0 },
        },
      },
    ]);
    expect(plan([], ['key']).tasks[0]!.sub).toEqual({ plan: 0, params: { n: 1 } });
    expect(plan([], ['key'])).toMatchObject({ subs: ['key'] });
    const inner = subs[0]!.plan(['bodies']);
    expect(inner).toMatchObject({ dagId: 'outer', maxActiveTasks: 4, failFast: true });
    expect(inner.anyParams).toBe(true);
    expect(inner.tasks[0]!.activity).toMatchObject({ timeoutMs: 60_000, retry: { maxAttempts: 3 } });
    expect(() => plan([], [])).toThrow(/as many keys/);
  });

  it('may name any param where one expression gives them all', () => {
    const inner = { tasks: { t: { type: 'transform', with: { value: '${{ params.anything }}' } } } };
    expect(
      check({
        params: { all: { type: 'object' } },
        tasks: { a: { type: 'dag', with: { params: '${{ params.all }}', ...inner } } },
      }).issues,
    ).toEqual([]);
    expect(check({ tasks: { a: { type: 'dag', with: inner } } }).issues).toMatchObject([
      { code: 'unknown_param', path: '/tasks/a/with/tasks/t/with/value' },
    ]);
  });

  it('nests twenty deep', () => {
    const { dag, issues } = check({ tasks: { a: nested(20) } });
    expect(issues).toEqual([]);
    let depth = 0;
    for (let at = compile(dag!, OWN); at.subs.length > 0; at = at.subs[0]!) depth++;
    expect(depth).toBe(20);
  });

  it('takes no place of maxActiveTasks', () => {
    const { dag } = check({
      maxActiveTasks: 1,
      tasks: { a: { type: 'dag', with: { dag: 'x' } }, b: { type: 'dag', with: { dag: 'x' } } },
    });
    const walk = new Walk(compile(dag!, OWN).plan([]));
    for (const task of [walk.next()!.task, walk.next()!.task]) walk.start(task);
    expect([walk.running(), walk.activeCount]).toEqual([[0, 1], 0]);
  });
});

describe('references to other DAGs', () => {
  it('are found at all levels, in order of path', () => {
    const { spec } = check({
      tasks: {
        z: { type: 'dag', with: { dag: 'last' } },
        a: {
          type: 'dag',
          with: { tasks: { x: { type: 'dag', with: { dag: 'deep', version: 2, params: { n: 1 } } }, y: noop } },
        },
        m: noop,
      },
    });
    expect(subDagReferences(spec!)).toEqual([
      { dag: 'deep', version: 2, params: { n: 1 }, path: '/tasks/a/with/tasks/x/with' },
      { dag: 'last', path: '/tasks/z/with' },
    ]);
    expect(subDagReferences(spec!).map(referenceName)).toEqual(['deep@2', 'last']);
  });
});

describe('what another attempt keeps', () => {
  const kept = (plan: ReturnType<typeof planOf>, states: { readonly [id: string]: TaskState }) =>
    keptStates(plan, (id) => states[id]);

  it('is what succeeded or was skipped, unless something upstream runs again', () => {
    const plan = planOf('a\nb <- a\nc <- a\nd <- b, c [all_done]\ne\nf <- e');
    expect(kept(plan, { a: 'success', b: 'failed', c: 'success', d: 'success', e: 'skipped', f: 'skipped' })).toBe('s.s.kk');
  });

  it('is nothing of what failFast skipped', () => {
    const plan = planOf('a\nb\nc <- b', { failFast: true });
    expect(kept(plan, { a: 'failed', b: 'success', c: 'skipped' })).toBe('.s.');
  });

  it('is no setup whose clean-up runs again, nor what came after it', () => {
    const { tasks, ...rest } = planOf('make\nuse <- make\nmore <- use\nclean <- make, more\nother');
    const plan = { ...rest, tasks: tasks.map((task) => (task.id === 'clean' ? { ...task, teardown: [0] } : task)) };
    const all = { make: 'success', use: 'success', more: 'success', clean: 'success', other: 'success' } as const;
    expect(kept(plan, { ...all, other: 'failed' })).toBe('ssss.');
    expect(kept(plan, { ...all, more: 'failed' })).toBe('....s');
  });

  it('leaves to be resumed what did not succeed behind all that did', () => {
    const plan = planOf('a\nb <- a\nc <- b\nd');
    const states = kept(plan, { a: 'success', b: 'failed', c: 'upstream_failed', d: 'failed' });
    expect(resumedTasks(plan, states)).toEqual([1, 3]);
    expect(resumedTasks(plan, 'ssks')).toEqual([]);
  });

  it('leaves nothing to be resumed of what a teardown took away', () => {
    const { tasks, ...rest } = planOf('one\ntwo\nclean <- one, two');
    const plan = { ...rest, tasks: tasks.map((task) => (task.id === 'clean' ? { ...task, teardown: [0, 1] } : task)) };
    // Both setups are maps, say: what the second one had made of its items is gone.
    expect(resumedTasks(plan, kept(plan, { one: 'success', two: 'failed', clean: 'success' }))).toEqual([]);
  });

  it('is nothing where nothing is known', () => expect(kept(planOf('a\nb <- a'), {})).toBe('..'));

  it('lets the walk go on to the end', () => {
    const plan = planOf('a\nb <- a\nc <- b');
    const walk = new Walk(plan, kept(plan, { a: 'success', b: 'failed', c: 'upstream_failed' }));
    expect(walk.next()).toEqual({ task: 1, step: 'run' });
  });
});
