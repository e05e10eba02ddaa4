import { describe, expect, it } from 'vitest';
import { createSystemActivities } from '../../activities/system-activities.js';
import type { CachePlan, TaskBody } from '../../src/dag/plan.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { ObjectStoreError } from '../../src/objects/object-store-error.js';
import { WITHOUT_TEMPORAL } from '../support/without-temporal.js';
import { TaskBench } from './task-bench.js';

/** A bench whose activity `f` counts its calls, and what one call of it gave. */
async function counting(
  work: (...args: never[]) => unknown = (...args: unknown[]) => args,
  options: Parameters<typeof TaskBench.create>[0] = {},
) {
  const calls: unknown[][] = [];
  const bench = await TaskBench.create({
    ...options,
    user: {
      f: (...args: never[]) => {
        calls.push(args);
        return work(...args);
      },
    },
  });
  const run = async (
    cache: Partial<CachePlan> | undefined,
    args: readonly unknown[] = ['x'],
    { call = {}, info = {}, body = {} }: { call?: object; info?: object; body?: Partial<TaskBody> } = {},
  ) =>
    bench.runBody(
      'f',
      {
        with: { name: 'f', args: args as never },
        ...(cache === undefined ? {} : { cache: { dag: 'd', ...cache } }),
        ...body,
      },
      call,
      info,
    );
  return { bench, calls, run };
}
const keys = async ({ objects }: TaskBench, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const key of objects.list(prefix)) found.push(key);
  return found;
};

describe('a task with cache', () => {
  it('takes over the output of an earlier success with the same input, and says whose', async () => {
    const { bench, calls, run } = await counting();
    const first = await run({});
    expect(first.returned).not.toHaveProperty('cached');
    const second = await run({}, ['x'], { call: { prefix: 'runs/d/d=other/1/' } });
    expect(second.returned).toMatchObject({
      output: { value: ['x'] },
      cached: { runId: expect.any(String), storedAt: expect.any(Number) },
      attempts: [{ attempt: 1 }],
    });
    expect(calls).toHaveLength(1);
    expect((await run({}, ['y'])).returned?.output).toEqual({ value: ['y'] });
    expect(calls).toHaveLength(2);
    expect(await bench.log()).toBe('');
  });

  it('without it, or with another version, type, task or DAG, does its work', async () => {
    const { calls, run } = await counting();
    await run({ version: '1' });
    await run(undefined);
    await run({ version: '2' });
    await run({});
    await run({ version: '1', dag: 'other' });
    expect(calls).toHaveLength(5);
    expect((await run({ version: '1' })).returned?.cached).toBeDefined();
  });

  it('with a key looks at nothing else, and the key may name what the input does not', async () => {
    const { calls, run } = await counting();
    const tasks = { a: { state: 'success', output: { value: { sha: 'ff' } } } };
    const call = { tasks, params: { day: '1' } };
    const key = 'day ${{ params.day }} of ${{ tasks.a.output.sha }}';
    await run({ key }, ['x'], { call });
    expect((await run({ key }, ['y'], { call })).returned).toMatchObject({ output: { value: ['x'] }, cached: {} });
    await run({ key }, ['x'], { call: { ...call, params: { day: '2' } } });
    expect(calls).toHaveLength(2);
    expect((await run({ key: '${{ params.none }}' }, ['x'], { call })).failed?.failure.kind).toBe('expression');
  });

  it('takes nothing that is older than its ttl, and keeps the new result in its place', async () => {
    const { bench, calls, run } = await counting(() => calls.length);
    await run({ ttlMs: 60_000 });
    expect((await run({ ttlMs: 60_000 })).returned?.output).toEqual({ value: 1 });
    expect((await run({ ttlMs: 0 })).returned?.output).toEqual({ value: 2 });
    expect((await run({})).returned?.output).toEqual({ value: 2 });
    expect(await keys(bench, 'cache/')).toHaveLength(1);
  });

  it('does its work where the run says so, and keeps the result for later runs', async () => {
    const { calls, run } = await counting(() => calls.length);
    await run({});
    const again = await run({}, ['x'], { call: { ignoreCache: true } });
    expect(again.returned).toMatchObject({ output: { value: 2 } });
    expect(again.returned).not.toHaveProperty('cached');
    expect((await run({})).returned?.output).toEqual({ value: 2 });
  });

  it('never keeps a failure, nor what breaks its schema, then or now', async () => {
    let broken = true;
    const { bench, calls, run } = await counting(() => {
      if (broken) throw new Error('no');
      return 'text';
    });
    await run({});
    broken = false;
    expect((await run({}, ['x'], { body: { outputSchema: { type: 'number' } } })).failed?.failure.kind).toBe('output_schema');
    expect(await keys(bench, 'cache/')).toEqual([]);
    await run({});
    expect((await run({}, ['x'], { body: { outputSchema: { type: 'string' } } })).returned?.cached).toBeDefined();
    await run({}, ['x'], { body: { outputSchema: { type: 'number' } } });
    expect(calls).toHaveLength(4);
  });

  it('has secrets in its key by name and attempts not at all, and nothing of them in what is stored', async () => {
    const secretValues: { [name: string]: string } = { TOKEN: 'swordfish', OTHER: 'swordfish' };
    const { bench, calls, run } = await counting((token: string) => `used ${token}`, { secretValues });
    const args = ['${{ secrets.TOKEN }}', '${{ attempt }}'];
    await run({}, args);
    secretValues.TOKEN = 'rotated';
    expect((await run({}, args, { info: { attempt: 3 } })).returned?.cached).toBeDefined();
    await run({}, ['${{ secrets.OTHER }}', '${{ attempt }}']);
    expect(calls).toHaveLength(2);
    for (const key of await keys(bench, 'cache/')) {
      const text = Buffer.from((await bench.objects.get(key))!).toString();
      expect(text).toContain('used ***');
      expect(text + key).not.toContain('swordfish');
    }
  });

  it('has large outputs of its own in each run, since a run is swept with all that is its own', async () => {
    const { bench, calls, run } = await counting(() => 'z'.repeat(10_000));
    const first = await run({}, ['x'], { call: { prefix: 'runs/d/d=a/1/' } });
    const second = await run({}, ['x'], { call: { prefix: 'runs/d/d=b/1/' } });
    const refs = [first, second].map(({ returned }) => (returned!.output as { ref: string }).ref);
    expect(refs[0]).toMatch(/^runs\/d\/d=a\//);
    expect(refs[1]).toMatch(/^runs\/d\/d=b\//);
    expect(calls).toHaveLength(1);
    expect(await bench.objects.has(refs[1]!)).toBe(true);
  });

  it('works though the cache does not: it says so in its log and does the work', async () => {
    const broken = new (class extends FolderStore {
      override list(prefix: string): ReturnType<FolderStore['list']> {
        if (prefix.startsWith('cache/')) throw new ObjectStoreError('io', prefix, 'the disk is away');
        return super.list(prefix);
      }
      override async put(key: string, bytes: Uint8Array): Promise<void> {
        if (key.startsWith('cache/')) throw new ObjectStoreError('io', key, 'the disk is full');
        return super.put(key, bytes);
      }
    })((await TaskBench.create()).objects.root);
    const bench = await TaskBench.create({ objects: broken, user: { f: () => 'done' } });
    const { call } = { call: await bench.call({ with: { name: 'f', args: [] }, cache: { dag: 'd' } }) };
    await broken.put(call.body, (await bench.objects.get(call.body))!);
    const { returned } = await bench.run('f', call);
    expect(returned?.output).toEqual({ value: 'done' });
    const at = new TextDecoder().decode((await broken.get('runs/d/d=k/1/logs/task/000001/000000000000'))!);
    expect(at).toContain('the cache cannot be read, so the work is done: the disk is away');
    expect(at).toContain('could not be kept for later runs: the disk is full');
  });

  it('run many times at once does its work at most as often, and all outputs are whole', async () => {
    const { bench, calls, run } = await counting(() => ({ n: 'z'.repeat(3000) }));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => run({}, ['x'], { call: { prefix: `runs/d/d=${i}/1/` } })),
    );
    for (const { returned } of outcomes) expect(returned?.output).toEqual({ value: { n: 'z'.repeat(3000) } });
    const done = calls.length;
    expect((await run({})).returned?.cached).toBeDefined();
    expect(calls).toHaveLength(done);
    expect((await keys(bench, 'cache/')).length).toBeGreaterThan(0);
  });

  it('loses its results with the retention of runs, and only those that are old enough', async () => {
    const { bench, calls, run } = await counting();
    await run({}, ['old']);
    const { sweepRuns } = createSystemActivities({
      objects: bench.objects,
      temporal: WITHOUT_TEMPORAL,
    });
    await sweepRuns({ before: '2000-01-01' });
    expect((await run({}, ['old'])).returned?.cached).toBeDefined();
    await sweepRuns({ before: '2999-01-01' });
    expect([...(await keys(bench, 'cache/')), ...(await keys(bench, 'cached/'))]).toEqual([]);
    await run({}, ['old']);
    expect(calls).toHaveLength(2);
  });
});
