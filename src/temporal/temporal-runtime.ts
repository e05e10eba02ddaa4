import { setFlagsFromString } from 'node:v8';
import { type Logger, type LogLevel, type LogMetadata, Runtime } from '@temporalio/worker';
import type { Log } from './log.js';

let installed = false;

/**
 * Prepares Temporal's native runtime, once per process and before the first worker: signals are ours to handle, and its
 * messages go to `log`. Later calls do nothing.
 */
export function installRuntime(log: Log): void {
  if (installed) return;
  installed = true;
  const { logger } = Runtime.install({
    shutdownSignals: [],
    logger: bridge(log),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  });
  // Each message waits some 100 ms to be sorted among those of the native part, and every activity makes two that nobody sees.
  if (log.isLevelEnabled?.('debug') === false) Object.assign(logger, { trace: drop, debug: drop, info: drop });
}

/**
 * Makes stacks inside workflows four frames long, before the first worker starts; those of this process stay as they are.
 * The SDK records and formats a stack for every promise of a workflow: with V8's ten frames that took a third of the time
 * of a workflow task (measured), and four still say where an error comes from.
 */
export function shortenWorkflowStacks(): void {
  // Of contexts and threads that are made from now on.
  setFlagsFromString('--stack-trace-limit=4');
}

function drop(): void {}

/** What Temporal logs as info (a worker polls, a run failed as it should) is detail for us. */
function bridge(log: Log): Logger {
  const at = (level: 'debug' | 'warn' | 'error') => (message: string, meta?: LogMetadata) =>
    log[level](meta ?? {}, `temporal: ${message}`);
  const debug = at('debug');
  const by: Record<LogLevel, (message: string, meta?: LogMetadata) => void> = {
    TRACE: debug,
    DEBUG: debug,
    INFO: debug,
    WARN: at('warn'),
    ERROR: at('error'),
  };
  return {
    log: (level, message, meta) => by[level](message, meta),
    trace: by.TRACE,
    debug: by.DEBUG,
    info: by.INFO,
    warn: by.WARN,
    error: by.ERROR,
  };
}
