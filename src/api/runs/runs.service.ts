import { Injectable } from '@nestjs/common';
import type { RunHead, RunReport, TaskRecord } from '../../../workflows/contract.js';
import { readJson } from '../../objects/json-blob.js';
import { prefixOfRun, reportKey } from '../../objects/keys.js';
import type { ObjectStore } from '../../objects/object-store.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { BlobStore } from '../blob-store.js';
import { Problem } from '../errors/problem.js';
import { instantOrNone } from '../instant.js';
import { decodeCursor, encodeCursor, pageLimit } from '../request/page.js';
import { ApiSettings } from '../settings.js';
import type { CancelledDto, ExecutionDto, ExecutionListDto, RunDto, RunListDto } from './dto/run.dto.js';
import type { ListRunsQuery, ListTasksQuery } from './dto/run-requests.dto.js';
import type { TaskListDto } from './dto/task.dto.js';
import type { RunName } from './run-id.js';
import { runLinks, runRowView, runView } from './run-view.js';
import { taskView } from './task-view.js';

/** Runs as they are read and cancelled. */
@Injectable()
export class RunsService {
  private readonly store: ObjectStore;

  constructor(
    private readonly runs: RunGateway,
    private readonly settings: ApiSettings,
    blobs: BlobStore,
  ) {
    this.store = blobs.objects;
  }

  async list({
    since,
    startedFrom = since,
    startedTo,
    logicalDateFrom,
    logicalDateTo,
    limit,
    ...rest
  }: ListRunsQuery): Promise<RunListDto> {
    const page = await this.runs.list({
      ...rest,
      startedFrom: dateOf(startedFrom),
      startedTo: dateOf(startedTo),
      logicalDateFrom: dateOf(logicalDateFrom),
      logicalDateTo: dateOf(logicalDateTo),
      limit: pageLimit(limit, this.settings.limits.page),
    });
    return { items: page.items.map((row) => runRowView(row, this.settings)), nextCursor: page.nextCursor };
  }

  /** A run; with `waitMs` only once it is over or the time is up. Throws 404. */
  async get(run: RunName, waitMs: number, signal: AbortSignal): Promise<RunDto> {
    // Temporal itself is asked first: a query would make a worker answer twice.
    if (waitMs > 0 && (await this.runs.isOpen(run.runId))) await this.runs.waitClosed(run.runId, waitMs, signal);
    const found = await this.found(run);
    return runView(found.head, this.settings, found);
  }

  /** The run as its query or report tells it. Throws 404. */
  async head(run: RunName): Promise<RunHead> {
    return (await this.found(run)).head;
  }

  /** Asks a run to cancel. Throws 404, and 409 when it is over. */
  async cancel(run: RunName): Promise<CancelledDto> {
    const outcome = await this.runs.cancel(run.runId);
    if (outcome === 'unknown') await this.found(run);
    if (outcome !== 'requested') {
      throw new Problem('run_closed', `The run ${run.runId} is over; there is nothing to cancel.`, {
        links: { run: runLinks(run.runId, run.dagId, this.settings).self },
      });
    }
    return { runId: run.runId, cancel: 'requested', links: runLinks(run.runId, run.dagId, this.settings) };
  }

  /** All executions of a run id, newest first (R4). Throws 404. */
  async executions(run: RunName): Promise<ExecutionListDto> {
    const newest = await this.head(run);
    const items: ExecutionDto[] = [executionView(newest)];
    for (let execution = newest.run.execution - 1; execution >= 1; execution--) {
      const report = await readJson<RunReport>(this.store, reportKey(prefixOfRun({ ...newest.run, execution })));
      if (report) items.push(executionView(report.head));
    }
    return { items };
  }

  /** Tasks in order of id. Throws 404. */
  async tasks(run: RunName, { state, limit, cursor }: ListTasksQuery): Promise<TaskListDto> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const page = await this.runs.tasks(run.runId, { state, after, limit: pageLimit(limit, this.settings.limits.page) });
    if (!page) throw noSuchRun(run);
    const last = page.tasks.at(-1);
    return {
      items: page.tasks.map((task) => taskView(run.runId, task)),
      ...(page.more && last ? { nextCursor: encodeCursor(last.taskId) } : {}),
      live: page.live,
    };
  }

  /** One task with the head of its run. Throws 404 for the run and for the task; 503 while no worker can tell. */
  async task(run: RunName, taskId: string): Promise<{ readonly head: RunHead; readonly task: TaskRecord }> {
    const page = await this.runs.tasks(run.runId, { taskId, limit: 1 });
    if (!page) throw noSuchRun(run);
    const task = page.tasks.find((record) => record.taskId === taskId);
    if (task) return { head: page.head, task };
    if (!page.live) {
      throw new Problem(
        'temporal_unavailable',
        'No worker answers for this run at the moment, so its tasks cannot be told. Try again.',
        { headers: { 'Retry-After': '5' } },
      );
    }
    throw new Problem('task_not_found', `The run ${run.runId} has no task ${taskId}.`);
  }

  /** Every task of a run. Throws 404. */
  async allTasks(run: RunName): Promise<{ readonly live: boolean; readonly tasks: readonly TaskRecord[] }> {
    const tasks: TaskRecord[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.runs.tasks(run.runId, { after, limit: 1_000 });
      if (!page) throw noSuchRun(run);
      tasks.push(...page.tasks);
      after = page.tasks.at(-1)?.taskId;
      if (!page.more || after === undefined) return { live: page.live, tasks };
    }
  }

  private async found(run: RunName) {
    const found = await this.runs.get(run.runId);
    if (found) return found;
    throw noSuchRun(run);
  }
}

function noSuchRun({ runId, dagId }: RunName): Problem {
  return new Problem('run_not_found', `There is no run ${runId} of DAG ${dagId}, or it is older than the retention.`);
}

function executionView({ run, state, startedAt, endedAt, failure }: RunHead): ExecutionDto {
  return { execution: run.execution, state, startedAt: instantOrNone(startedAt), endedAt: instantOrNone(endedAt), failure };
}

/** The DTO has checked the form; a day that does not exist is told here. */
function dateOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new Problem('invalid_fields', `${JSON.stringify(text)} is not an instant that exists.`);
}
