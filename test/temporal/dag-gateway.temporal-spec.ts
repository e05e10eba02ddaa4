import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { versionsKey } from '../../src/objects/keys.js';
import { DagNotFoundError, PreconditionFailedError, TemporalUnavailableError } from '../../src/temporal/temporal-error.js';
import type { WorkerHost } from '../../src/temporal/worker-host.js';
import { dagEntityId, type PutInput, SYSTEM_QUEUE, versionsBlobKey } from '../../workflows/contract.js';
import { TemporalHarness } from '../support/temporal-harness.js';

let temporal: TemporalHarness;
let worker: WorkerHost;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
  worker = await temporal.work([SYSTEM_QUEUE], { cache: 0 });
});
afterAll(() => temporal.stop());

const version = (hash: string, more: Partial<PutInput> = {}): PutInput => ({
  hash,
  specKey: `specs/${hash}`,
  planKey: `plans/${hash}`,
  planBytes: 100,
  ...more,
});

test('the key of a list of versions is the same on both sides', () => {
  expect(versionsBlobKey('a.B_c-1', 12)).toBe(versionsKey('a.B_c-1', 12));
});

describe('versions', () => {
  test('a first put creates, the same again changes nothing, another makes a version', async () => {
    expect(await temporal.dags.head('first')).toBeUndefined();
    const created = await temporal.dags.put('first', version('h1', { description: 'one', tags: ['x'] }));
    expect(created).toMatchObject({
      outcome: 'created',
      head: { dagId: 'first', paused: false, description: 'one', tags: ['x'], latest: { version: 1, hash: 'h1' } },
    });
    expect(await temporal.dags.put('first', version('h1'))).toMatchObject({
      outcome: 'unchanged',
      head: { latest: { version: 1 } },
    });
    expect(await temporal.dags.put('first', version('h2'))).toMatchObject({
      outcome: 'updated',
      head: { latest: { version: 2, hash: 'h2' } },
    });
    // The first spec again is a third version, although an update with that content was carried out before.
    expect(await temporal.dags.put('first', version('h1'))).toMatchObject({
      outcome: 'updated',
      head: { latest: { version: 3, hash: 'h1' } },
    });
    const head = (await temporal.dags.head('first'))!;
    expect(head.latest.version).toBe(3);
    expect((await temporal.dags.versions('first', head)).map((v) => [v.version, v.hash])).toEqual([
      [3, 'h1'],
      [2, 'h2'],
      [1, 'h1'],
    ]);
  });

  test('100 identical puts at once make one version', async () => {
    const results = await Promise.all(Array.from({ length: 100 }, () => temporal.dags.put('crowd', version('same'))));
    expect(new Set(results.map((r) => r.head.latest.version))).toEqual(new Set([1]));
    expect((await temporal.dags.head('crowd'))?.latest.version).toBe(1);
  });

  test('12 different puts at once make 12 versions, each listed once', async () => {
    // One of its own for each try.
    const dagId = `storm-${Date.now()}`;
    const results = await Promise.all(Array.from({ length: 12 }, (_, n) => temporal.dags.put(dagId, version(`v${n}`))));
    expect(results.map((r) => r.head.latest.version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, n) => n + 1),
    );
    const head = (await temporal.dags.head(dagId))!;
    expect((await temporal.dags.versions(dagId, head)).map((v) => v.version)).toEqual(
      Array.from({ length: 12 }, (_, n) => 12 - n),
    );
  });

  test('an expectation that does not fit is refused and stores nothing', async () => {
    await expect(temporal.dags.put('etag', version('a', { expected: 'nothing-yet' }))).rejects.toThrow(PreconditionFailedError);
    await expect(temporal.dags.put('etag', version('a', { expected: '*' }))).rejects.toThrow(PreconditionFailedError);
    expect(await temporal.dags.put('etag', version('a', { expected: 'none' }))).toMatchObject({ outcome: 'created' });
    await expect(temporal.dags.put('etag', version('b', { expected: 'none' }))).rejects.toThrow(/exists already, as version 1/);
    expect(await temporal.dags.put('etag', version('b', { expected: 'a' }))).toMatchObject({ outcome: 'updated' });
    await expect(temporal.dags.put('etag', version('c', { expected: 'a' }))).rejects.toThrow(PreconditionFailedError);
    // A repetition of what was done already is no conflict.
    expect(await temporal.dags.put('etag', version('b', { expected: 'a' }))).toMatchObject({ outcome: 'unchanged' });
    expect((await temporal.dags.head('etag'))?.latest.version).toBe(2);
  });

  test('a description of any length fits the memo', async () => {
    await temporal.dags.put('wordy', version('w', { description: 'ü"'.repeat(50_000), owner: 'o', tags: ['a', 'b'] }));
    const head = (await temporal.dags.head('wordy'))!;
    expect(Buffer.byteLength(JSON.stringify(head))).toBeLessThan(2_048);
    expect(head.description).toMatch(/^ü"ü".*…$/);
    expect(head.tags).toEqual(['a', 'b']);
  });
});

describe('pause and delete', () => {
  test('pausing is remembered and outlives a new version', async () => {
    await temporal.dags.put('nap', version('1'));
    expect(await temporal.dags.pause('nap', true)).toMatchObject({ paused: true });
    expect((await temporal.dags.put('nap', version('2'))).head).toMatchObject({ paused: true, latest: { version: 2 } });
    expect(await temporal.dags.pause('nap', false)).toMatchObject({ paused: false });
    expect(await temporal.dags.pause('nap', true)).toMatchObject({ paused: true });
  });

  test('a deleted DAG is gone for changes, and its version counter goes on when it comes back', async () => {
    await temporal.dags.put('phoenix', version('1', { tags: ['bird'] }));
    expect(await temporal.dags.remove('phoenix')).toMatchObject({ deleted: true });
    expect(await temporal.dags.head('phoenix')).toMatchObject({ deleted: true });
    await expect(temporal.dags.pause('phoenix', true)).rejects.toThrow(DagNotFoundError);
    await expect(temporal.dags.remove('phoenix')).rejects.toThrow(DagNotFoundError);
    await expect(temporal.dags.put('phoenix', version('1', { expected: '*' }))).rejects.toThrow(PreconditionFailedError);
    expect(await temporal.dags.put('phoenix', version('1', { expected: 'none' }))).toMatchObject({
      outcome: 'created',
      head: { latest: { version: 2 } },
    });
    expect((await temporal.dags.head('phoenix'))?.deleted).toBeUndefined();
  });

  test('what never was cannot be paused or deleted', async () => {
    await expect(temporal.dags.pause('nobody', true)).rejects.toThrow(DagNotFoundError);
    await expect(temporal.dags.remove('nobody')).rejects.toThrow(DagNotFoundError);
    expect(await temporal.dags.head('nobody')).toBeUndefined();
  });

  test('an entity that was terminated from outside goes on with the next number', async () => {
    await temporal.dags.put('revived', version('1'));
    await temporal.dags.put('revived', version('2'));
    await temporal.connection.client.workflow.getHandle(dagEntityId('revived')).terminate('by a test');
    expect((await temporal.dags.head('revived'))?.latest.version).toBe(2);
    expect(await temporal.dags.put('revived', version('3'))).toMatchObject({
      outcome: 'updated',
      head: { latest: { version: 3 } },
    });
    expect((await temporal.dags.versions('revived', (await temporal.dags.head('revived'))!)).map((v) => v.version)).toEqual([
      3, 2, 1,
    ]);
  });
});

test('the list shows what is there, by id, filtered, page by page', async () => {
  for (const n of [3, 1, 2, 4]) await temporal.dags.put(`list-${n}`, version('x', { tags: ["it's", `n${n}`] }));
  await temporal.dags.pause('list-2', true);
  await temporal.dags.remove('list-4');
  const ids = async (input: Parameters<typeof temporal.dags.list>[0]) =>
    (await temporal.dags.list(input)).items.map((head) => head.dagId);
  await expect.poll(() => ids({ tag: "it's", limit: 10 })).toEqual(['list-1', 'list-2', 'list-3']);
  await expect.poll(() => ids({ tag: "it's", paused: true, limit: 10 })).toEqual(['list-2']);
  expect(await ids({ tag: "x' OR DagId != '", limit: 10 })).toEqual([]);
  const page = await temporal.dags.list({ tag: "it's", limit: 2 });
  expect(page.items.map((head) => head.dagId)).toEqual(['list-1', 'list-2']);
  const rest = await temporal.dags.list({ tag: "it's", limit: 2, cursor: page.nextCursor });
  expect(rest.items.map((head) => head.dagId)).toEqual(['list-3']);
  expect(rest.nextCursor).toBeUndefined();
});

test('without a worker a put ends with an unknown outcome, reads still answer, and a worker carries it out later', async () => {
  await temporal.dags.put('waiting', version('1'));
  await worker.stop();
  const began = Date.now();
  const failed = temporal.dags.put('waiting', version('2'));
  await expect(failed).rejects.toThrow(TemporalUnavailableError);
  await expect(failed).rejects.toMatchObject({ outcomeUnknown: true });
  await expect(temporal.dags.put('unborn', version('1'))).rejects.toMatchObject({ outcomeUnknown: true });
  expect(Date.now() - began).toBeLessThan(9_500);
  expect((await temporal.dags.head('waiting'))?.latest.version).toBe(1);
  expect(await temporal.dags.head('unborn')).toBeUndefined();
  worker = await temporal.work([SYSTEM_QUEUE]);
  await expect.poll(async () => (await temporal.dags.head('waiting'))?.latest.version, { timeout: 20_000 }).toBe(2);
  expect(await temporal.dags.put('waiting', version('2'))).toMatchObject({
    outcome: 'unchanged',
    head: { latest: { version: 2 } },
  });
  await expect.poll(async () => (await temporal.dags.head('unborn'))?.latest.version, { timeout: 20_000 }).toBe(1);
});
