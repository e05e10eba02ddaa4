import { describe, expect, it } from 'vitest';
import { dagReferences, findDagCircle, waitingDag } from '../../src/dag/dag-circles.js';
import type { TaskSpec } from '../../src/dag/spec.js';

type Tasks = { readonly [id: string]: TaskSpec };
const noop = (...dependsOn: string[]): TaskSpec => ({ type: 'noop', dependsOn });
const wait = (dag: string, task?: string, more: object = {}, ...dependsOn: string[]): TaskSpec => ({
  ...{ type: 'wait', dependsOn },
  with: { run: { dag, ...(task === undefined ? {} : { task }), ...more } },
});
const circle = (id: string, dags: { readonly [id: string]: Tasks }) => {
  const load = async (dag: string) => (Object.hasOwn(dags, dag) ? waitingDag({ id: dag, tasks: dags[dag]! }) : undefined);
  return findDagCircle(waitingDag({ id, tasks: dags[id]! }), load);
};

describe('DAGs that wait for each other', () => {
  it('are found where each waits for the whole of the other, over any number of them', async () => {
    expect(await circle('a', { a: { w: wait('b') }, b: { w: wait('a') } })).toEqual(['a', 'a/w', 'b', 'b/w', 'a']);
    expect(await circle('c', { a: { w: wait('b') }, b: { w: wait('c') }, c: { x: noop(), w: wait('a') } })).toHaveLength(7);
    expect(await circle('b', { a: { w: wait('b') }, b: { x: noop() } })).toBeUndefined();
  });

  it('are fine where the tasks that are waited for do not wait in turn', async () => {
    const b = { load: noop(), late: wait('a', 'publish', {}, 'load') };
    expect(await circle('a', { a: { extract: wait('b', 'load'), publish: noop('extract') }, b })).toBeUndefined();
    const all = { extract: wait('b'), publish: noop('extract') };
    expect(await circle('a', { a: all, b })).toEqual(['a/publish', 'a/extract', 'b', 'b/late', 'a/publish']);
  });

  it('are fine where they wait for runs of other dates, or for DAGs that are not there', async () => {
    for (const more of [{ offset: '-1d' }, { window: '1h' }, { date: '2024-01-01' }, { latest: true }])
      expect(await circle('a', { a: { w: wait('b') }, b: { w: wait('a', undefined, more) } })).toBeUndefined();
    expect(await circle('a', { a: { w: wait('nowhere') } })).toBeUndefined();
  });

  it('are found behind SubDAGs, named and written in place', async () => {
    const named: TaskSpec = { type: 'dag', with: { dag: 'b' } };
    expect(await circle('a', { a: { s: named }, b: { w: wait('a') } })).toEqual(['a', 'a/s', 'b', 'b/w', 'a']);
    const inline = { type: 'dag', with: { tasks: { in: wait('b') } } } as unknown as TaskSpec;
    expect(await circle('a', { a: { s: inline }, b: { w: wait('a') } })).toEqual(['a', 'a/s', 'b', 'b/w', 'a']);
    expect(dagReferences({ tasks: { s: inline } })).toEqual([{ dag: 'b', path: '/tasks/s/with/tasks/in/with/run' }]);
  });

  it('are found where one starts another and waits for it, and not where it does not wait', async () => {
    const trigger = (more: object = {}): TaskSpec => ({ type: 'trigger', with: { dag: 'b', ...more } });
    expect(await circle('a', { a: { t: trigger() }, b: { w: wait('a') } })).toEqual(['a', 'a/t', 'b', 'b/w', 'a']);
    expect(await circle('a', { a: { t: trigger({ wait: false }) }, b: { w: wait('a') } })).toBeUndefined();
  });

  it('are found in time at the end of long chains', async () => {
    const long: Tasks = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`t${i}`, i === 0 ? wait('b') : noop(`t${i - 1}`)]),
    );
    expect(await circle('b', { a: long, b: { w: wait('a', 't9999') } })).toHaveLength(10_003);
    expect(await circle('a', { a: long, b: { w: noop() } })).toBeUndefined();
  });
});
