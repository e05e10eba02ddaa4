import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { itemName } from '../../dag/map/item-source.js';
import { prefixOfRun } from '../../objects/keys.js';
import { type LogPiece, loggedAttempts, readLog } from '../../objects/log-reader.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { BlobStore } from '../blob-store.js';
import { Problem } from '../errors/problem.js';
import type { RunName } from './run-id.js';
import { RunPlans } from './run-plans.js';
import { RunsService } from './runs.service.js';
import { ShutdownSignal } from './shutdown-signal.js';

/** The log of one attempt of a task. */
export interface TaskLog {
  readonly run: RunName;
  readonly taskId: string;
  /** Index of an item, where the task is a map. */
  readonly item?: number;
  readonly attempt: number;
  /** Key prefix of the execution. */
  readonly prefix: string;
}

/** Logs are written in chunks each second; looking more often finds nothing new. */
const FOLLOW_MS = 500;
const FINAL = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);

/** Logs of tasks, read from the object store: no worker is needed for what has been written. */
@Injectable()
export class TaskLogs {
  constructor(
    private readonly runs: RunsService,
    private readonly plans: RunPlans,
    private readonly gateway: RunGateway,
    private readonly blobs: BlobStore,
    private readonly shutdown: ShutdownSignal,
  ) {}

  /** Finds a log; `reason` where tasks of this kind write none. Throws 404 for the run, the task and the attempt. */
  async open(
    run: RunName,
    taskId: string,
    attempt: number | undefined,
    item?: number,
  ): Promise<TaskLog | { readonly reason: string }> {
    const head = await this.runs.head(run);
    const plan = await this.plans.of(head);
    const task = plan.tasks.find(({ id }) => id === taskId);
    if (!task) throw new Problem('task_not_found', `The run ${run.runId} has no task ${taskId}.`);
    if (task.sub)
      return { reason: `task ${taskId} is a SubDAG: its tasks write their logs in the run of its own that the task names` };
    if (!task.activity) return { reason: `tasks of type ${task.type} are carried out inside the run and write no log` };
    if (task.activity.foreign)
      return {
        reason: `the activity runs on workers of task queue ${task.activity.queue ?? 'its own'}, which keep their own logs`,
      };
    if ((item === undefined) !== (task.map === undefined)) {
      throw new Problem(
        'log_not_found',
        task.map === undefined
          ? `The task ${taskId} is no map: its log has no items.`
          : `The task ${taskId} is a map, and each of its items has a log: name one by item=.`,
      );
    }
    const prefix = prefixOfRun(head.run);
    const written = await loggedAttempts(this.blobs.objects, prefix, nameOf(taskId, item));
    const newest = written.at(-1) ?? 1;
    if (attempt !== undefined && attempt > newest) {
      throw new Problem(
        'log_not_found',
        `The task ${taskId} has no log of attempt ${attempt}; the newest is ${written.length === 0 ? 'not written yet' : newest}.`,
      );
    }
    return { run, taskId, item, attempt: attempt ?? newest, prefix };
  }

  /** A piece of the log from byte `offset` on. */
  read({ prefix, taskId, item, attempt }: TaskLog, offset: number): Promise<LogPiece> {
    return readLog(this.blobs.objects, prefix, nameOf(taskId, item), attempt, { offset });
  }

  /** Pieces as they are written, until the attempt is over, the reader leaves or the service stops. */
  async *follow(log: TaskLog, offset: number, gone: AbortSignal): AsyncGenerator<string> {
    const signal = AbortSignal.any([gone, this.shutdown.signal]);
    while (!signal.aborted) {
      // Asked before reading: what is written until the answer is read below.
      const over = await this.isOver(log);
      for (let piece = await this.read(log, offset); piece.nextOffset > offset; piece = await this.read(log, offset)) {
        offset = piece.nextOffset;
        yield piece.text;
      }
      if (over) return;
      await delay(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async isOver({ run, taskId, item, attempt }: TaskLog): Promise<boolean> {
    const { task } = await this.runs.task(run, taskId);
    if (item !== undefined && !FINAL.has(task.state)) {
      const page = await this.gateway.items(run.runId, { taskId, after: item - 1, limit: 1 });
      const [found] = page?.items ?? [];
      return found?.index === item && FINAL.has(found.state);
    }
    return FINAL.has(task.state) || (task.attempts ?? []).some((other) => other.attempt > attempt);
  }
}

function nameOf(taskId: string, item: number | undefined): string {
  return itemName(taskId, item === undefined ? undefined : { index: item });
}
