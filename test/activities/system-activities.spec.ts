import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createSystemActivities } from '../../activities/system-activities.js';
import type { EvaluateInput, SystemActivities, TemporalPort } from '../../activities/system-calls.js';
import type { ItemRecord } from '../../src/dag/map/item-result.js';
import { writeBackfillDayMarker, writeDayMarker } from '../../src/objects/day-marker.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { readJson, writeJson } from '../../src/objects/json-blob.js';
import { backfillPrefix, planKey, reportKey, runPrefix } from '../../src/objects/keys.js';
import { WITHOUT_TEMPORAL } from '../support/without-temporal.js';

let objects: FolderStore;
let activities: SystemActivities;
const open = new Set<string>();
const temporal: TemporalPort = {
  ...WITHOUT_TEMPORAL,
  runExists: async (runId, dagId, runKey) => [runId, dagId, runKey].join() === 'd@k,d,d=k',
  countPollers: async (queue) => queue.length,
  lastAttempts: async ({ workflowId }) => {
    if (workflowId === 'away') throw new Error('the server is away');
    return new Map([['b', { attempt: 3, startedAt: 5, worker: 'w' }]]);
  },
  isOpen: async (runId) => open.has(runId),
  childEnd: async (runId) => (open.has(runId) ? undefined : { state: 'success', output: { value: runId } }),
  executionIsOpen: async (runId, execution) => open.has(runId) && execution === 2,
};

beforeEach(async () => {
  open.clear();
  objects = new FolderStore(await mkdtemp(join(tmpdir(), 'baton-system-')));
  activities = createSystemActivities({ objects, temporal });
});

describe('blobs for workflows', () => {
  it('are written, read, and named when they are gone', async () => {
    const plan = { format: 1, dagId: 'd', tasks: [] };
    const ref = await activities.storeJson({ key: planKey('d', 'ff'), value: plan });
    expect(await activities.storeJson({ key: planKey('d', 'ff'), value: plan })).toEqual(ref);
    expect(await activities.loadPlan({ planKey: ref.ref })).toEqual(plan);
    expect(await activities.loadJson({ key: ref.ref })).toEqual(plan);
    const gone = [() => activities.loadPlan({ planKey: 'dags/d/plans/00.json' }), () => activities.loadJson({ key: 'runs/x' })];
    for (const load of gone) await expect(load()).rejects.toMatchObject({ type: 'BlobMissing', nonRetryable: true });
  });
});

describe('items of an attempt before', () => {
  const result = (index: number, state: string, output: unknown) => ({
    ...{ index, key: `item ${index}`, state, output, failure: null, attempts: 2 },
    ...{ startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:01Z' },
  });
  const stored = async (results: readonly object[]) => writeJson(objects, 'runs/d/k/1/outputs/m.items', results);

  it('become records of those that succeeded, shard by shard, their large outputs stored anew', async () => {
    const results = Array.from({ length: 1_001 }, (_, i) => result(i, i % 500 === 1 ? 'failed' : 'success', i));
    results[1_000] = result(1_000, 'success', 'x'.repeat(5_000));
    const input = {
      task: 'm',
      items: await stored(results),
      total: 1_001,
      prefix: 'runs/d/k/1/children/s/',
      inlineLimit: 4_096,
    };
    const shards = (await activities.keptItems(input))!;
    expect(shards.map(({ count }) => count)).toEqual([499, 499, 1]);
    expect(await activities.keptItems(input)).toEqual(shards);
    const records = await Promise.all(
      shards.map(async ({ pages }) => (await Promise.all(pages.map((key) => readJson<ItemRecord[]>(objects, key)))).flat()),
    );
    expect(records[0]![1]).toEqual({
      ...{ index: 2, key: 'item 2', state: 'success', attempts: 2, output: { value: 2 } },
      ...{ startedAt: Date.parse('2026-01-01T00:00:00Z'), endedAt: Date.parse('2026-01-01T00:00:01Z') },
    });
    const { ref } = records[2]![0]!.output as { readonly ref: string };
    expect(ref).toMatch(/^runs\/d\/k\/1\/children\/s\//);
    expect(await readJson(objects, ref)).toBe('x'.repeat(5_000));
  });

  it('are none where the map has another length now, or they are gone', async () => {
    const items = await stored([result(0, 'success', 0)]);
    const input = { task: 'm', items, total: 2, prefix: 'runs/d/k/1/children/s/', inlineLimit: 4_096 };
    expect(await activities.keptItems(input)).toBeUndefined();
    expect(await activities.keptItems({ ...input, items: { ...items, ref: 'runs/gone' } })).toBeUndefined();
  });
});

describe('looking after one another', () => {
  it('tells which children have ended, and how, in the order of the question', async () => {
    open.add('d@k/b');
    expect(await activities.childEnds({ runIds: ['d@k/a', 'd@k/b', 'd@k/c'] })).toEqual([
      { state: 'success', output: { value: 'd@k/a' } },
      null,
      { state: 'success', output: { value: 'd@k/c' } },
    ]);
  });

  it('tells whether the execution that a child belongs to is open', async () => {
    open.add('d@k');
    expect(await activities.runIsOpen({ runId: 'd@k', execution: 2 })).toBe(true);
    expect(await activities.runIsOpen({ runId: 'd@k', execution: 1 })).toBe(false);
  });
});

describe('evaluating for the walk', () => {
  const input = (template: EvaluateInput['template'], more: Partial<EvaluateInput> = {}): EvaluateInput => ({
    template,
    scope: {},
    prefix: 'runs/d/d=k/1/',
    name: 'value',
    inlineLimit: 4096,
    ...more,
  });

  it('loads stored outputs, for templates and for bare expressions', async () => {
    const stored = await writeJson(objects, 'runs/d/d=k/1/outputs/a/x.json', { list: [1, 2, 3] });
    const scope = { params: { n: 2 }, tasks: { a: { state: 'success', output: stored } } } as const;
    expect(await activities.evaluate(input('${{ tasks.a.output.list.map(x, x * params.n) }}', { scope }))).toEqual({
      output: { value: [2, 4, 6] },
    });
    expect(await activities.evaluate(input('sum(tasks.a.output.list) == 6', { scope, expression: true }))).toEqual({
      output: { value: true },
    });
    expect(await activities.evaluate(input({ total: 'sum ${{ sum(tasks.a.output.list) }}' }, { scope }))).toEqual({
      output: { value: { total: 'sum 6' } },
    });
  });

  it('stores large values', async () => {
    const result = await activities.evaluate(input('${{ params.big }}', { scope: { params: { big: 'x'.repeat(5000) } } }));
    expect(result).toMatchObject({ output: { size: 5002 } });
    expect(await readJson(objects, (result as { output: { ref: string } }).output.ref)).toBe('x'.repeat(5000));
  });

  it('gives what is wrong with an expression as a result', async () => {
    expect(await activities.evaluate(input('${{ params.none }}', { scope: { params: {} } }))).toEqual({
      error: expect.stringContaining('none'),
    });
    expect(await activities.evaluate(input('${{ 1 + }}'))).toEqual({ error: expect.any(String) });
    expect(await activities.evaluate(input(5, { expression: true }))).toEqual({ error: expect.any(String) });
    const gone = { a: { state: 'success', output: { ref: 'runs/gone.json', size: 9, sha256: 'ff' } } } as const;
    expect(await activities.evaluate(input('${{ tasks.a.output }}', { scope: { tasks: gone } }))).toEqual({
      error: expect.stringContaining('run that task again'),
    });
  });
});

describe('questions to Temporal', () => {
  it('go to its port', async () => {
    expect(await activities.runExists({ runId: 'd@k', dagId: 'd', runKey: 'd=k' })).toBe(true);
    expect(await activities.countPollers({ queue: 'gpu' })).toBe(3);
  });

  it('about the last attempts of activities never fail a run', async () => {
    const asked = { runId: 'r', activityIds: ['a', 'b'] };
    expect(await activities.lastAttempts({ ...asked, workflowId: 'd@k' })).toEqual([
      null,
      { attempt: 3, startedAt: 5, worker: 'w' },
    ]);
    expect(await activities.lastAttempts({ ...asked, workflowId: 'away' })).toEqual([null, null]);
  });
});

describe('the retention sweep', () => {
  const run = async (key: string, day: string, execution = 1): Promise<string> => {
    const prefix = runPrefix('d', `d=${key}`, execution);
    await writeDayMarker(objects, {
      runId: `d@${key}`,
      prefix,
      dagId: 'd',
      runKey: `d=${key}`,
      execution,
      acceptedAt: Date.parse(`${day}T12:00:00Z`),
    });
    await writeJson(objects, reportKey(prefix), {});
    await writeJson(objects, `${prefix}logs/a/000001/000000000000`, 'x');
    return prefix;
  };
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const prefix of ['days/', 'runs/', 'dags/']) for await (const key of objects.list(prefix)) found.push(key);
    return found;
  };

  it('deletes what belongs to closed runs of older days, and nothing else', async () => {
    await run('old', '2024-01-01');
    await run('open', '2024-01-01');
    const again = await run('old', '2024-03-01', 2);
    await run('edge', '2024-02-01');
    await writeJson(objects, planKey('d', 'ff'), {});
    open.add('d@open');
    expect(await activities.sweepRuns({ before: '2024-02-01' })).toEqual({ deleted: 1 });
    const left = await keys();
    expect(left).toEqual(
      expect.arrayContaining([
        reportKey(again),
        'runs/d/d=open/1/report.json',
        'runs/d/d=edge/1/report.json',
        planKey('d', 'ff'),
      ]),
    );
    expect(left.filter((key) => key.includes('d=old/1'))).toEqual([]);
    expect(await activities.sweepRuns({ before: '2024-02-01' })).toEqual({ deleted: 0 });
    open.clear();
    expect(await activities.sweepRuns({ before: '2025-01-01' })).toEqual({ deleted: 3 });
    expect(await keys()).toEqual([planKey('d', 'ff')]);
  });

  it('deletes reports of backfills of older days likewise', async () => {
    const prefix = backfillPrefix('b');
    await writeBackfillDayMarker(objects, {
      id: 'b',
      runId: 'backfill:b',
      prefix,
      acceptedAt: Date.parse('2024-01-01T12:00:00Z'),
    });
    await writeJson(objects, reportKey(prefix), {});
    open.add('backfill:b');
    expect(await activities.sweepRuns({ before: '2024-02-01' })).toEqual({ deleted: 0 });
    open.clear();
    expect(await activities.sweepRuns({ before: '2024-02-01' })).toEqual({ deleted: 1 });
    expect(await objects.get(reportKey(prefix))).toBeUndefined();
  });
});
