import type { ApprovalPlan } from './approval-plan.js';
import { DEFAULT_WAIT } from './compile-wait.js';
import { parseDuration } from './duration.js';
import type { JsonObject } from './json.js';
import type { TaskSpec } from './spec.js';
import type { OnTimeout } from './wait-plan.js';

/** How often a rejection goes back, unless it is said. */
const MAX_REWINDS = 10;

/** The plan of an approval; `index` gives the place of a task in the plan. `timeout` of `defaults` does not reach it (R19). */
export function compileApproval(
  task: TaskSpec,
  onTimeout: OnTimeout | undefined,
  index: ReadonlyMap<string, number>,
): ApprovalPlan {
  const { message, inputs, approvers, onReject, rewindTo, maxRewinds } = task.with ?? {};
  return {
    message: message ?? '',
    ...(inputs === undefined ? {} : { inputs: inputs as { readonly [name: string]: JsonObject } }),
    ...(approvers === undefined ? {} : { approvers: approvers as readonly string[] }),
    onReject: (onReject as OnTimeout | undefined) ?? 'fail',
    ...(rewindTo === undefined ? {} : { rewindTo: index.get(rewindTo as string) as number }),
    maxRewinds: (maxRewinds as number | undefined) ?? MAX_REWINDS,
    timeoutMs: task.timeout === undefined || task.timeout === null ? DEFAULT_WAIT.timeoutMs : parseDuration(task.timeout),
    onTimeout: onTimeout ?? 'fail',
  };
}
