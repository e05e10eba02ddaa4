import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { itemName } from '../../dag/map/item-source.js';
import type { TaskPlan } from '../../dag/plan.js';
import { prefixOfRun } from '../../objects/keys.js';
import { type LogPiece, loggedAttempts, readLog } from '../../objects/log-reader.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { BlobStore } from '../blob-store.js';
import { Problem } from '../errors/problem.js';
import type { RunName } from './run-id.js';
import { RunPlans } from './run-plans.js';
import { RunsService } from './runs.service.js';
import { ShutdownSignal } from './shutdown-signal.js';

/** The log of one attempt of a task, of an item of a map, or of a hook. */
export interface AttemptLog {
  /** What the store calls it. */
  readonly name: string;
  readonly attempt: number;
  /** Key prefix of the execution. */
  readonly prefix: string;
  /** Whether nothing more will be written. */
  readonly isOver: () => Promise<boolean>;
}

/** Where none is written, why. */
export interface NoLog {
  readonly reason: string;
}

/** Which hook of a run: of the DAG, or of a task. */
export interface HookName {
  readonly taskId?: string;
  readonly hook: string;
  /** Where it stands in a list of several, from 0. */
  readonly index?: number;
}

/** Logs are written in chunks each second; looking more often finds nothing new. */
const FOLLOW_MS = 500;
const FINAL = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);

/** Logs of tasks and hooks, read from the object store: no worker is needed for what has been written. */
@Injectable()
export class TaskLogs {
  constructor(
    private readonly runs: RunsService,
    private readonly plans: RunPlans,
    private readonly gateway: RunGateway,
    private readonly blobs: BlobStore,
    private readonly shutdown: ShutdownSignal,
  ) {}

  /** Finds the log of a task. Throws 404 for the run, the task and the attempt. */
  async ofTask(run: RunName, taskId: string, attempt: number | undefined, item?: number): Promise<AttemptLog | NoLog> {
    const { prefix, plan } = await this.planOf(run);
    const task = taskIn(plan.tasks, run, taskId);
    const reason = reasonForNone(task);
    if (reason !== undefined) return { reason };
    if ((item === undefined) !== (task.map === undefined)) {
      throw new Problem(
        'log_not_found',
        task.map === undefined
          ? `The task ${taskId} is no map: its log has no items.`
          : `The task ${taskId} is a map, and each of its items has a log: name one by item=.`,
      );
    }
    const name = itemName(taskId, item === undefined ? undefined : { index: item });
    const found = await this.attemptOf(name, prefix, attempt, `task ${taskId}`);
    return { name, prefix, attempt: found, isOver: () => this.isTaskOver(run, taskId, item, found) };
  }

  /** Finds the log of a hook. Throws 404 for the run, the task, the hook and the attempt. */
  async ofHook(run: RunName, hookName: HookName, attempt: number | undefined): Promise<AttemptLog | NoLog> {
    const { prefix, plan } = await this.planOf(run);
    const { taskId, hook, index } = hookName;
    const own = taskId === undefined ? undefined : taskIn(plan.tasks, run, taskId).hooks;
    const hooks: readonly TaskPlan[] =
      taskId === undefined
        ? (plan.hooks ?? []).filter(({ on }) => on === hook).map(({ task }) => task)
        : (Object.entries(own ?? {}).find(([on]) => on === hook)?.[1] ?? []);
    const whose = taskId === undefined ? `DAG ${run.dagId}` : `task ${taskId}`;
    if (index === undefined && hooks.length > 1)
      throw new Problem('log_not_found', `The ${whose} has ${hooks.length} hooks ${hook}: name one by index=, from 0.`);
    const task = hooks[index ?? 0];
    if (task === undefined)
      throw new Problem('log_not_found', `The ${whose} has no hook ${hook}${index === undefined ? '' : ` ${index}`}.`);
    const reason = reasonForNone(task);
    if (reason !== undefined) return { reason };
    const found = await this.attemptOf(task.id, prefix, attempt, `hook ${hook} of ${whose}`);
    return { name: task.id, prefix, attempt: found, isOver: () => this.isHookOver(run, hookName) };
  }

  /** A piece of the log from byte `offset` on. */
  read({ prefix, name, attempt }: AttemptLog, offset: number): Promise<LogPiece> {
    return readLog(this.blobs.objects, prefix, name, attempt, { offset });
  }

  /** Pieces as they are written, until the attempt is over, the reader leaves or the service stops. */
  async *follow(log: AttemptLog, offset: number, gone: AbortSignal): AsyncGenerator<string> {
    const signal = AbortSignal.any([gone, this.shutdown.signal]);
    while (!signal.aborted) {
      // Asked before reading: what is written until the answer is read below.
      const over = await log.isOver();
      for (let piece = await this.read(log, offset); piece.nextOffset > offset; piece = await this.read(log, offset)) {
        offset = piece.nextOffset;
        yield piece.text;
      }
      if (over) return;
      await delay(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async planOf(run: RunName) {
    const head = await this.runs.head(run);
    return { prefix: prefixOfRun(head.run), plan: await this.plans.of(head) };
  }

  /** The attempt asked for, or the newest that has written something. */
  private async attemptOf(name: string, prefix: string, asked: number | undefined, called: string): Promise<number> {
    const written = await loggedAttempts(this.blobs.objects, prefix, name);
    const newest = written.at(-1) ?? 1;
    if (asked === undefined || asked <= newest) return asked ?? newest;
    throw new Problem(
      'log_not_found',
      `The ${called} has no log of attempt ${asked}; the newest is ${written.length === 0 ? 'not written yet' : newest}.`,
    );
  }

  private async isTaskOver(run: RunName, taskId: string, item: number | undefined, attempt: number): Promise<boolean> {
    const { task } = await this.runs.task(run, taskId);
    if (item !== undefined && !FINAL.has(task.state)) {
      const page = await this.gateway.items(run.runId, { taskId, after: item - 1, limit: 1 });
      const [found] = page?.items ?? [];
      return found?.index === item && FINAL.has(found.state);
    }
    return FINAL.has(task.state) || (task.attempts ?? []).some((other) => other.attempt > attempt);
  }

  private async isHookOver(run: RunName, { taskId, hook, index }: HookName): Promise<boolean> {
    const known = taskId === undefined ? undefined : await this.runs.task(run, taskId);
    const head = known?.head ?? (await this.runs.head(run));
    if (head.endedAt !== undefined) return true;
    const records = (known === undefined ? head.hooks : known.task.hooks) ?? [];
    return records.some((record) => record.hook === hook && (record.index ?? 0) === (index ?? 0) && record.state !== 'running');
  }
}

function taskIn(tasks: readonly TaskPlan[], run: RunName, taskId: string): TaskPlan {
  const task = tasks.find(({ id }) => id === taskId);
  if (task !== undefined) return task;
  throw new Problem('task_not_found', `The run ${run.runId} has no task ${taskId}.`);
}

/** Why tasks of this kind write no log here; undefined where they do. */
function reasonForNone({ id, type, sub, wait, activity }: TaskPlan): string | undefined {
  if (sub) return `task ${id} is a SubDAG: its tasks write their logs in the run of its own that the task names`;
  if (wait?.poll) return `the polls of a wait write no log: the notice of task ${id} says what they find`;
  if (!activity) return `tasks of type ${type} are carried out inside the run and write no log`;
  if (activity.foreign)
    return `the activity runs on workers of task queue ${activity.queue ?? 'its own'}, which keep their own logs`;
  return undefined;
}
