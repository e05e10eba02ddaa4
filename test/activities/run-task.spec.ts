import { CancelledFailure, Context, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { currentTask } from '../../activities/task-context.js';
import { TaskError } from '../../activities/task-error.js';
import type { JsonObject } from '../../src/dag/json.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { readJson, writeJson } from '../../src/objects/json-blob.js';
import { ObjectStoreError } from '../../src/objects/object-store-error.js';
import { DEFAULT_RETRY, PREFIX, TaskBench } from './task-bench.js';

const echo = (...args: unknown[]): unknown => args;
const fails = (message: string): unknown => {
  throw new TypeError(message);
};
const args = (...list: unknown[]): { with: never } => ({ with: { name: 'f', args: list } as never });

describe('the input of a task', () => {
  it('is rendered from params, run, outputs and the attempt', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    const { returned } = await bench.runBody(
      'f',
      args(
        '${{ params.n + 1 }}',
        'day ${{ run.ds }}',
        "${{ tasks['a-b'].output.x }}",
        '${{ tasks.c.state }}',
        '${{ attempt }}',
      ),
      {
        params: { n: 1 },
        run: {
          id: 'd@k',
          key: 'd=k',
          dagId: 'd',
          ds: '2024-01-01',
          dsNodash: '20240101',
          logicalDate: '',
          dataInterval: { start: '', end: '' },
          trigger: 'manual',
        },
        tasks: { 'a-b': { state: 'success', output: { value: { x: [1] } } }, c: { state: 'failed', output: { value: null } } },
      },
      { attempt: 1 },
    );
    expect(returned?.output).toEqual({ value: [2, 'day 2024-01-01', [1], 'failed', 1] });
    expect(returned?.attempts).toEqual([
      { attempt: 1, worker: 'worker-1', startedAt: expect.any(Number), endedAt: expect.any(Number) },
    ]);
  });

  it('loads a stored output only where an expression names it', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    const stored = await writeJson(bench.objects, `${PREFIX}outputs/a/x.json`, { big: 'x'.repeat(5000) });
    const gone = { ref: `${PREFIX}outputs/gone/x.json`, size: 5000, sha256: 'ff' };
    const tasks = { a: { state: 'success', output: stored }, gone: { state: 'success', output: gone } } as const;
    expect(
      (await bench.runBody('f', args('${{ size(tasks.a.output.big) }}', '${{ tasks.gone.state }}'), { tasks })).returned
        ?.output,
    ).toEqual({ value: [5000, 'success'] });
    expect((await bench.runBody('f', args('${{ tasks.gone.output }}'), { tasks })).failed?.failure).toMatchObject({
      kind: 'blob_missing',
      message: expect.stringContaining('gone'),
    });
    const huge = { a: { state: 'success', output: { ...stored, size: 65 * 1024 * 1024 } } } as const;
    expect((await bench.runBody('f', args('${{ tasks.a.output }}'), { tasks: huge })).failed?.failure).toMatchObject({
      kind: 'expression',
      type: 'OutputsTooLarge',
    });
  });

  it('that cannot be evaluated fails the task by name, without another try', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    const { error, failed } = await bench.runBody(
      'f',
      { ...args('${{ params.missing }}'), retry: { ...DEFAULT_RETRY, maxAttempts: 5 } },
      { params: {} },
    );
    expect(error?.nonRetryable).toBe(true);
    expect(failed).toMatchObject({
      failure: { kind: 'expression', message: expect.stringContaining('missing') },
      attempts: [{ attempt: 1, failure: { kind: 'expression' } }],
    });
  });

  it('may be changed by a function without changing what others get', async () => {
    const bench = await TaskBench.create({ user: { f: (list: number[]) => list.splice(0, 0, list.length) && list } });
    const call = await bench.call(args([0]));
    for (let i = 0; i < 2; i++) expect((await bench.run('f', call)).returned?.output).toEqual({ value: [1, 0] });
  });

  it('whose body is gone fails as blob_missing', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    for (const call of [
      { task: 'task', body: 'dags/d/bodies/none.json', prefix: PREFIX },
      { ...(await bench.call({})), task: 'constructor' },
    ]) {
      const { error, failed } = await bench.run('f', call);
      expect(error?.nonRetryable).toBe(true);
      expect(failed?.failure.kind).toBe('blob_missing');
    }
  });
});

describe('secrets', () => {
  it('reach the task and nothing that is stored: masked in log, failure and output, also encoded', async () => {
    const token = 'tökén/with+"quotes"';
    const bench = await TaskBench.create({
      secretValues: { TOKEN: token },
      user: {
        f: (value: string) => {
          currentTask().log.info(`using ${value}`, { value });
          return {
            got: value.length,
            echo: `Bearer ${value}`,
            url: encodeURIComponent(value),
            b64: Buffer.from(value).toString('base64'),
          };
        },
        g: (value: string) => fails(`cannot log in with ${value}`),
      },
    });
    const { returned } = await bench.runBody('f', args('${{ secrets.TOKEN }}'));
    expect(returned?.output).toEqual({ value: { got: token.length, echo: 'Bearer ***', url: '***', b64: '***' } });
    const { failed } = await bench.run('g', await bench.call(args('${{ secrets.TOKEN }}')), {
      attempt: 2,
      heartbeatDetails: { attempts: [], userFailures: 0 },
    });
    expect(failed?.failure.message).toBe('cannot log in with ***');
    for (const attempt of [1, 2]) {
      expect(await bench.log(attempt)).toContain('***');
      expect(await bench.log(attempt)).not.toContain('with+');
    }
  });

  it('that are missing fail the task by name, and are not read for a type that is off', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    expect((await bench.runBody('f', args('${{ secrets.NONE }}'))).failed?.failure).toMatchObject({
      kind: 'error',
      type: 'SecretMissing',
      message: expect.stringContaining('BATON_SECRET_NONE'),
    });
    expect((await bench.runBody('shell', { with: { argv: ['${{ secrets.NONE }}'] } })).failed?.failure).toMatchObject({
      kind: 'type_disabled',
      message: expect.stringContaining('shell'),
    });
  });
});

describe('the output of a task', () => {
  it('travels inline up to the limit, else as a blob; tiny ones always inline', async () => {
    const bench = await TaskBench.create({ user: { f: (n: number) => 'x'.repeat(n) } });
    const output = async (n: number, inlineLimit?: number) =>
      (await bench.runBody('f', args(n), { inlineLimit })).returned?.output;
    expect(await output(4094)).toEqual({ value: 'x'.repeat(4094) });
    const stored = (await output(4095)) as { ref: string; size: number };
    expect(stored).toMatchObject({
      ref: expect.stringMatching(/^runs\/d\/d=k\/1\/outputs\/task\/[0-9a-f]{64}\.json$/),
      size: 4097,
    });
    expect(await readJson(bench.objects, stored.ref)).toBe('x'.repeat(4095));
    expect(await output(150, 0)).toEqual({ value: 'x'.repeat(150) });
    expect(await output(250, 0)).toMatchObject({ size: 252 });
  });

  it('is JSON: undefined is null, dates are text, the rest is refused', async () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const values = [undefined, new Date(0), { a: undefined, b: Number.NaN }, 5n, cycle];
    const bench = await TaskBench.create({ user: { f: (i: number) => values[i] } });
    const run = (i: number) => bench.runBody('f', args(i));
    expect((await run(0)).returned?.output).toEqual({ value: null });
    expect((await run(1)).returned?.output).toEqual({ value: '1970-01-01T00:00:00.000Z' });
    expect((await run(2)).returned?.output).toEqual({ value: { b: null } });
    for (const i of [3, 4]) expect((await run(i)).failed?.failure).toMatchObject({ type: 'OutputNotJson' });
  });

  it('must fit outputSchema; a mismatch is not tried again', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    const body = { outputSchema: { type: 'array', items: { type: 'number' } }, retry: { ...DEFAULT_RETRY, maxAttempts: 3 } };
    expect((await bench.runBody('f', { ...args(1), ...body })).returned).toBeDefined();
    const { error, failed } = await bench.runBody('f', { ...args('one'), ...body });
    expect(error?.nonRetryable).toBe(true);
    expect(failed?.failure).toMatchObject({ kind: 'output_schema', message: expect.stringContaining('/0') });
  });
});

describe('attempts', () => {
  const retry = { ...DEFAULT_RETRY, maxAttempts: 3, intervalMs: 1000, multiplier: 3, maxIntervalMs: 2500 };

  it('are all recorded, with the waits that the policy asks for', async () => {
    const bench = await TaskBench.create({ user: { f: fails } });
    const { calls, delays, failed } = await bench.runToEnd('f', await bench.call({ ...args('no'), retry }));
    expect(calls).toBe(3);
    expect(delays).toEqual([1000, 2500]);
    expect(failed?.attempts.map((a) => [a.attempt, a.failure?.type, a.failure?.message])).toEqual(
      [1, 2, 3].map((n) => [n, 'TypeError', 'no']),
    );
    for (const a of failed?.attempts ?? [])
      expect(a).toMatchObject({ worker: 'worker-1', startedAt: expect.any(Number), endedAt: expect.any(Number) });
  });

  it('end with the first success, which brings the earlier ones along', async () => {
    let calls = 0;
    const bench = await TaskBench.create({ user: { f: () => (++calls < 3 ? fails('not yet') : 'done') } });
    const { returned } = await bench.runToEnd('f', await bench.call({ ...args(), retry }));
    expect(returned?.output).toEqual({ value: 'done' });
    expect(returned?.attempts.map((a) => a.failure?.message)).toEqual(['not yet', 'not yet', undefined]);
  });

  it('lost with their worker are recorded and do not burn the attempts of the user', async () => {
    const bench = await TaskBench.create({ user: { f: fails } });
    const call = await bench.call({ ...args('no'), retry: { ...retry, maxAttempts: 2 } });
    const startedAt = Date.now() - 60_000;
    const lost = await bench.run('f', call, {
      attempt: 2,
      heartbeatDetails: { attempts: [{ attempt: 1, startedAt, worker: 'worker-0' }], userFailures: 0 },
    });
    expect(lost.error?.nonRetryable).toBe(false);
    expect(lost.heartbeats[0]?.attempts).toMatchObject([
      {
        attempt: 1,
        startedAt,
        worker: 'worker-0',
        failure: { kind: 'worker_lost', message: expect.stringContaining('worker-0') },
      },
      { attempt: 2 },
    ]);
    const silent = await bench.run('f', call, { attempt: 5, heartbeatDetails: lost.heartbeats.at(-1) });
    expect(silent.error?.nonRetryable).toBe(true);
    expect(silent.failed?.attempts.map((a) => a.failure?.kind)).toEqual([
      'worker_lost',
      'error',
      'worker_lost',
      'worker_lost',
      'error',
    ]);
  });

  it('lost more often than infraAttempts end the task as worker_lost', async () => {
    let ran = false;
    const bench = await TaskBench.create({ user: { f: () => (ran = true) } });
    const { error, failed } = await bench.run('f', await bench.call({ ...args(), retry: { ...retry, infraAttempts: 2 } }), {
      attempt: 4,
    });
    expect(error?.nonRetryable).toBe(true);
    expect(failed).toMatchObject({ failure: { kind: 'worker_lost', message: expect.stringContaining('infraAttempts (2)') } });
    expect(failed?.attempts).toHaveLength(3);
    expect(ran).toBe(false);
  });

  it('are counted on where an operator lets Temporal begin again', async () => {
    const bench = await TaskBench.create({ user: { f: () => currentTask().info.attempt } });
    const attempts = [1, 2].map((attempt) => ({
      attempt,
      startedAt: 1,
      endedAt: 2,
      failure: { kind: 'error' as const, message: 'x' },
    }));
    const { returned } = await bench.runBody('f', args(), {}, { attempt: 1, heartbeatDetails: { attempts, userFailures: 2 } });
    expect(returned?.output).toEqual({ value: 3 });
  });

  it('are not repeated for nonRetryableErrors, non-retryable failures, and beyond totalTimeout', async () => {
    const bench = await TaskBench.create({
      user: {
        f: fails,
        g: () => {
          throw ApplicationFailure.nonRetryable('never', 'Custom', { code: 7 });
        },
        h: () => {
          throw ApplicationFailure.create({ message: 'later', nextRetryDelay: '7s' });
        },
        i: () => {
          throw new TaskError('Busy', 'busy', { retryAfterMs: 9000 });
        },
      },
    });
    expect(
      (await bench.runBody('f', { ...args(''), retry: { ...retry, nonRetryableErrors: ['TypeError'] } })).error?.nonRetryable,
    ).toBe(true);
    expect(
      (await bench.runBody('f', { ...args(''), retry: { ...retry, nonRetryableErrors: ['RangeError'] } })).error?.nonRetryable,
    ).toBe(false);
    expect((await bench.runBody('f', { ...args(''), retry: { ...retry, totalTimeoutMs: 900 } })).error?.nonRetryable).toBe(
      true,
    );
    expect((await bench.runBody('g', { ...args(), retry })).failed?.failure).toEqual({
      kind: 'error',
      type: 'Custom',
      message: 'never',
      details: { code: 7 },
    });
    expect((await bench.runBody('h', { ...args(), retry })).error?.nextRetryDelay).toBe(7000);
    expect((await bench.runBody('i', { ...args(), retry })).error?.nextRetryDelay).toBe(9000);
  });

  it('wait longer by chance where jitter says so', async () => {
    const bench = await TaskBench.create({ user: { f: fails } });
    for (let i = 0; i < 20; i++) {
      const delay = (await bench.runBody('f', { ...args(''), retry: { ...retry, jitter: 0.5 } })).error
        ?.nextRetryDelay as number;
      expect(delay).toBeGreaterThanOrEqual(1000);
      expect(delay).toBeLessThanOrEqual(1500);
    }
  });

  it('that the object store costs are not the task’s own', async () => {
    const broken = new (class extends FolderStore {
      override async get(key: string): Promise<Uint8Array | undefined> {
        if (key.includes('/outputs/')) throw new ObjectStoreError('io', key, 'the disk is away');
        return super.get(key);
      }
    })((await TaskBench.create()).objects.root);
    const bench = await TaskBench.create({ objects: broken, user: { f: echo } });
    const call = await bench.call(args('${{ tasks.a.output }}'), {
      tasks: { a: { state: 'success', output: { ref: `${PREFIX}outputs/a/x.json`, size: 9, sha256: 'ff' } } },
    });
    await writeJson(broken, call.body, await readJson(bench.objects, call.body));
    const { error, failed } = await bench.run('f', call);
    expect(error).toMatchObject({ nonRetryable: false, nextRetryDelay: 5_000 });
    expect(failed?.failure).toMatchObject({ type: 'ObjectStoreError', message: 'the disk is away' });
  });

  it('stay small enough to travel, however many they are', async () => {
    const bench = await TaskBench.create({ user: { f: () => fails('x'.repeat(100_000)) } });
    const attempts = Array.from({ length: 99 }, (_, i) => ({
      attempt: i + 1,
      startedAt: 1,
      endedAt: 2,
      failure: { kind: 'error' as const, message: 'y'.repeat(2000), details: { a: 'z'.repeat(1000) } },
    }));
    const { error, failed } = await bench.runBody(
      'f',
      { ...args(), retry: { ...retry, maxAttempts: 100 } },
      {},
      { attempt: 100, heartbeatDetails: { attempts, userFailures: 99 } },
    );
    expect(JSON.stringify(error?.details).length).toBeLessThan(100_000);
    expect(failed?.attempts).toHaveLength(100);
  });
});

describe('time', () => {
  it('is bounded by the timeout, which reaches the task and is told as one', async () => {
    let aborted = false;
    const bench = await TaskBench.create({
      user: {
        f: async () => {
          await new Promise((resolve) => Context.current().cancellationSignal.addEventListener('abort', resolve));
          aborted = true;
          throw new Error('cleaned up');
        },
      },
    });
    const { failed, error } = await bench.runBody('f', {
      ...args(),
      timeoutMs: 50,
      retry: { ...DEFAULT_RETRY, maxAttempts: 2 },
    });
    expect(aborted).toBe(true);
    expect(failed?.failure).toMatchObject({ kind: 'timeout', message: expect.stringContaining('50 ms') });
    expect(error?.nonRetryable).toBe(false);
  });

  it('of all attempts is bounded by totalTimeout', async () => {
    const bench = await TaskBench.create({
      user: { f: () => new Promise((_, reject) => Context.current().cancellationSignal.addEventListener('abort', reject)) },
    });
    const { failed, error } = await bench.runBody('f', {
      ...args(),
      retry: { ...DEFAULT_RETRY, maxAttempts: 9, totalTimeoutMs: 40 },
    });
    expect(failed?.failure).toMatchObject({ kind: 'timeout', message: expect.stringContaining('40 ms') });
    expect(error?.nonRetryable).toBe(true);
  });
});

describe('cancelling', () => {
  it('reaches the task, waits for its clean-up, and is told with the attempts', async () => {
    let cleaned = false;
    const bench = await TaskBench.create({
      user: {
        f: async () => {
          await Context.current().cancelled.catch(() => new Promise((resolve) => setTimeout(resolve, 30)));
          cleaned = true;
          throw new CancelledFailure('stopped');
        },
      },
    });
    const error = await bench
      .run('f', await bench.call(args()), {}, (env) => void setTimeout(() => env.cancel('CANCELLED'), 30))
      .catch((e: unknown) => e);
    expect(cleaned).toBe(true);
    expect(error).toBeInstanceOf(CancelledFailure);
    expect((error as CancelledFailure).details[0]).toMatchObject({
      failure: { kind: 'cancelled' },
      attempts: [{ attempt: 1, failure: { kind: 'cancelled' } }],
    });
  });

  it('too late lets a success be a success', async () => {
    const bench = await TaskBench.create({ user: { f: () => Context.current().cancelled.catch(() => 'done anyway') } });
    const { returned } = await bench.run(
      'f',
      await bench.call(args()),
      {},
      (env) => void setTimeout(() => env.cancel('CANCELLED'), 20),
    );
    expect(returned?.output).toEqual({ value: 'done anyway' });
  });
});

describe('the code of a user', () => {
  it('uses Temporal’s context, its log and heartbeats, and finds its own progress again', async () => {
    const bench = await TaskBench.create({
      user: {
        f: () => {
          log.info('from Temporal', { n: 1 });
          currentTask().log.warn('from Baton');
          heartbeat({ page: 7 });
          return [Context.current().info.heartbeatDetails ?? null, currentTask().lastProgress ?? null];
        },
      },
    });
    const first = await bench.runBody('f', args());
    expect(first.heartbeats).toEqual([
      { attempts: [expect.objectContaining({ attempt: 1 })], userFailures: 0, user: { page: 7 } },
    ]);
    expect(await bench.log()).toMatch(/ info from Temporal \{"n":1\}\n.* warn from Baton\n/);
    const second = await bench.runBody('f', args(), {}, { attempt: 2, heartbeatDetails: first.heartbeats[0] });
    expect(second.returned?.output).toEqual({ value: [{ page: 7 }, { page: 7 }] });
  });

  it('knows its run, task and attempt, and a key that is the same for every attempt', async () => {
    const bench = await TaskBench.create({ user: { f: () => ({ ...currentTask().info }) } });
    const call = await bench.call(args());
    const infos = await Promise.all(
      [1, 2].map(async (attempt) => {
        const { returned } = await bench.run('f', call, { attempt });
        return returned !== undefined && 'value' in returned.output ? (returned.output.value as JsonObject) : {};
      }),
    );
    expect(infos[0]).toMatchObject({
      taskId: 'task',
      attempt: 1,
      prefix: PREFIX,
      idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(infos[1]).toEqual({ ...infos[0], attempt: 2 });
    expect(() => currentTask()).toThrow(/outside of a task/);
  });

  it('costs no heartbeat and no log while it is short and silent', async () => {
    const bench = await TaskBench.create({ user: { f: echo } });
    expect((await bench.runBody('f', args(1))).heartbeats).toEqual([]);
    expect(await bench.log()).toBe('');
  });

  it('that nobody has is named, with what there is', async () => {
    const bench = await TaskBench.create({ user: { listParts: echo } });
    const { failed, error } = await bench.runBody('default', { with: { name: 'listPartz', args: [] } });
    expect(error?.nonRetryable).toBe(true);
    expect(failed?.failure).toMatchObject({ kind: 'unknown_activity', message: expect.stringMatching(/listPartz.*listParts/) });
  });
});
