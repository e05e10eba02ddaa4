import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentTask } from '../../activities/task-context.js';
import type { Json } from '../../src/dag/json.js';
import { readJson } from '../../src/objects/json-blob.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

const MIB = 2 ** 20;
/** Says what it is given. */
const work = { type: 'activity', with: { name: 'work', args: [] } };
const list = (length: number): object => ({ type: 'transform', with: { value: `\${{ range(${length}) }}` } });

/** Runs a spec to its end; `notes` are what the activity `note` was called with. */
async function run(
  spec: { readonly tasks: object },
  options: Parameters<RunHarness['startSpec']>[1] & { readonly cache: number; readonly record?: string },
) {
  const notes: unknown[] = [];
  const worker = await harness.worker(
    { work: () => currentTask().info.resources, note: (what: unknown) => notes.push(what) },
    { cache: options.cache },
  );
  return worker.runUntil(async () => {
    const { handle, report } = await harness.startSpec({ id: 'test', ...spec }, options);
    await handle.result().catch(() => undefined);
    if (options.record !== undefined && options.cache !== 0) await recordHistory(handle, options.record);
    const continued = (await handle.describe()).runId !== handle.firstExecutionRunId;
    return { notes, continued, report: await report() };
  });
}

describe.each([{ cache: 100 }, { cache: 0 }])('resources with a workflow cache of $cache', ({ cache }) => {
  it('are evaluated before the task begins, given to it, and shown on it', async () => {
    const { report } = await run(
      {
        tasks: {
          list: list(7),
          plain: work,
          fixed: { ...work, resources: { cpu: 2, memory: '512MiB', licences: 3 } },
          computed: {
            ...work,
            dependsOn: ['list'],
            resources: { cpu: '${{ size(tasks.list.output) / 2 }}', memory: '${{ size(tasks.list.output) }}MiB', gpu: 1 },
          },
          database: {
            type: 'sql',
            resources: { cpu: 1, memory: '64MiB' },
            with: { query: "select current_setting('threads')::int as threads, current_setting('memory_limit') as memory" },
          },
        },
      },
      { cache, record: 'resources' },
    );
    const { plain, fixed, computed, database } = report.tasks;
    expect(plain!.output).toEqual({ value: {} });
    expect(plain).not.toHaveProperty('resources');
    expect(fixed).toMatchObject({ resources: { cpu: 2, licences: 3, memory: 512 * MIB } });
    expect(fixed!.output).toEqual({ value: fixed!.resources });
    expect(computed).toMatchObject({ resources: { cpu: 3.5, gpu: 1, memory: 7 * MIB } });
    expect(computed!.output).toEqual({ value: computed!.resources });
    expect(database!.output).toMatchObject({ value: { rows: [{ threads: 1, memory: '64.0 MiB' }] } });
  });

  it('of a map are evaluated once, over the number of its items, and are those of each item, over continue-as-new too', async () => {
    const mapped = {
      ...work,
      dependsOn: ['list'],
      expand: { n: '${{ tasks.list.output }}' },
      maxConcurrency: 5,
      resources: { memory: '${{ 10 * size(tasks.list.output) }}MiB' },
    };
    const { report, continued } = await run(
      { tasks: { list: list(30), mapped } },
      { cache, record: 'resources-of-items', more: { budgets: { continueFromEvents: 50, drainFromEvents: 70 } } },
    );
    expect(continued).toBe(true);
    const given = { memory: 300 * MIB };
    expect(report.tasks['mapped']).toMatchObject({ state: 'success', resources: given });
    expect(await value(report.tasks['mapped']!.output)).toEqual(Array.from({ length: 30 }, () => given));
  });

  it('reach the items of a map in shards, whose own hooks run once for all of them', async () => {
    const mapped = {
      ...work,
      expand: { n: '${{ range(501) }}' },
      // Most items fail at once, by their name: only the first and the last, each in a shard of its own, are worth an activity.
      mapKey: '${{ index % 500 == 0 ? index : 1 / 0 }}',
      toleratedFailurePercentage: 100,
      resources: { gpu: '${{ 1 + 1 }}' },
      hooks: { success: { type: 'activity', with: { name: 'note', args: ['${{ task.id }} ${{ size(tasks.m.items) }}'] } } },
    };
    const { report, notes } = await run({ tasks: { m: mapped } }, { cache });
    expect(report.tasks['m']).toMatchObject({ resources: { gpu: 2 }, map: { counts: { success: 2, failed: 499 } } });
    expect(await value(report.tasks['m']!.output)).toEqual([{ gpu: 2 }, { gpu: 2 }]);
    expect(notes).toEqual(['m 501']);
    expect(report.tasks['m']!.hooks).toHaveLength(1);
  });

  it('over a stored value are evaluated elsewhere, and what is no amount fails the task by name', async () => {
    const after = { dependsOn: ['list'] };
    const { report } = await run(
      {
        tasks: {
          list: list(5000),
          large: { ...work, ...after, resources: { memory: '${{ size(tasks.list.output) }}KiB' } },
          missing: { ...work, ...after, retry: { maxAttempts: 3 }, resources: { cpu: '${{ tasks.list.output.none }}' } },
          nothing: { ...work, resources: { memory: '${{ 0 }}MiB' } },
          words: { ...work, expand: { n: [1, 2] }, resources: { cpu: 1, gpu: 'a ${{ "lot" }}' } },
          alarm: { type: 'noop', dependsOn: [{ task: 'words', on: 'failure' }] },
        },
      },
      { cache, record: 'resources-that-fail' },
    );
    const { large, missing, nothing, words, alarm } = report.tasks;
    expect(large).toMatchObject({ state: 'success', resources: { memory: 5000 * 1024 } });
    expect(missing).toMatchObject({
      state: 'failed',
      failure: { kind: 'expression', message: expect.stringMatching(/^resources of task missing: /) },
    });
    expect(missing).not.toHaveProperty('attempts');
    expect(nothing).toMatchObject({
      failure: {
        kind: 'expression',
        message: 'resources of task nothing: memory must be a size, such as 512MiB or 2GiB, more than 0, not 0',
      },
    });
    expect(words).toMatchObject({
      state: 'failed',
      failure: { kind: 'expression', message: expect.stringMatching(/^resources of task words: gpu "a lot" is no size/) },
    });
    expect(words).not.toHaveProperty('map');
    expect(alarm!.state).toBe('success');
  });
});

async function value(output: { readonly value: Json } | { readonly ref: string } | undefined): Promise<Json | undefined> {
  return output === undefined ? undefined : 'value' in output ? output.value : readJson(harness.store, output.ref);
}
