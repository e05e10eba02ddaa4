import { parseDuration } from './duration.js';
import type { TaskSpec } from './spec.js';
import type { TriggerPlan } from './trigger-plan.js';
import type { OnTimeout } from './wait-plan.js';

/** The plan of a trigger. `timeout` of `defaults` does not reach it (R19), `onTimeout` does. */
export function compileTrigger(task: TaskSpec, onTimeout: OnTimeout | undefined): TriggerPlan {
  const { dag, version, params, logicalDate, wait, propagate, cancelWithParent, onExisting } = task.with ?? {};
  return {
    dag: dag as string,
    ...(version === undefined ? {} : { version: version as number }),
    input: { ...(params === undefined ? {} : { params }), ...(logicalDate === undefined ? {} : { logicalDate }) },
    ...(wait === false ? {} : { waits: true as const }),
    ...(propagate === false ? { tolerant: true as const } : {}),
    ...(cancelWithParent === false ? { outlives: true as const } : {}),
    ...(onExisting === 'fail' ? { onExisting } : {}),
    ...(typeof task.timeout === 'string' ? { timeoutMs: parseDuration(task.timeout) } : {}),
    onTimeout: onTimeout ?? 'fail',
  };
}
