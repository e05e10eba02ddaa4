import { type WorkflowExecutionDescription, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import {
  type DagRunInput,
  ITEMS_QUERY,
  type ItemsQueryInput,
  type ItemsQueryResult,
  RUN_QUERY,
  type RunFacts,
  type RunHead,
  type RunMemo,
  type RunReport,
  TASKS_QUERY,
  type TasksQueryInput,
  type TasksQueryResult,
  WATCH_SIGNAL,
  type Watch,
} from '../../workflows/contract.js';
import type { ChildEnd } from '../dag/child-end.js';
import type { RunState } from '../dag/state.js';
import { writeDayMarker } from '../objects/day-marker.js';
import { prefixOfRun, runPrefix } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import type { DagGateway } from './dag-gateway.js';
import { type DatedRun, datedRuns } from './dated-runs.js';
import { withPendingTasks } from './pending-tasks.js';
import { parseRunId, type RunIdParts } from './run-id.js';
import { listRuns, type RunListInput, type RunListResult } from './run-list.js';
import { tasksOfReport } from './run-report.js';
import { RunReports, runInput } from './run-reports.js';
import type { RunRow } from './run-row.js';
import { RunRows } from './run-rows.js';
import { type IdReuse, startRun } from './run-start.js';
import { ScheduledRuns } from './scheduled-runs.js';
import { CALL_DEADLINE_MS, type TemporalConnection } from './temporal-connection.js';
import { GRPC, grpcCode, TemporalUnavailableError } from './temporal-error.js';
import type { VersionStore } from './version-store.js';

const QUERY_DEADLINE_MS = 2_000;
/** Whether a run id is taken, for ever (R3). */
export type RunExistence =
  | { readonly exists: false }
  | { readonly exists: true; readonly execution: number; readonly requestHash?: string; readonly open: boolean };

/** What is known of a run without asking it. */
export interface RunStanding {
  readonly run: RunMemo;
  readonly state: RunState;
  readonly open: boolean;
  /** It is closed and its report is there: another execution may follow (R4). */
  readonly reported: boolean;
}

/** A run as it is now. `live: false`: no worker answered, so this is what Temporal itself knows (R28). */
export interface RunView {
  readonly head: RunHead;
  readonly live: boolean;
  /** For links to the Web UI; absent once Temporal has forgotten the run. */
  readonly temporalRunId?: string;
}

type Found =
  | {
      readonly kind: 'open';
      readonly handle: WorkflowHandle;
      readonly row: RunRow;
      readonly temporalRunId: string;
      readonly described: WorkflowExecutionDescription;
    }
  | { readonly kind: 'closed'; readonly report: RunReport; readonly live: true; readonly temporalRunId?: string }
  | { readonly kind: 'closed'; readonly head: RunHead; readonly live: false; readonly temporalRunId: string };

/**
 * Runs, seen from outside. Reads need no worker (R28). Every method throws TemporalUnavailableError (503). A long file, since what is known
 * of a run is found out in one way for all of them.
 */
export class RunGateway {
  /** Those that Schedules start. */
  readonly scheduled: ScheduledRuns;
  private readonly reports: RunReports;
  private readonly rows: RunRows;

  constructor(
    private readonly temporal: TemporalConnection,
    private readonly store: ObjectStore,
    /** Task queue of `dagRun`. */
    private readonly taskQueue: string,
    { dags, versions }: { readonly dags: DagGateway; readonly versions: VersionStore },
  ) {
    this.reports = new RunReports(temporal, store);
    this.scheduled = new ScheduledRuns(dags, versions, this.reports, store);
    this.rows = new RunRows(dags, this.scheduled);
  }

  /** THE function that says whether a run id is taken: asks Temporal, then the reports; never a list (R3). */
  async exists(runId: string, dagId: string, runKey: string): Promise<RunExistence> {
    const described = await this.describe(runId);
    const row = described && (await this.rows.of(described));
    if (described && row)
      return {
        exists: true,
        execution: row.run.execution,
        requestHash: row.run.requestHash,
        open: described.status.name === 'RUNNING',
      };
    const report = await this.reports.last(dagId, runKey);
    return report
      ? { exists: true, execution: report.head.run.execution, requestHash: report.head.run.requestHash, open: false }
      : { exists: false };
  }

  /** The newest execution of a run, as far as Temporal and the reports tell without asking a worker; undefined where there is none (R3). */
  async standing(runId: string): Promise<RunStanding | undefined> {
    const found = await this.find(runId);
    if (found === undefined) return undefined;
    if (found.kind === 'open') return { run: found.row.run, state: found.row.state, open: true, reported: false };
    const { run, state } = 'report' in found ? found.report.head : found.head;
    return { run, state, open: false, reported: 'report' in found };
  }

  /** How an execution of a run ended; undefined while it has left no report. */
  async endOf(dagId: string, runKey: string, execution: number): Promise<RunHead | undefined> {
    return (await this.reports.read(runPrefix(dagId, runKey, execution)))?.head;
  }

  /** Whether an execution of this run has ended and left its report: what a run asks about its own id, being open itself. */
  async hasEnded(dagId: string, runKey: string): Promise<boolean> {
    return (await this.reports.last(dagId, runKey)) !== undefined;
  }

  /** Starts a run; `started: false` when Temporal knows the id already. Ask {@link exists} first: Temporal forgets (R3). */
  async start(input: DagRunInput, reuse?: IdReuse): Promise<{ readonly started: boolean; readonly temporalRunId?: string }> {
    const { run } = input;
    // Before the start: a run without a marker would never be swept.
    await writeDayMarker(this.store, {
      runId: run.runId,
      prefix: input.prefix,
      dagId: run.dagId,
      runKey: run.scope.key,
      execution: run.execution,
      acceptedAt: run.acceptedAt,
    });
    let temporalRunId = await startRun(this.temporal, this.taskQueue, input, reuse);
    // A start by a Schedule that came to nothing bears the id, and is no run.
    if (temporalRunId === undefined && (await this.wasSkipped(run.runId)))
      temporalRunId = await startRun(this.temporal, this.taskQueue, input, 'ALLOW_DUPLICATE');
    return temporalRunId === undefined ? { started: false } : { started: true, temporalRunId };
  }

  /** `undefined` when there is no such run. */
  async get(runId: string): Promise<RunView | undefined> {
    const found = await this.find(runId);
    if (found === undefined) return undefined;
    if (found.kind === 'closed')
      return { head: 'report' in found ? found.report.head : found.head, live: found.live, temporalRunId: found.temporalRunId };
    const head = await this.query<RunHead, []>(found.handle, RUN_QUERY);
    return {
      head: head ?? (await this.headWithoutWorker(found.handle, found.row)),
      live: head !== undefined,
      temporalRunId: found.temporalRunId,
    };
  }

  /** A page of tasks in order of id; without a worker that answers, an open run has no tasks to show and is not `live`. */
  async tasks(runId: string, input: TasksQueryInput): Promise<(TasksQueryResult & { readonly live: boolean }) | undefined> {
    const found = await this.find(runId);
    if (found === undefined) return undefined;
    if (found.kind === 'closed')
      return 'report' in found
        ? { ...tasksOfReport(found.report.head, await this.reports.records(found.report), input), live: true }
        : { head: found.head, tasks: [], more: false, live: false };
    const result = await this.query<TasksQueryResult, [TasksQueryInput]>(found.handle, TASKS_QUERY, input);
    return result
      ? { ...result, tasks: withPendingTasks(result.tasks, found.described, Date.now()), live: true }
      : { head: await this.headWithoutWorker(found.handle, found.row), tasks: [], more: false, live: false };
  }

  /** What is known of the items of a map that is under way; `undefined` when the run is not open or no worker answers. */
  async items(runId: string, input: ItemsQueryInput): Promise<ItemsQueryResult | undefined> {
    const handle = this.temporal.client.workflow.getHandle(runId);
    return this.query<ItemsQueryResult, [ItemsQueryInput]>(handle, ITEMS_QUERY, input);
  }

  /** Key of the plan that a run goes by, while Temporal knows it. */
  async planKey(runId: string): Promise<string | undefined> {
    return (await runInput(this.temporal, this.temporal.client.workflow.getHandle(runId)))?.planKey;
  }

  /** How a child ended, from its report; undefined while it is open. What nobody knows of was ended from outside, and forgotten. */
  async childEnd(runId: string): Promise<ChildEnd | undefined> {
    const found = await this.find(runId);
    if (found?.kind === 'open') return undefined;
    if (found === undefined) {
      const message = `Temporal knows nothing of the run ${runId}, and it has left no report: it was deleted from outside.`;
      return { state: 'failed', failure: { kind: 'terminated', message } };
    }
    const { state, failure, counts } = 'report' in found ? found.report.head : found.head;
    if ('report' in found && found.report.end !== undefined) return found.report.end;
    // It did not live to write its report: whatever Temporal calls its end, it did no work to the end.
    return { state: state === 'cancelled' ? 'cancelled' : 'failed', failure, counts };
  }

  /** Whether that execution of a run is open (R4). */
  async executionIsOpen(runId: string, execution: number): Promise<boolean> {
    const described = await this.describe(runId);
    if (described?.status.name !== 'RUNNING') return false;
    return ((await this.rows.of(described))?.run.execution ?? execution) === execution;
  }

  /** Whether some execution of a run is open. */
  async isOpen(runId: string): Promise<boolean> {
    return (await this.describe(runId))?.status.name === 'RUNNING';
  }

  /** Waits up to `ms` for a run to close; false when it is still open or the signal was raised. Follows continue-as-new. */
  async waitClosed(runId: string, ms: number, signal?: AbortSignal): Promise<boolean> {
    if (ms <= 0 || signal?.aborted) return false;
    const until = Date.now() + ms;
    try {
      await this.temporal.call(() => this.temporal.client.workflow.getHandle(runId).result(), { deadlineMs: ms, signal });
      return true;
    } catch (error) {
      if (!(error instanceof TemporalUnavailableError)) return true;
      if (signal?.aborted || Date.now() >= until - 50) return false;
      throw error;
    }
  }

  /** Asks a run to stop gracefully. */
  async cancel(runId: string, by?: string): Promise<'requested' | 'closed' | 'unknown'> {
    const found = await this.find(runId);
    if (found?.kind !== 'open') return found ? 'closed' : 'unknown';
    try {
      await this.temporal.call(
        () =>
          this.temporal.client.workflowService.requestCancelWorkflowExecution({
            namespace: this.temporal.namespace,
            workflowExecution: { workflowId: runId },
            identity: this.temporal.target.identity,
            reason: by ? `asked for by ${by}` : 'asked for over the REST API',
          }),
        { write: true },
      );
      return 'requested';
    } catch (error) {
      // It closed in the meantime.
      if (grpcCode(error) === GRPC.NOT_FOUND) return 'closed';
      throw error;
    }
  }

  /** Asks an open run to tell somebody when it, or tasks of it, have ended; false where it is not open any more. */
  async watch(runId: string, watch: Watch): Promise<boolean> {
    try {
      await this.temporal.call(() => this.temporal.client.workflow.getHandle(runId).signal(WATCH_SIGNAL, watch), {
        write: true,
      });
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** Newest first; what changed in the last second may be missing. @throws BadCursorError */
  list(input: RunListInput): Promise<RunListResult> {
    return this.temporal.call(() => listRuns(this.temporal.client, this.rows, input));
  }

  /** The runs of a DAG for dates from `from` (inclusive) to `to` (exclusive), epoch ms, by id; may lag about a second. */
  dated(dagId: string, span: { readonly from: number; readonly to: number }): Promise<ReadonlyMap<string, DatedRun>> {
    return datedRuns(this.temporal, dagId, span);
  }

  private async find(runId: string): Promise<Found | undefined> {
    const described = await this.describe(runId);
    const row = described && (await this.rows.of(described));
    if (!described || !row) {
      const parts = parseRunId(runId);
      const report = parts && (await this.lastReport(runId, parts));
      return report ? { kind: 'closed', report, live: true } : undefined;
    }
    const temporalRunId = described.runId;
    // Not by its Temporal run id: it may continue as new before it is asked.
    if (described.status.name === 'RUNNING')
      return { kind: 'open', handle: this.temporal.client.workflow.getHandle(runId), row, temporalRunId, described };
    const handle = this.temporal.client.workflow.getHandle(runId, temporalRunId);
    const prefix = prefixOfRun(row.run);
    const report =
      (await this.reports.read(prefix)) ?? (await this.reports.ofForeignEnd(handle, described.status.name, row, prefix));
    return 'format' in report
      ? { kind: 'closed', report, live: true, temporalRunId }
      : { kind: 'closed', head: report, live: false, temporalRunId };
  }

  private lastReport(runId: string, { root, ...parts }: RunIdParts): Promise<RunReport | undefined> {
    return root === undefined
      ? this.reports.last(parts.dagId, parts.runKey)
      : this.reports.lastOfChild(runId, { ...parts, root });
  }

  private async headWithoutWorker(handle: WorkflowHandle, row: RunRow): Promise<RunHead> {
    // A run that a Schedule has started has the defaults of its DAG, and another input.
    const params = (await runInput(this.temporal, handle))?.run?.params ?? row.params ?? {};
    return {
      run: { ...row.run, params } as RunFacts,
      state: row.state,
      startedAt: row.startedAt,
      counts: {},
      waitingFor: row.waitingFor,
      failedTasks: row.failedTasks,
      revision: 0,
    };
  }

  private async wasSkipped(runId: string): Promise<boolean> {
    const described = await this.describe(runId);
    return described?.status.name === 'COMPLETED' && (await this.rows.of(described)) === undefined;
  }

  private async describe(runId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.temporal.call(() => this.temporal.client.workflow.getHandle(runId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  /** `undefined` when no worker answers, whatever the reason. */
  private async query<T, Args extends unknown[]>(handle: WorkflowHandle, name: string, ...args: Args): Promise<T | undefined> {
    try {
      return await this.temporal.call(() => handle.query<T, Args>(name, ...args), {
        deadlineMs: Math.min(QUERY_DEADLINE_MS, CALL_DEADLINE_MS),
      });
    } catch {
      return undefined;
    }
  }
}
