import type { ObjectStore } from '../src/objects/object-store.js';
import type { Heartbeats } from './heartbeats.js';
import { idempotencyKey } from './idempotency-key.js';
import type { StopSignal } from './stop-signal.js';
import type { TaskCall } from './task-call.js';
import { NO_RESOURCES, type TaskContext, type TaskInfo } from './task-context.js';
import type { TaskLog } from './task-log.js';

/** What the context of an attempt is made of. */
export interface AttemptParts {
  readonly call: TaskCall;
  /** From 1, as the user counts. */
  readonly attempt: number;
  readonly runId: string;
  readonly log: TaskLog;
  readonly objects: ObjectStore;
  readonly stop: StopSignal;
  readonly heartbeats: Heartbeats;
  readonly lastProgress: unknown;
}

/** {@link TaskContext} of one attempt. What few tasks look at is made when they do. */
export class AttemptContext implements TaskContext {
  private made?: TaskInfo;

  constructor(private readonly parts: AttemptParts) {}

  get signal(): AbortSignal {
    return this.parts.stop.signal;
  }

  get log(): TaskLog {
    return this.parts.log;
  }

  get objects(): ObjectStore {
    return this.parts.objects;
  }

  get lastProgress(): unknown {
    return this.parts.lastProgress;
  }

  get info(): TaskInfo {
    this.made ??= infoOf(this.parts);
    return this.made;
  }

  /** Bound, since code of users may take it off. */
  readonly heartbeat = (progress?: unknown): void => this.parts.heartbeats.userBeat(progress);
}

function infoOf({ call, attempt, runId }: AttemptParts): TaskInfo {
  return {
    runId,
    taskId: call.task,
    ...(call.item === undefined ? {} : { item: { index: call.item.index, key: call.item.key } }),
    attempt,
    idempotencyKey: idempotencyKey(call),
    prefix: call.prefix,
    resources: call.resources ?? NO_RESOURCES,
  };
}
