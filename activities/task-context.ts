import { asyncLocalStorage } from '@temporalio/activity';
import type { Resources } from '../src/dag/resources.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import type { TaskLog } from './task-log.js';

/** What a task's code knows of itself. */
export interface TaskInfo {
  /** Id of the run, as REST shows it. */
  readonly runId: string;
  readonly taskId: string;
  /** Which item of a map: its place from 0, and its name. */
  readonly item?: { readonly index: number; readonly key: string };
  /** From 1, going on over lost workers and retries. */
  readonly attempt: number;
  /** The same for every attempt of this task, or of this item of it, in this execution of the run: pass it to systems that de-duplicate. */
  readonly idempotencyKey: string;
  /** Key prefix of this execution in the object store, ending with `/`. */
  readonly prefix: string;
  /** What the task says that it needs: `cpu` in processors, `memory` and `storage` in bytes, named ones. Empty where it says nothing. */
  readonly resources: Resources;
}

/** Of tasks that say nothing. */
export const NO_RESOURCES: Resources = Object.freeze({});

/** What every handler gets besides its input. */
export interface TaskContext {
  /** Aborted when the task is cancelled, its timeout passes or the worker shuts down; the task is not over before the handler is. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  readonly info: TaskInfo;
  readonly objects: ObjectStore;
  /** Leaves a mark of progress at once; survives a lost worker. Needed only to go on where an earlier attempt stopped. */
  heartbeat(progress?: unknown): void;
  /** The last such mark of an earlier attempt. */
  readonly lastProgress?: unknown;
}

/**
 * Where a context of Temporal has the task that it belongs to: there is no AsyncLocalStorage for tasks beside Temporal's, since each one
 * costs every promise of the process. The same symbol also where a user's module loads this file by another path.
 */
export const TASK: unique symbol = Symbol.for('baton.task') as never;

/** A context of Temporal that belongs to a task. */
export interface WithTask {
  readonly [TASK]: TaskContext;
}

/**
 * The task that the calling code is part of, for activities of the user: `currentTask().log.info('…')`,
 * `currentTask().info.idempotencyKey`. Temporal's own `Context.current()` works as well. Throws outside of a task.
 */
export function currentTask(): TaskContext {
  const task = (asyncLocalStorage.getStore() as Partial<WithTask> | undefined)?.[TASK];
  if (task === undefined) throw new Error('currentTask() was called outside of a task: call it in an activity that Baton runs');
  return task;
}
