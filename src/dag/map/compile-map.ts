import { expressionSource } from '../expression/index.js';
import type { TaskSpec } from '../spec.js';
import type { EffectiveFields } from '../validate/effective.js';
import { MAP_BUILT_IN, type MapPlan } from './map-plan.js';

/** The map of a task that has one: sources in order of key, what is a built-in left out. `item` = its `with` names the item. */
export function compileMap(task: TaskSpec, fields: EffectiveFields, item: boolean): MapPlan | undefined {
  const sources = task.expand ?? task.zip;
  if (sources === undefined) return undefined;
  const { mapKey, itemBatchSize, maxMapLength, maxConcurrency, toleratedFailurePercentage, toleratedFailureCount } = fields;
  return {
    sources: Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)),
    ...(task.zip === undefined ? {} : { zip: true as const }),
    ...(task.zipFill === undefined ? {} : { fill: { value: task.zipFill } }),
    ...(itemBatchSize === undefined ? {} : { batch: itemBatchSize }),
    ...(mapKey === undefined ? {} : { key: mapKey }),
    ...(maxMapLength === undefined || maxMapLength === MAP_BUILT_IN.maxMapLength ? {} : { maxLength: maxMapLength }),
    ...(maxConcurrency === undefined || maxConcurrency === MAP_BUILT_IN.maxConcurrency
      ? {}
      : {
          maxConcurrency: typeof maxConcurrency === 'number' ? maxConcurrency : (expressionSource(maxConcurrency) ?? '').trim(),
        }),
    ...(toleratedFailurePercentage === undefined ? {} : { toleratedPercentage: toleratedFailurePercentage }),
    ...(toleratedFailureCount === undefined ? {} : { toleratedCount: toleratedFailureCount }),
    ...(fields.stopOnFirstFailure === true ? { stop: true as const } : {}),
    ...(item ? { item: true as const } : {}),
  };
}
