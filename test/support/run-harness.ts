import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/create-activities.js';
import { Secrets } from '../../activities/secrets.js';
import type { LastAttemptsInput, TemporalPort } from '../../activities/system-calls.js';
import type { ChildEnd } from '../../src/dag/child-end.js';
import { runKeyOf } from '../../src/dag/child-id.js';
import { type CompiledDag, compile } from '../../src/dag/compile.js';
import type { BodiesBlob, DagPlan, TaskBody } from '../../src/dag/plan.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { readJson, writeJson } from '../../src/objects/json-blob.js';
import { prefixOfRun, reportKey, runPrefix } from '../../src/objects/keys.js';
import { checkSpecObject } from '../../src/spec/check-spec.js';
import { lastAttempts } from '../../src/temporal/last-attempts.js';
import {
  DAG_RUN,
  type DagRunInput,
  RUN_MEMO,
  type RunMemo,
  type RunReport,
  SEARCH_ATTRIBUTES,
  type TaskRecord,
} from '../../workflows/contract.js';
import { taskOf } from './plan-builder.js';
import { temporalBinary } from './temporal-binary.js';
import { WITHOUT_TEMPORAL } from './without-temporal.js';
import { workflowBundle } from './workflow-bundle.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

type UserActivity = (...args: never[]) => unknown;

/** A Temporal server of its own, an object store in a folder, and workers that run `dagRun` with real activities. */
export class RunHarness {
  readonly queue = 'test';
  private runs = 0;

  private constructor(
    readonly environment: TestWorkflowEnvironment,
    readonly store: FolderStore,
    readonly folder: string,
  ) {}

  static async start(): Promise<RunHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'baton-run-'));
    const environment = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: await temporalBinary() },
        extraArgs: [
          ...[
            'history.transferProcessorMaxPollRPS=2000',
            'history.timerProcessorMaxPollRPS=2000',
            'history.visibilityProcessorMaxPollRPS=200',
            'system.enableActivityEagerExecution=true',
          ].flatMap((value) => ['--dynamic-config-value', value]),
          ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${TYPES[type]}`]),
        ],
      },
    });
    return new RunHarness(environment, new FolderStore(join(folder, 'objects')), folder);
  }

  async stop(): Promise<void> {
    await this.environment.teardown();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A worker of the run queue. `cache: 0` replays every run at every step: a detector of anything not deterministic. */
  async worker(
    activities: { readonly [name: string]: UserActivity } = {},
    options: { readonly cache?: number; readonly queue?: string; readonly temporal?: Partial<TemporalPort> } = {},
  ): Promise<Worker> {
    return Worker.create({
      connection: this.environment.nativeConnection,
      taskQueue: options.queue ?? this.queue,
      workflowBundle: await workflowBundle(),
      maxCachedWorkflows: options.cache ?? 100,
      // Without a cache a run would be evicted in the middle of a local activity whenever another one is worked on.
      ...(options.cache === 0 ? { maxConcurrentWorkflowTaskExecutions: 1, maxConcurrentWorkflowTaskPolls: 1 } : {}),
      // A cancelled activity hears of it with its next heartbeat: without this after 24 s.
      maxHeartbeatThrottleInterval: '200ms',
      activities: createActivities({
        objects: this.store,
        worker: 'worker-1',
        secrets: new Secrets(() => undefined),
        userActivities: new Map(Object.entries(activities)),
        sql: { dataFolders: [this.folder] },
        http: { allowPrivateHosts: ['127.0.0.1'] },
        temporal: {
          ...WITHOUT_TEMPORAL,
          isOpen: async () => true,
          childEnd: (runId: string) => this.childEnd(runId),
          executionIsOpen: async (runId: string) => (await this.describe(runId)).status.name === 'RUNNING',
          countPollers: (queue: string) => this.pollers(queue),
          lastAttempts: ({ activityIds, ...execution }: LastAttemptsInput) => {
            const { client, namespace = 'default' } = this.environment;
            return lastAttempts(client.workflowService, { namespace, ...execution }, activityIds);
          },
          ...options.temporal,
        },
      }),
    });
  }

  /** A worker of somebody else: activities that get their arguments as they are, and no workflows. */
  foreignWorker(
    taskQueue: string,
    activities: { readonly [name: string]: (...args: never[]) => Promise<unknown> },
  ): Promise<Worker> {
    return Worker.create({ connection: this.environment.nativeConnection, taskQueue, activities });
  }

  /** Starts a run of a plan whose activities, those of hooks included, are all user activities with these arguments. */
  async start(
    plan: DagPlan,
    options: {
      readonly params?: DagRunInput['run']['params'];
      readonly bodies?: { readonly [id: string]: Partial<TaskBody> };
      readonly inline?: boolean;
      readonly queue?: string;
      readonly more?: Partial<DagRunInput>;
    } = {},
  ) {
    const name = `run-${++this.runs}`;
    const runId = `${plan.dagId}@${name}`;
    const key = runKeyOf(runId);
    const prefix = runPrefix(plan.dagId, key, 1);
    const { planKey, stored } = await this.storePlan(plan, prefix, options.bodies);
    const instant = '2026-01-02T00:00:00Z';
    const input: DagRunInput = {
      run: {
        runId,
        dagId: plan.dagId,
        version: 1,
        execution: 1,
        dated: false,
        acceptedAt: Date.now(),
        params: options.params ?? {},
        scope: {
          id: runId,
          key,
          dagId: plan.dagId,
          ds: '2026-01-01',
          dsNodash: '20260101',
          logicalDate: instant,
          dataInterval: { start: '2026-01-01T00:00:00Z', end: instant },
          trigger: 'manual',
        },
      },
      planKey,
      plan: options.inline === false ? undefined : stored,
      prefix,
      ...options.more,
    };
    const handle = await this.environment.client.workflow.start(DAG_RUN, {
      workflowId: runId,
      taskQueue: options.queue ?? this.queue,
      args: [input],
    });
    return { handle, prefix, runId, input, report: () => this.report(prefix) };
  }

  /** Starts a run of a spec that is right, its SubDAGs written in place stored before. */
  async startSpec(spec: object, options: Omit<NonNullable<Parameters<RunHarness['start']>[1]>, 'bodies'> = {}) {
    const { dag, issues } = checkSpecObject(spec, { ownQueues: [] });
    if (dag === undefined) throw new Error(JSON.stringify(issues));
    const { plan, bodies } = await this.storeSubs(compile(dag, { ownQueues: [] }));
    return this.start(plan, { ...options, bodies });
  }

  private async storeSubs({ bodies, subs, plan }: CompiledDag) {
    if (bodies.length > 1) throw new Error('the spec has more bodies than one blob takes');
    const keys: string[] = [];
    for (const sub of subs) {
      const stored = await this.storeSubs(sub);
      keys.push((await this.storePlan(stored.plan, undefined, stored.bodies)).planKey);
    }
    return {
      plan: plan(
        bodies.map(() => ''),
        keys,
      ),
      bodies: bodies[0] ?? {},
    };
  }

  /** Puts a file where waits and SQL of this harness look. */
  async write(name: string): Promise<void> {
    const file = join(this.folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'done');
  }

  /** Stores a plan with its bodies: of a run, or of a SubDAG, whose key is named in the plan of its parent. */
  async storePlan(
    plan: DagPlan,
    prefix = `plans/${++this.runs}/`,
    given: { readonly [id: string]: Partial<TaskBody> } = {},
  ): Promise<{ readonly planKey: string; readonly stored: DagPlan }> {
    const bodies: BodiesBlob = Object.fromEntries(
      [
        ...plan.tasks,
        ...(plan.hooks ?? []).map(({ task }) => task),
        ...(plan.deadlines ?? []).flatMap(({ hook }) => (hook === undefined ? [] : [hook])),
        ...plan.tasks.flatMap(({ hooks }) => Object.values(hooks ?? {}).flat()),
      ]
        .filter((task) => task.activity?.body !== undefined || task.wait?.poll !== undefined)
        .map((task) => [
          task.id,
          {
            type: task.type,
            with: { args: [] },
            timeoutMs: task.activity?.timeoutMs ?? 60_000,
            retry: task.activity?.retry ?? taskOf('activity').activity!.retry,
            ...given[task.id],
          },
        ]),
    );
    const bodyKey = `${prefix}bodies.json`;
    const planKey = `${prefix}plan.json`;
    const stored: DagPlan = { ...plan, bodies: [bodyKey] };
    await writeJson(this.store, bodyKey, bodies);
    await writeJson(this.store, planKey, stored);
    return { planKey, stored };
  }

  /** The report of a closed run, its tasks by id. */
  async report(prefix: string): Promise<RunReport['head'] & { readonly tasks: { readonly [id: string]: TaskRecord } }> {
    const report = await readJson<RunReport>(this.store, reportKey(prefix));
    if (report === undefined) throw new Error(`no report below ${prefix}`);
    const records =
      'records' in report.tasks
        ? report.tasks.records
        : (await Promise.all(report.tasks.pages.map((page) => readJson<TaskRecord[]>(this.store, page)))).flat();
    return { ...report.head, tasks: Object.fromEntries(records.map((record) => [record!.taskId, record!])) };
  }

  private describe(runId: string) {
    return this.environment.client.workflow.getHandle(runId).describe();
  }

  private async childEnd(runId: string): Promise<ChildEnd | undefined> {
    const { status, memo } = await this.describe(runId);
    if (status.name === 'RUNNING') return undefined;
    const report = await readJson<RunReport>(this.store, reportKey(prefixOfRun(memo?.[RUN_MEMO] as RunMemo)));
    return report?.end ?? { state: 'failed', failure: { kind: 'terminated', message: 'ended from outside' } };
  }

  private async pollers(queue: string): Promise<number> {
    const { pollers } = await this.environment.client.workflowService.describeTaskQueue({
      namespace: this.environment.namespace ?? 'default',
      taskQueue: { name: queue },
      taskQueueType: 2,
    });
    return pollers?.length ?? 0;
  }
}

const TYPES = { KEYWORD: 'Keyword', DATETIME: 'Datetime', KEYWORD_LIST: 'KeywordList' } as const;
