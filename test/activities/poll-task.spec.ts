import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pauseAfter } from '../../activities/poll-task.js';
import type { PollCall } from '../../activities/task-call.js';
import type { Json } from '../../src/dag/json.js';
import { TaskBench } from './task-bench.js';

const PACE = { everyMs: 1000, multiplier: 2, maxIntervalMs: 5000 };
let folder: string;
let bench: TaskBench;
let server: Server;
let base: string;
let answers: { readonly status: number; readonly body?: Json; readonly headers?: { readonly [name: string]: string } }[] = [];

beforeAll(async () => {
  server = createServer((_, response) => {
    const { status, body = null, headers = {} } = answers.shift() ?? { status: 500 };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baton-wait-'));
  answers = [];
  bench = await TaskBench.create({
    sql: { dataFolders: [folder] },
    http: { allowPrivateHosts: ['127.0.0.1'] },
    secretValues: { TOKEN: 'hunter22' },
  });
});

/** One poll. */
async function poll(input: Json, options: { readonly left?: number; readonly attempt?: number } & Partial<PollCall> = {}) {
  const { left = 60_000, attempt = 1, ...call } = options;
  const made = await bench.call({ type: 'wait', with: input }, call);
  return bench.run('wait', { ...made, deadline: Date.now() + left, pace: PACE } as PollCall, { attempt });
}
const met = (outcome: Awaited<ReturnType<typeof poll>>) => (outcome.returned?.output as { value: Json } | undefined)?.value;
const told = ({ error }: Awaited<ReturnType<typeof poll>>) => ({
  message: error?.message,
  final: error?.nonRetryable,
  again: error?.nextRetryDelay,
});

describe('a poll for files', () => {
  it('finds what a pattern names, in order, and no folders', async () => {
    await mkdir(join(folder, 'in/b.csv'), { recursive: true });
    await mkdir(join(folder, 'in/deep'));
    for (const name of ['in/c.csv', 'in/a.csv', 'in/deep/d.csv', 'in/x.txt']) await writeFile(join(folder, name), '');
    await symlink(join(folder, 'in'), join(folder, 'in/deep/loop'));
    expect(met(await poll({ file: 'in/*.csv' }))).toEqual({ timedOut: false, files: ['in/a.csv', 'in/c.csv'] });
    expect(met(await poll({ file: 'in/**/*.csv' }))).toMatchObject({ files: ['in/a.csv', 'in/c.csv', 'in/deep/d.csv'] });
    expect(met(await poll({ file: join(folder, 'in/x.txt') }))).toMatchObject({ files: [join(folder, 'in/x.txt')] });
    expect(told(await poll({ file: 'in/b.csv' }))).toMatchObject({ message: 'no file in/b.csv', final: false });
  });

  it('says that it is not there yet, and when to look again', async () => {
    expect(told(await poll({ file: 'none/*' }))).toEqual({ message: 'no file none/*', final: false, again: 1000 });
    expect(told(await poll({ file: 'none/*' }, { attempt: 3 }))).toMatchObject({ again: 4000 });
  });

  it('sees objects by key and by pattern', async () => {
    await bench.objects.put('exports/2024/part-1', new Uint8Array([1]));
    expect(met(await poll({ file: 'objects://exports/2024/part-1' }))).toMatchObject({
      files: ['objects://exports/2024/part-1'],
    });
    expect(met(await poll({ file: 'objects://exports/**/part-*' }))).toMatchObject({
      files: ['objects://exports/2024/part-1'],
    });
    expect(told(await poll({ file: 'objects://exports/2025/*' }))).toMatchObject({ final: false });
    expect(told(await poll({ file: 'objects://*' }))).toMatchObject({ final: true });
  });

  it.each(['../secret', '/etc/passwd', 'a/../../b', ''])('refuses %j at once', async (file) => {
    const outcome = await poll({ file });
    expect(told(outcome)).toMatchObject({ final: true });
    expect(outcome.failed!.failure).toMatchObject({ kind: 'error', type: 'BadInput' });
  });
});

describe('a poll by HTTP', () => {
  it('is met by the first good answer for which until is true', async () => {
    answers = [
      { status: 503, headers: { 'retry-after': '9' } },
      { status: 404 },
      { status: 200, body: { state: 'running' } },
      { status: 200, body: { state: 'done' } },
    ];
    const request = { http: { url: base, until: '${{ response.body.state == params.wanted }}' } };
    const look = () => poll(request, { params: { wanted: 'done' } });
    expect(told(await look())).toMatchObject({ message: expect.stringContaining('503'), final: false, again: 9000 });
    expect(told(await look())).toMatchObject({ message: expect.stringContaining('404'), final: false, again: 1000 });
    expect(told(await look())).toMatchObject({ message: expect.stringContaining('until'), final: false });
    expect(met(await look())).toMatchObject({ timedOut: false, status: 200, body: { state: 'done' } });
  });

  it('goes on while nobody listens, and fails for what looking again does not mend', async () => {
    expect(told(await poll({ http: { url: 'http://127.0.0.1:1/' } }))).toMatchObject({ final: false });
    answers = [{ status: 403 }, { status: 200, body: {} }, { status: 200, body: {} }];
    expect(told(await poll({ http: { url: base } }))).toMatchObject({ final: true });
    const missing = await poll({ http: { url: base, until: '${{ response.body.state }}' } });
    expect(missing.failed!.failure).toMatchObject({ kind: 'expression', message: expect.stringContaining('state') });
    const text = await poll({ http: { url: base, until: "${{ get(response.body, 'state', 'none') }}" } });
    expect(text.failed!.failure).toMatchObject({ kind: 'expression', message: 'until must be true or false, not "none"' });
  });

  it('hides secrets in what it says', async () => {
    const outcome = await poll({ http: { url: `${base}/\${{ secrets.TOKEN }}` } });
    expect(outcome.error!.message).toContain('500');
    expect(JSON.stringify([outcome.error!.message, outcome.failed])).not.toContain('hunter22');
  });
});

describe('a poll by SQL', () => {
  it.each([
    ["select 'x'", 'x'],
    ['select 3 as n, 0', 3],
    ['select true from range(2)', true],
  ])('%s is met', async (query, value) => expect(met(await poll({ sql: { query } }))).toMatchObject({ value }));

  it.each(['select 1 where false', 'select count(*) from range(0)', 'select null', 'select false', "select ''"])(
    '%s is not yet',
    async (query) => expect(told(await poll({ sql: { query } }))).toMatchObject({ final: false }),
  );

  it('goes on while its file is missing, and fails for a query that is wrong', async () => {
    const query = `select count(*) from read_csv('${folder}/later.csv')`;
    expect(told(await poll({ sql: { query } }))).toMatchObject({ final: false });
    expect((await poll({ sql: { query: 'selekt 1' } })).failed!.failure).toMatchObject({ type: 'SqlError' });
  });
});

describe('a wait', () => {
  it('is over after its timeout, and says how often it looked and what the last poll found', async () => {
    const outcome = await poll({ file: 'x' }, { left: -1, attempt: 37 });
    expect(outcome.failed!.failure).toEqual({ kind: 'timeout', message: 'not met after 37 polls; the last one: no file x' });
    expect(outcome.error!.nonRetryable).toBe(true);
  });

  it('looks for the last time when its timeout passes', async () => {
    const { again } = told(await poll({ file: 'x' }, { left: 300 }));
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThanOrEqual(300);
  });

  it('paces its polls up to the longest pause, however many there are', () => {
    expect([1, 2, 3, 4, 5000].map((n) => pauseAfter(PACE, n))).toEqual([1000, 2000, 4000, 5000, 5000]);
  });

  it('fails by name without its body, and is cancelled when asked', async () => {
    const call = {
      task: 'task',
      body: 'dags/d/bodies/0.json',
      prefix: 'runs/d/d=k/1/',
      deadline: Date.now() + 1000,
      pace: PACE,
    };
    const lost = await bench.run('wait', call as PollCall);
    expect(lost.failed!.failure).toMatchObject({ kind: 'blob_missing' });
    const made = await bench.call({ type: 'wait', with: { file: 'x' } });
    const cancelled = bench.run('wait', { ...made, deadline: Date.now() + 1000, pace: PACE } as PollCall, {}, (env) =>
      env.cancel(),
    );
    await expect(cancelled).rejects.toBeInstanceOf(CancelledFailure);
  });

  it('of a type that is off fails by name', async () => {
    bench = await TaskBench.create({ enabledTaskTypes: ['sql'] });
    expect((await poll({ http: { url: base } })).failed!.failure).toMatchObject({ kind: 'type_disabled' });
  });
});
