import type { Json } from './json.js';
import type { RunState, TaskState } from './state.js';

/** The `run` object of expressions (R5, R9). Instants are RFC 3339 UTC to the second; `ds` is a date in the DAG's zone. */
export interface RunScope {
  readonly id: string;
  /** Safe as a file name (R2). */
  readonly key: string;
  readonly dagId: string;
  readonly ds: string;
  readonly dsNodash: string;
  readonly logicalDate: string;
  readonly dataInterval: { readonly start: string; readonly end: string };
  readonly trigger: 'manual' | 'schedule' | 'backfill' | 'event' | 'trigger' | 'dag';
  readonly state?: RunState;
  /** In hooks of the DAG: ids of the tasks that failed, at most 100. */
  readonly failedTasks?: readonly string[];
  /** In hooks of the DAG: why the run failed, or null. */
  readonly failure?: Json;
  /** The run that this one is a child of; null = it is no child. */
  readonly parent?: ParentRun | null;
  /** The run that was started from outside: of one that is no child, itself. */
  readonly root?: RootRun;
}

/** `run.parent`: the parent run of a child, and which of its tasks the child carries out. */
export type ParentRun = { readonly id: string; readonly dagId: string; readonly task: string };
/** `run.root`. */
export type RootRun = { readonly id: string; readonly key: string; readonly dagId: string };

/** A task as expressions see it. Without success `output` is null and `items` is [] (R16). */
export interface TaskScope {
  readonly state: TaskState;
  readonly output: Json;
  readonly items?: readonly Json[];
}

/** Everything an expression can name. */
export interface Scope {
  readonly params?: { readonly [name: string]: Json };
  readonly run?: RunScope;
  readonly tasks?: { readonly [id: string]: TaskScope };
  readonly item?: Json;
  readonly index?: number;
  /** In hooks of a task: the task itself. */
  readonly task?: Json;
  /** In hooks of deadlines: which one, and how late. */
  readonly deadline?: Json;
  /** The answer that a wait's `until` judges. */
  readonly response?: Json;
  /** Resolved inside activities only. */
  readonly attempt?: number;
  readonly secrets?: { readonly [name: string]: string };
}
