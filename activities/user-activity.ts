import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { CancelledFailure, type Logger, type LogLevel, type LogMetadata } from '@temporalio/common';
import type { Json } from '../src/dag/json.js';
import { TASK, type TaskContext, type WithTask } from './task-context.js';
import { TaskError } from './task-error.js';
import type { TaskHandler } from './task-handler.js';
import type { LogSource, TaskLog } from './task-log.js';

/**
 * Runs a function of the user as a task: its arguments are `with.args`, spread. It may use Temporal's `Context.current()` (signal,
 * heartbeat, log) as in any activity, and `currentTask()`.
 */
export function userActivity(name: string, fn: (...args: never[]) => unknown): TaskHandler {
  return {
    run: (input, context) => {
      const args = argumentsOf(name, input);
      // Rendered values may be shared with other tasks through the cache; a user's function may change what it gets.
      const own = (args.length === 0 ? [] : structuredClone(args)) as never[];
      return asyncLocalStorage.run(new UserContext(context) as unknown as Context, () => Promise.resolve(fn(...own)));
    },
  };
}

function argumentsOf(name: string, input: Json): readonly Json[] {
  const args =
    typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as { readonly args?: Json }).args : undefined;
  if (args === undefined || args === null) return [];
  if (Array.isArray(args)) return args as readonly Json[];
  throw new TaskError('BadInput', `with.args of activity ${name} must be a list, one element for each argument`, {
    retryable: false,
  });
}

/**
 * Temporal's context as the user's code shall see it: our signal (timeouts included), its own progress, our log. Made when somebody
 * looks at it, since few activities do: to make one takes longer than all else around a short task.
 */
class UserContext implements WithTask {
  readonly [TASK]: TaskContext;
  private readonly outer = Context.current();
  private made?: Context;

  constructor(task: TaskContext) {
    this[TASK] = task;
  }

  get info(): Info {
    return this.whole.info;
  }
  get cancelled(): Promise<never> {
    return this.whole.cancelled;
  }
  get cancellationSignal(): AbortSignal {
    return this.whole.cancellationSignal;
  }
  get log(): Logger {
    return this.whole.log;
  }
  get metricMeter(): Context['metricMeter'] {
    return this.whole.metricMeter;
  }
  get client(): Context['client'] {
    return this.whole.client;
  }
  get cancellationDetails(): Context['cancellationDetails'] {
    return this.outer.cancellationDetails;
  }
  get heartbeat(): Context['heartbeat'] {
    return this.whole.heartbeat;
  }
  get sleep(): Context['sleep'] {
    return this.whole.sleep;
  }

  private get whole(): Context {
    this.made ??= contextOf(this[TASK], this.outer);
    return this.made;
  }
}
// Whoever asks whether it is a Context is told so.
Object.setPrototypeOf(UserContext.prototype, Context.prototype);

function contextOf(task: TaskContext, outer: Context): Context {
  const inner = outer as unknown as {
    _client: ConstructorParameters<typeof Context>[4];
    _cancellationDetails: ConstructorParameters<typeof Context>[7];
  };
  const { signal } = task;
  return new Context(
    { ...outer.info, attempt: task.info.attempt, heartbeatDetails: task.lastProgress },
    rejection(signal),
    signal,
    (progress) => task.heartbeat(progress),
    inner._client,
    loggerOf(task.log, outer.log),
    outer.metricMeter,
    inner._cancellationDetails,
  );
}

function rejection(signal: AbortSignal): Promise<never> {
  const cancelled = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new CancelledFailure('the task was asked to stop'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  // Nobody need wait for it.
  cancelled.catch(() => undefined);
  return cancelled;
}

/** Temporal's logger, writing into the task's log as well as where the worker logs. */
function loggerOf(log: TaskLog, worker: Logger): Logger {
  const write = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    log.write(SOURCES[level], message, meta);
    worker.log(level, log.masked(message), maskedMeta(log, meta));
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

/** What the worker's own log shows must not hold secrets either. */
function maskedMeta(log: TaskLog, meta: LogMetadata | undefined): LogMetadata | undefined {
  if (meta === undefined) return undefined;
  try {
    return JSON.parse(log.masked(JSON.stringify(meta))) as LogMetadata;
  } catch {
    return undefined;
  }
}

const SOURCES: { readonly [level in LogLevel]: LogSource } = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
