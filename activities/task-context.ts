import { AsyncLocalStorage } from 'node:async_hooks';
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

/** One storage per process, also where a user's module loads this file by another path. */
const KEY = Symbol.for('baton.task-context');
const holder = globalThis as { [KEY]?: AsyncLocalStorage<TaskContext> };
holder[KEY] ??= new AsyncLocalStorage<TaskContext>();
const storage = holder[KEY];

/**
 * The task that the calling code is part of, for activities of the user: `currentTask().log.info('…')`,
 * `currentTask().info.idempotencyKey`. Temporal's own `Context.current()` works as well. Throws outside of a task.
 */
export function currentTask(): TaskContext {
  const context = storage.getStore();
  if (context === undefined)
    throw new Error('currentTask() was called outside of a task: call it in an activity that Baton runs');
  return context;
}

/** Runs code as part of a task. */
export function runInTask<T>(context: TaskContext, code: () => T): T {
  return storage.run(context, code);
}
