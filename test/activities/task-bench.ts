import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/activity-deps.js';
import type { HeartbeatDetails } from '../../activities/attempt-history.js';
import { createActivities } from '../../activities/create-activities.js';
import { TASK_FAILED, type TaskCall, type TaskFailedDetails, type TaskReturn } from '../../activities/task-call.js';
import type { TaskBody } from '../../src/dag/plan.js';
import { FolderStore } from '../../src/objects/folder-store.js';
import { writeJson } from '../../src/objects/json-blob.js';
import { bodiesKey } from '../../src/objects/keys.js';
import { readLog } from '../../src/objects/log-reader.js';
import { WITHOUT_TEMPORAL } from '../support/without-temporal.js';

export const PREFIX = 'runs/d/d=k/1/';
export const DEFAULT_RETRY = {
  maxAttempts: 1,
  infraAttempts: 3,
  intervalMs: 10_000,
  multiplier: 2,
  maxIntervalMs: 300_000,
  jitter: 0,
};

/** How one call of an activity ended. */
export interface Outcome {
  readonly returned?: TaskReturn;
  readonly failed?: TaskFailedDetails;
  readonly error?: ApplicationFailure;
  readonly heartbeats: HeartbeatDetails[];
}

/** Activities on a real store in a fresh folder, called as a worker calls them but without a server. */
export class TaskBench {
  static async create(
    deps: Partial<ActivityDeps> & {
      readonly secretValues?: { readonly [name: string]: string };
      readonly user?: { readonly [name: string]: (...args: never[]) => unknown };
    } = {},
  ): Promise<TaskBench> {
    const objects = new FolderStore(await mkdtemp(join(tmpdir(), 'baton-bench-')));
    const { secretValues = {}, user = {}, ...rest } = deps;
    const activities = createActivities({
      objects,
      temporal: { ...WITHOUT_TEMPORAL, executionIsOpen: async () => true },
      secrets: { read: async (name) => secretValues[name] },
      worker: 'worker-1',
      userActivities: new Map(Object.entries(user)),
      ...rest,
    });
    return new TaskBench(objects, activities);
  }

  private constructor(
    readonly objects: FolderStore,
    readonly activities: ReturnType<typeof createActivities>,
  ) {}

  /** Stores a body and gives the call of its task. */
  async call(body: Partial<TaskBody>, call: Partial<TaskCall> = {}): Promise<TaskCall> {
    const blob = { task: { type: 'activity', with: {}, timeoutMs: 60_000, retry: DEFAULT_RETRY, ...body } };
    const key = bodiesKey('d', `${Math.random().toString(16).slice(2)}0`);
    await writeJson(this.objects, key, blob);
    return { task: 'task', body: key, prefix: PREFIX, ...call };
  }

  async run(
    name: string,
    call: TaskCall,
    info: Partial<Info> = {},
    during?: (env: MockActivityEnvironment) => void,
  ): Promise<Outcome> {
    const env = new MockActivityEnvironment({ heartbeatTimeoutMs: 30_000, ...info }, { logger: new DefaultLogger('ERROR') });
    const heartbeats: HeartbeatDetails[] = [];
    env.on('heartbeat', (details: HeartbeatDetails) => heartbeats.push(details));
    during?.(env);
    try {
      const returned = (await env.run(this.activities[name] as (call: TaskCall) => Promise<TaskReturn>, call)) as TaskReturn;
      return { returned, heartbeats };
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== TASK_FAILED) throw error;
      return { failed: error.details?.[0] as TaskFailedDetails, error, heartbeats };
    }
  }

  /** Stores a body and calls it once. */
  async runBody(
    name: string,
    body: Partial<TaskBody>,
    call: Partial<TaskCall> = {},
    info: Partial<Info> = {},
  ): Promise<Outcome> {
    return this.run(name, await this.call(body, call), info);
  }

  /** Calls again and again as the server would, with what the last heartbeat said; at most 20 times. */
  async runToEnd(name: string, call: TaskCall): Promise<Outcome & { readonly calls: number; readonly delays: unknown[] }> {
    const delays: unknown[] = [];
    let details: unknown;
    for (let attempt = 1; attempt <= 20; attempt++) {
      const outcome = await this.run(name, call, { attempt, heartbeatDetails: details });
      if (outcome.error === undefined || outcome.error.nonRetryable === true) return { ...outcome, calls: attempt, delays };
      delays.push(outcome.error.nextRetryDelay ?? null);
      details = outcome.heartbeats.at(-1);
    }
    throw new Error('the task did not end in 20 attempts');
  }

  async log(attempt = 1): Promise<string> {
    return (await readLog(this.objects, PREFIX, 'task', attempt)).text;
  }
}
