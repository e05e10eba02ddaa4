import type { BodyChunks } from './body-chunks.js';
import { BUILT_IN } from './built-in.js';
import { compileCache } from './cache-plan.js';
import { parseDuration } from './duration.js';
import type { Json } from './json.js';
import type { ActivityPlan, RetryHookBody, RetryPlan } from './plan.js';
import { isForeign } from './retry-hooks.js';
import { compileRetryRule, withRulesAsErrors } from './retry-rule.js';
import type { TaskSpec } from './spec.js';
import type { EffectiveFields } from './validate/effective.js';

/** Time beyond its timeout that a hook between attempts may take to clean up, ms. */
const HOOK_CLEAN_UP_MS = 10_000;

/** A task, or a hook, that an activity carries out. */
export interface ActivityToCompile {
  /** Of the DAG that holds it. */
  readonly dagId: string;
  /** Under which its body is stored. */
  readonly id: string;
  readonly task: TaskSpec;
  readonly fields: EffectiveFields;
  readonly ownQueues: readonly string[];
  readonly bodies: BodyChunks;
  /** Default: none. */
  readonly retryHooks?: readonly RetryHookBody[];
}

/** The plan of an activity; what only its worker needs is added to the bodies. */
export function compileActivity({ dagId, id, task, fields, ownQueues, bodies, retryHooks }: ActivityToCompile): ActivityPlan {
  const foreign = isForeign(task.type, fields.queue, ownQueues);
  const compiledRetry = compileRetry(fields);
  const { rules: _, ...retry } = foreign ? withRulesAsErrors(compiledRetry) : compiledRetry;
  const timeoutMs = fields.timeout === undefined ? BUILT_IN.timeoutMs : parseDuration(fields.timeout);
  const heartbeatTimeoutMs =
    fields.heartbeatTimeout !== undefined
      ? parseDuration(fields.heartbeatTimeout)
      : foreign
        ? undefined
        : BUILT_IN.heartbeatTimeoutMs;
  const args = task.with?.args;
  const body = foreign
    ? undefined
    : bodies.add(id, {
        type: task.type,
        with: task.with ?? {},
        ...(fields.outputSchema === undefined ? {} : { outputSchema: fields.outputSchema }),
        timeoutMs,
        retry: compiledRetry,
        ...(fields.cache === undefined ? {} : { cache: compileCache(dagId, fields.cache) }),
        ...(retryHooks === undefined ? {} : { retryHooks }),
      });
  return {
    name: task.type === 'activity' ? String(task.with?.name) : task.type,
    ...(fields.queue === undefined ? {} : { queue: fields.queue }),
    ...(foreign ? { foreign: { args: (Array.isArray(args) ? args : []) as readonly Json[] } } : {}),
    ...(body === undefined ? {} : { body }),
    timeoutMs,
    ...(fields.queueTimeout === undefined ? {} : { queueTimeoutMs: parseDuration(fields.queueTimeout) }),
    ...(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs }),
    ...(retryHooks === undefined ? {} : { retryHooksMs: 2 * sumOf(retryHooks) }),
    retry,
  };
}

function sumOf(hooks: readonly RetryHookBody[]): number {
  return hooks.reduce((sum, { timeoutMs }) => sum + timeoutMs + HOOK_CLEAN_UP_MS, 0);
}

/** Fills in the built-ins of `retry` (R20). */
export function compileRetry({ retry }: EffectiveFields): RetryPlan {
  const intervalMs = retry.interval === undefined ? BUILT_IN.intervalMs : parseDuration(retry.interval);
  // A first wait above the built-in longest one lifts it: Temporal refuses a policy whose longest wait is the shorter.
  const maxIntervalMs = Math.max(
    intervalMs,
    retry.maxInterval === undefined ? BUILT_IN.maxIntervalMs : parseDuration(retry.maxInterval),
  );
  return {
    maxAttempts: retry.maxAttempts ?? BUILT_IN.maxAttempts,
    infraAttempts: retry.infraAttempts ?? BUILT_IN.infraAttempts,
    intervalMs,
    multiplier: retry.multiplier ?? BUILT_IN.multiplier,
    maxIntervalMs,
    jitter: retry.jitter ?? BUILT_IN.jitter,
    ...(retry.totalTimeout === undefined ? {} : { totalTimeoutMs: parseDuration(retry.totalTimeout) }),
    ...(retry.nonRetryableErrors === undefined || retry.nonRetryableErrors.length === 0
      ? {}
      : { nonRetryableErrors: retry.nonRetryableErrors }),
    ...(retry.rules === undefined || retry.rules.length === 0 ? {} : { rules: retry.rules.map(compileRetryRule) }),
  };
}
