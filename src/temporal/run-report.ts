import type { WorkflowHandle } from '@temporalio/client';
import {
  RUN_QUERY,
  type RunFacts,
  type RunHead,
  type RunReport,
  TASKS_QUERY,
  type TaskCounts,
  type TaskRecord,
  type TasksQueryInput,
  type TasksQueryResult,
} from '../../workflows/contract.js';
import type { Failure, TaskState } from '../dag/state.js';
import type { RunRow } from './run-row.js';
import type { TemporalConnection } from './temporal-connection.js';

const PAGE = 200;
const FINAL: ReadonlySet<TaskState> = new Set<TaskState>(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);

/** How a run ended that could not say so itself. */
export interface ForeignEnd {
  readonly row: RunRow;
  readonly run: RunFacts;
  readonly planKey: string;
  /** Terminated or timed out: no code of ours ran at its end. */
  readonly killed: boolean;
}

/** The head of a closed run that left no report and cannot be asked. */
export function headWithoutReport({ row, run, killed }: ForeignEnd): RunHead {
  return {
    run,
    state: row.state,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    counts: {},
    ...(row.state === 'failed' ? { failure: failureOf(killed) } : {}),
    ...(row.failedTasks ? { failedTasks: row.failedTasks } : {}),
    revision: 0,
  };
}

/**
 * Builds the report that a run did not write, from what its workflow still answers; needs a worker.
 * @throws whatever the query throws: the caller goes on without a report.
 */
export async function reportFromQuery(
  temporal: TemporalConnection,
  handle: WorkflowHandle,
  end: ForeignEnd,
): Promise<RunReport> {
  const head = await temporal.call(() => handle.query<RunHead, []>(RUN_QUERY));
  const tasks: TaskRecord[] = [];
  for (let more = true; more; ) {
    const page = await temporal.call(() =>
      handle.query<TasksQueryResult, [TasksQueryInput]>(TASKS_QUERY, { after: tasks.at(-1)?.taskId, limit: PAGE }),
    );
    tasks.push(...page.tasks);
    more = page.more && page.tasks.length > 0;
  }
  const ended = tasks.map((task) => (FINAL.has(task.state) ? task : endedFromOutside(task, end)));
  return {
    format: 1,
    head: {
      ...head,
      state: end.row.state,
      endedAt: end.row.endedAt ?? head.endedAt,
      counts: countStates(ended),
      ...(end.row.state === 'failed' && (end.killed || !head.failure) ? { failure: failureOf(end.killed) } : {}),
    },
    tasks: { records: ended },
    planKey: end.planKey,
    writtenBy: 'reader',
  };
}

/** One page of a report's records, by the same rules as the query of an open run. */
export function tasksOfReport(head: RunHead, records: readonly TaskRecord[], input: TasksQueryInput): TasksQueryResult {
  const matching = records.filter(
    (task) =>
      (input.taskId === undefined || task.taskId === input.taskId) &&
      (input.state === undefined || task.state === input.state) &&
      (input.after === undefined || task.taskId > input.after) &&
      (input.sinceRevision === undefined || task.revision > input.sinceRevision),
  );
  matching.sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
  return { head, tasks: matching.slice(0, input.limit), more: matching.length > input.limit };
}

/** What ran when the end came failed with it; what had not begun never will. */
function endedFromOutside({ notice: _, ...task }: TaskRecord, { row, killed }: ForeignEnd): TaskRecord {
  return task.state === 'pending'
    ? { ...task, state: 'cancelled', endedAt: row.endedAt }
    : { ...task, state: 'failed', endedAt: row.endedAt, failure: failureOf(killed) };
}

function failureOf(killed: boolean): Failure {
  return killed
    ? {
        kind: 'terminated',
        message: 'The run was ended from outside, by Temporal or by an operator, without clean-up: no teardown or hook ran.',
      }
    : { kind: 'error', message: 'The run failed before it could write its report; its history in Temporal says why.' };
}

function countStates(tasks: readonly TaskRecord[]): TaskCounts {
  const counts: { [state in TaskState]?: number } = {};
  for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
