import type { ChildEnd } from '../../src/dag/child-end.js';
import type { DeadlineRecord } from '../../src/dag/deadline-plan.js';
import type { JsonObject } from '../../src/dag/json.js';
import type { Failure, HookRecord, RunState, TaskState } from '../../src/dag/state.js';
import type { RunFacts } from './run-facts.js';
import type { StoredRecords, TaskCounts, TaskRecord } from './tasks.js';

/** The run as its own query tells it. */
export interface RunHead {
  readonly run: RunFacts;
  readonly state: RunState;
  /** When it began to work; of one that is queued, when it was taken in. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly counts: TaskCounts;
  readonly failure?: Failure;
  /** Something to know while it is not over: what it waits for. */
  readonly notice?: string;
  /** `approval`: a task of it, or more, asks somebody to decide. */
  readonly waitingFor?: 'approval';
  /** At most 100, in the order of the plan. */
  readonly failedTasks?: readonly string[];
  readonly outputs?: JsonObject;
  /** Those that have begun, in order; a failed one changes nothing of the run (R12). */
  readonly hooks?: readonly HookRecord[];
  /** When it, and its tasks, are to be done, and what came of that; in the order of the plan. */
  readonly deadlines?: readonly DeadlineRecord[];
  /** Grows with every change of the run or a task. */
  readonly revision: number;
}

/** Query `run` -> {@link RunHead}. */
export const RUN_QUERY = 'run';

/** Query `tasks`: records in order of task id, those changed after `sinceRevision` only; at most `limit`. */
export const TASKS_QUERY = 'tasks';

export interface TasksQueryInput {
  readonly sinceRevision?: number;
  /** Task id to start after. */
  readonly after?: string;
  readonly limit: number;
  readonly state?: TaskState;
  /** Only this task. */
  readonly taskId?: string;
}

export interface TasksQueryResult {
  readonly head: RunHead;
  readonly tasks: readonly TaskRecord[];
  readonly more: boolean;
}

/** Name of the report below the run's prefix. */
export const REPORT_NAME = 'report.json';

/** The report blob: the last act of a run, `report.json` below its prefix (R3, R28). */
export interface RunReport {
  readonly format: 1;
  readonly head: RunHead;
  readonly tasks: StoredRecords;
  readonly planKey: string;
  /** Of a child: what it told its parent. */
  readonly end?: ChildEnd;
  /** Set when it was not the run itself that wrote it: its workflow was ended from outside. */
  readonly writtenBy?: 'reader';
}
