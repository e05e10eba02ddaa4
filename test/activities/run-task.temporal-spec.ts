import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/create-activities.js';
import type { TaskCall, TaskFailedDetails, TaskReturn } from '../../activities/task-call.js';
import type { RetryPlan, TaskBody } from '../../src/dag/plan.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { writeJson } from '../../src/objects/json-blob.js';
import { bodiesKey } from '../../src/objects/keys.js';
import { WITHOUT_TEMPORAL } from '../support/without-temporal.js';
import { DEFAULT_RETRY, PREFIX } from './task-bench.js';
import { temporalEnvironment } from './temporal-environment.js';

interface Ended {
  returned?: TaskReturn;
  failed?: TaskFailedDetails;
  cancelled?: TaskFailedDetails;
  other?: string;
}

let env: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let objects: FolderStore;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  env = await temporalEnvironment();
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./run-one.workflow.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  objects = new FolderStore(await mkdtemp(join(tmpdir(), 'baton-temporal-')));
}, 120_000);
afterAll(async () => env?.teardown());

const makeWorker = (
  taskQueue: string,
  identity: string,
  user: { [name: string]: (...args: never[]) => unknown } = {},
): Promise<Worker> =>
  Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    identity,
    workflowBundle,
    maxHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: '100ms',
    activities: createActivities({
      objects,
      temporal: { ...WITHOUT_TEMPORAL, executionIsOpen: async () => true },
      secrets: { read: async () => undefined },
      worker: identity,
      enabledTaskTypes: ['shell'],
      userActivities: new Map(Object.entries(user)),
    }),
  });

async function start(
  taskQueue: string,
  activity: string,
  body: Partial<TaskBody>,
  retry: Partial<RetryPlan> = {},
  heartbeatTimeout = '30s',
) {
  const plan = { ...DEFAULT_RETRY, ...retry };
  const key = bodiesKey('d', randomUUID());
  await writeJson(objects, key, { task: { type: 'activity', with: {}, timeoutMs: 60_000, retry: plan, ...body } });
  const call: TaskCall = { task: 'task', body: key, prefix: PREFIX };
  const options = {
    startToCloseTimeout: '70s',
    heartbeatTimeout,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumAttempts: plan.maxAttempts + plan.infraAttempts, initialInterval: '100ms', maximumInterval: '10s' },
  };
  return env.client.workflow.start('runOne', { taskQueue, workflowId: randomUUID(), args: [activity, call, options] });
}
type Handle = Awaited<ReturnType<typeof start>>;
const ended = (handle: Handle): Promise<Ended> => handle.result() as Promise<Ended>;

async function until<T>(what: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + 20_000; ; ) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error('the condition was not met within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
/** True once the server knows the heartbeat of the one activity. */
const hasHeartbeat = async (handle: Handle): Promise<boolean> =>
  (await handle.describe()).raw.pendingActivities?.[0]?.heartbeatDetails != null;

describe('a task on a real server', () => {
  it('is tried again after the waits of its policy, and tells all attempts', async () => {
    const starts: number[] = [];
    const worker = await makeWorker('retry', 'w1', {
      flaky: () => {
        starts.push(Date.now());
        if (starts.length < 3) throw new RangeError(`not yet ${starts.length}`);
        return 'done';
      },
    });
    const { returned } = await worker.runUntil(async () =>
      ended(await start('retry', 'flaky', {}, { maxAttempts: 3, intervalMs: 600, multiplier: 2 })),
    );
    expect(returned?.output).toEqual({ value: 'done' });
    expect(returned?.attempts.map((a) => [a.attempt, a.worker, a.failure?.kind, a.failure?.type, a.failure?.message])).toEqual([
      [1, 'w1', 'error', 'RangeError', 'not yet 1'],
      [2, 'w1', 'error', 'RangeError', 'not yet 2'],
      [3, 'w1', undefined, undefined, undefined],
    ]);
    expect((starts[1] as number) - (starts[0] as number)).toBeGreaterThanOrEqual(600);
    expect((starts[2] as number) - (starts[1] as number)).toBeGreaterThanOrEqual(1200);
  }, 30_000);

  it('fails after its last attempt, once, with all of them', async () => {
    let calls = 0;
    const worker = await makeWorker('fail', 'w1', {
      broken: () => {
        calls++;
        throw new Error('always');
      },
    });
    const { failed } = await worker.runUntil(async () =>
      ended(await start('fail', 'broken', {}, { maxAttempts: 2, intervalMs: 10 })),
    );
    expect(failed).toMatchObject({ failure: { kind: 'error', message: 'always' }, attempts: [{ attempt: 1 }, { attempt: 2 }] });
    expect(calls).toBe(2);
  }, 30_000);

  it('whose activity nobody has fails by name at once', async () => {
    const worker = await makeWorker('unknown', 'w1');
    const { failed } = await worker.runUntil(async () =>
      ended(await start('unknown', 'nobodyHasThis', { with: { name: 'nobodyHasThis' } }, { maxAttempts: 5 })),
    );
    expect(failed).toMatchObject({ failure: { kind: 'unknown_activity' }, attempts: [{ attempt: 1 }] });
  }, 30_000);

  it('survives a worker that is killed: the lost attempt is told and not the user’s', async () => {
    const child: ChildProcess = spawn(
      process.execPath,
      [
        '--import',
        fileURLToPath(new URL('../support/ts-loader.mjs', import.meta.url)),
        fileURLToPath(new URL('./worker-process.ts', import.meta.url)),
        env.address,
        'lost',
        objects.root,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    // Workflows run here, the activity there: no worker of ours takes activities before the other is dead.
    const workflows = await Worker.create({ connection: env.nativeConnection, taskQueue: 'lost', workflowBundle });
    const handle = await workflows
      .runUntil(async () => {
        const hook = { name: 'note', args: ['${{ task.failure.kind }}', '${{ attempt }}'] };
        const retryHooks = [{ name: 'task hook retry', type: 'activity' as const, with: hook, timeoutMs: 10_000 }];
        const started = await start('lost', 'work', { retryHooks }, { maxAttempts: 1 }, '2s');
        await until(() => hasHeartbeat(started));
        return started;
      })
      .finally(() => child.kill('SIGKILL'));
    if (child.signalCode === null) await once(child, 'exit');
    const notes: unknown[] = [];
    const note = (...args: unknown[]) => notes.push(args);
    const survivor = await makeWorker('lost', 'w2', { note, work: () => ['rescued', notes.length] });
    const { returned } = await survivor.runUntil(() => ended(handle));
    expect(returned?.output).toEqual({ value: ['rescued', 1] });
    // The hooks between the two attempts could run here only.
    expect(notes).toEqual([['worker_lost', 1]]);
    expect(returned?.hooks).toMatchObject([{ hook: 'retry', attempt: 1, state: 'success' }]);
    expect(returned?.attempts).toMatchObject([
      {
        attempt: 1,
        worker: 'worker-to-kill',
        startedAt: expect.any(Number),
        failure: { kind: 'worker_lost', message: expect.stringContaining('worker-to-kill') },
      },
      { attempt: 2, worker: 'w2' },
    ]);
    expect(returned?.attempts[0]?.endedAt).toBeUndefined();
  }, 60_000);

  it('that its worker leaves at shutdown goes on elsewhere, the attempt not the user’s', async () => {
    const first = await makeWorker('shutdown', 'w1', {
      work: () =>
        new Promise(
          (_, reject) => void import('@temporalio/activity').then(({ Context }) => Context.current().cancelled.catch(reject)),
        ),
    });
    const handle = await first.runUntil(async () => {
      const started = await start('shutdown', 'work', {}, { maxAttempts: 1 }, '2s');
      await until(() => hasHeartbeat(started));
      return started;
    });
    const second = await makeWorker('shutdown', 'w2', { work: () => 'gone on' });
    const { returned } = await second.runUntil(() => ended(handle));
    expect(returned?.output).toEqual({ value: 'gone on' });
    expect(returned?.attempts).toMatchObject([
      { attempt: 1, worker: 'w1', failure: { kind: 'worker_lost', message: expect.stringContaining('shut down') } },
      { attempt: 2, worker: 'w2' },
    ]);
  }, 60_000);

  it('that is cancelled ends its whole process group and is told as cancelled', async () => {
    const pids = join(await mkdtemp(join(tmpdir(), 'baton-cancel-')), 'pids');
    const worker = await makeWorker('cancel', 'w1');
    const { cancelled } = await worker.runUntil(async () => {
      const handle = await start(
        'cancel',
        'shell',
        { type: 'shell', with: { argv: ['/bin/sh', '-c', `sleep 1000 & echo $! >> ${pids}; echo $$ >> ${pids}; wait`] } },
        {},
        '6s',
      );
      await until(async () => (await readFile(pids, 'utf8').catch(() => '')).split('\n').length === 3);
      await handle.cancel();
      return ended(handle);
    });
    expect(cancelled).toMatchObject({
      failure: { kind: 'cancelled' },
      attempts: [{ attempt: 1, worker: 'w1', failure: { kind: 'cancelled' } }],
    });
    for (const pid of (await readFile(pids, 'utf8')).trim().split('\n')) {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      expect(stat === undefined || /^\d+ \(.*\) Z/.test(stat)).toBe(true);
    }
  }, 60_000);
});
