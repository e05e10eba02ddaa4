import { Context } from '@temporalio/activity';
import { CancelledFailure, type Logger, type LogLevel, type LogMetadata } from '@temporalio/common';
import type { Json } from '../src/dag/json.js';
import { runInTask, type TaskContext } from './task-context.js';
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
      return runInTask(contextOf(context), context, () => Promise.resolve(fn(...own)));
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

/** Temporal's context as the user's code shall see it: our signal (timeouts included), its own progress, our log. */
function contextOf(task: TaskContext): Context {
  const outer = Context.current();
  const inner = outer as unknown as {
    _client: ConstructorParameters<typeof Context>[4];
    _cancellationDetails: ConstructorParameters<typeof Context>[7];
  };
  const context = new Context(
    { ...outer.info, attempt: task.info.attempt, heartbeatDetails: task.lastProgress },
    outer.cancelled,
    outer.cancellationSignal,
    (progress) => task.heartbeat(progress),
    inner._client,
    loggerOf(task.log, outer.log),
    outer.metricMeter,
    inner._cancellationDetails,
  );
  let cancelled: Promise<never> | undefined;
  // Made when looked at: few activities do.
  return Object.defineProperties(context, {
    cancellationSignal: { get: () => task.signal },
    cancelled: {
      get: () => {
        cancelled ??= rejection(task.signal);
        return cancelled;
      },
    },
  });
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
