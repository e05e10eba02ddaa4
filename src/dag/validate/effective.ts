import type { ResourcesSpec, RetrySpec, TaskDefaults, TaskSpec } from '../spec.js';

type NotNull<T> = { readonly [name in keyof T]?: Exclude<T[name], null> };

/** The fields of a task after `defaults`; what is absent has its built-in. */
export type EffectiveFields = NotNull<Omit<TaskDefaults, 'retry' | 'resources'>> & {
  readonly retry: NotNull<RetrySpec>;
  /** Absent where nothing is said of any. */
  readonly resources?: { readonly [name: string]: number | string };
};

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
  'dependsOnPast',
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

/**
 * Merges `defaults` into a task (R21): a field of the task replaces the default, `retry` and `resources` merge by key, `null` restores
 * the built-in.
 */
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
  const resources = mergedResources(defaults?.resources, task.resources);
  return resources === undefined ? { ...fields, retry } : { ...fields, retry, resources };
}

function mergedResources(
  defaults: ResourcesSpec | null | undefined,
  own: ResourcesSpec | null | undefined,
): EffectiveFields['resources'] {
  if (own === null) return undefined;
  const merged = Object.entries({ ...defaults, ...own }).filter(
    (entry): entry is [string, number | string] => entry[1] !== null,
  );
  return merged.length === 0 ? undefined : Object.fromEntries(merged);
}
