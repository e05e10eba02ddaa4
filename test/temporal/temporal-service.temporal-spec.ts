import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { runPrefix } from '../../src/objects/keys.js';
import { EmbeddedServer } from '../../src/temporal/embedded-server.js';
import { freePort } from '../../src/temporal/local-port.js';
import { type Log, QUIET } from '../../src/temporal/log.js';
import { TemporalUnavailableError } from '../../src/temporal/temporal-error.js';
import { TemporalService } from '../../src/temporal/temporal-service.js';
import { type DagRunInput, RETENTION_ID } from '../../workflows/contract.js';
import { temporalBinary } from '../support/temporal-binary.js';

let home: string;
const open: { stop(): Promise<void> }[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'baton-service-'));
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
  await rm(home, { recursive: true, force: true });
});

async function service(env: { readonly [name: string]: string } = {}, log: Log = QUIET): Promise<TemporalService> {
  const config = loadConfig({
    HOME: home,
    PATH: process.env['PATH'],
    BATON_HOME: home,
    BATON_TEMPORAL_PORT: '0',
    BATON_TEMPORAL_UI_PORT: '0',
    BATON_TEMPORAL_BIN: await temporalBinary(),
    ...env,
  });
  const made = await TemporalService.open(config, new FolderStore(config.objects.root), log);
  open.push(made);
  return made;
}
async function serverOn(port: number): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.start({
    home,
    port,
    uiPort: 0,
    namespace: 'default',
    binary: await temporalBinary(),
    cacheDir: home,
    env: process.env,
    log: QUIET,
  });
  open.push(server);
  return server;
}

test('an embedded server is prepared at the first start, and again without a change at the next', async () => {
  const first = await service();
  await first.start();
  await expect.poll(async () => (await first.health()).workers, { timeout: 30_000 }).toBe('running');
  expect(await first.health()).toEqual({ reachable: true, prepared: true, workers: 'running' });
  const { client } = first.connection;
  const { config } = await client.workflowService.describeNamespace({ namespace: 'default' });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
  expect((await client.schedule.getHandle(RETENTION_ID).describe()).action).toMatchObject({
    workflowType: 'retention',
    taskQueue: 'baton-system',
  });
  await first.stop();

  const second = await service({ BATON_RETENTION: '40d', BATON_WORKER_CACHE: '0' });
  await second.start();
  expect(
    Number(
      (await second.connection.client.workflowService.describeNamespace({ namespace: 'default' })).config
        ?.workflowExecutionRetentionTtl?.seconds,
    ),
  ).toBe(40 * 86_400);
  await second.connection.client.schedule.getHandle(RETENTION_ID).trigger();
  // Swept by our own worker.
  await expect
    .poll(
      async () =>
        (await second.connection.client.workflow.count("WorkflowType = 'retention' AND ExecutionStatus = 'Completed'")).count,
      { timeout: 30_000 },
    )
    .toBe(1);
}, 120_000);

test('with Temporal away everything says so within 5 s, and works by itself once it comes', async () => {
  const port = await freePort();
  const warnings: string[] = [];
  const away = await service(
    { TEMPORAL_ADDRESS: `127.0.0.1:${port}` },
    { ...QUIET, warn: (_, message) => warnings.push(message) },
  );
  const started = away.start();
  const began = Date.now();
  const calls = [
    away.dags.head('a'),
    away.runs.list({ limit: 1 }),
    away.runs.get('a@b'),
    away.dags.put('a', { hash: 'h', specKey: 's', planKey: 'p', planBytes: 1 }),
  ];
  await Promise.all(calls.map((call) => expect(call).rejects.toThrow(TemporalUnavailableError)));
  expect(Date.now() - began).toBeLessThan(5_000);
  expect(await away.health()).toMatchObject({
    reachable: false,
    prepared: false,
    problem: expect.stringContaining('Temporal'),
  });
  await serverOn(port);
  await started;
  await expect.poll(async () => (await away.health()).workers, { timeout: 30_000 }).toBe('running');
  expect(await away.dags.put('a', { hash: 'h', specKey: 's', planKey: 'p', planBytes: 1 })).toMatchObject({
    outcome: 'created',
  });
  // A foreign namespace is left as it is, and that is said.
  expect(
    warnings.some((warning) => warning.includes('temporal operator namespace update --namespace default --retention 720h')),
  ).toBe(true);
}, 120_000);

test('a service can be stopped while Temporal is away', async () => {
  const away = await service({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
  const started = away.start();
  await away.stop();
  await started;
}, 30_000);

test('a Temporal server that is killed in mid-run comes back, and the run completes', async () => {
  const running = await service();
  await running.start();
  await expect.poll(async () => (await running.health()).workers, { timeout: 30_000 }).toBe('running');
  const key = 'k=a';
  const plan: DagPlan = {
    format: 1,
    dagId: 'k',
    maxActiveTasks: 4,
    failFast: false,
    bodies: [],
    timeoutMs: 6_000,
    tasks: [
      { id: 'a', type: 'noop' },
      {
        id: 'b',
        type: 'activity',
        activity: {
          name: 'x',
          queue: 'nobody',
          foreign: { args: [] },
          timeoutMs: 60_000,
          retry: { maxAttempts: 1, infraAttempts: 0, intervalMs: 1, multiplier: 1, maxIntervalMs: 1, jitter: 0 },
        },
      },
    ],
  };
  const input: DagRunInput = {
    run: {
      runId: 'k@a',
      dagId: 'k',
      version: 1,
      execution: 1,
      dated: false,
      params: {},
      acceptedAt: Date.now(),
      scope: {
        id: 'k@a',
        key,
        dagId: 'k',
        ds: '2026-01-01',
        dsNodash: '20260101',
        logicalDate: '2026-01-02T00:00:00Z',
        dataInterval: { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' },
        trigger: 'manual',
      },
    },
    planKey: 'p',
    plan,
    prefix: runPrefix('k', key, 1),
  };
  await running.runs.start(input);
  await expect.poll(async () => (await running.runs.get('k@a'))?.head.counts.success).toBe(1);
  process.kill(JSON.parse(await readFile(join(home, 'temporal.pid'), 'utf8')).server, 'SIGKILL');
  await expect
    .poll(
      () =>
        running.runs.get('k@a').then(
          (view) => view?.head.failure?.kind,
          () => 'away',
        ),
      { timeout: 40_000, interval: 100 },
    )
    .toBe('run_timeout');
  const { head } = (await running.runs.get('k@a'))!;
  // The run's own timeout was due after 6 s; the outage adds little.
  expect(head.endedAt! - head.startedAt).toBeLessThan(9_000);
}, 90_000);
