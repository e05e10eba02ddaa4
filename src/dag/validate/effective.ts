import type { RetrySpec, TaskDefaults, TaskSpec } from '../spec.js';

type NotNull<T> = { readonly [name in keyof T]?: Exclude<T[name], null> };

/** The fields of a task after `defaults`; what is absent has its built-in. */
export type EffectiveFields = NotNull<Omit<TaskDefaults, 'retry'>> & { readonly retry: NotNull<RetrySpec> };

/** Fields that mean something only for maps (R10). */
export const MAP_FIELDS = [
  'mapKey',
  'itemBatchSize',
  'maxMapLength',
  'maxConcurrency',
  'toleratedFailurePercentage',
  'toleratedFailureCount',
  'stopOnFirstFailure',
] as const;
const FIELDS = [
  'triggerRule',
  'timeout',
  'onTimeout',
  'queueTimeout',
  'heartbeatTimeout',
  'queue',
  'priority',
  'outputSchema',
  'cache',
  'hooks',
  ...MAP_FIELDS,
  'allowFailure',
] as const;
const RETRY_FIELDS = [
  'maxAttempts',
  'infraAttempts',
  'interval',
  'multiplier',
  'maxInterval',
  'jitter',
  'totalTimeout',
  'nonRetryableErrors',
  'rules',
] as const;

/** Merges `defaults` into a task (R21): a field of the task replaces the default, `retry` merges by key, `null` restores the built-in. */
export function effective(defaults: TaskDefaults | undefined, task: TaskSpec): EffectiveFields {
  const fields: { [name: string]: unknown } = {};
  for (const name of FIELDS) {
    const value = task[name] === undefined ? defaults?.[name] : task[name];
    if (value !== undefined && value !== null) fields[name] = value;
  }
  const retry: { [name: string]: unknown } = {};
  if (task.retry !== null) {
    for (const name of RETRY_FIELDS) {
      const value = task.retry?.[name] === undefined ? defaults?.retry?.[name] : task.retry[name];
      if (value !== undefined && value !== null) retry[name] = value;
    }
  }
  return { ...fields, retry };
}
