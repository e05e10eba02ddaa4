import { parseDuration } from './duration.js';
import type { JsonObject } from './json.js';
import type { TaskSpec } from './spec.js';
import { type OnTimeout, POLLED, type WaitPlan } from './wait-plan.js';

/** Built-ins of waits and approvals, in ms where they are durations (R19). */
export const DEFAULT_WAIT = { timeoutMs: 7 * 86_400_000, everyMs: 30_000, multiplier: 1, maxIntervalMs: 300_000 } as const;

/**
 * The plan of a wait. `timeout` of `defaults` does not reach it (R19), `onTimeout` does. `body` stores what a poll needs and
 * returns the index of its blob.
 */
export function compileWait(
  task: TaskSpec,
  onTimeout: OnTimeout | undefined,
  body: (input: JsonObject, timeoutMs: number) => number,
): WaitPlan {
  const input = task.with ?? {};
  const timeoutMs = task.timeout === undefined || task.timeout === null ? DEFAULT_WAIT.timeoutMs : parseDuration(task.timeout);
  const bounds = { timeoutMs, onTimeout: onTimeout ?? 'fail' };
  const what = POLLED.find((name) => input[name] !== undefined);
  if (what === undefined) {
    const by = input.duration === undefined ? 'until' : 'duration';
    return { timer: { by, value: input[by] ?? null }, ...bounds };
  }
  const everyMs = input.every === undefined ? DEFAULT_WAIT.everyMs : parseDuration(input.every as string);
  const longest = input.maxInterval === undefined ? DEFAULT_WAIT.maxIntervalMs : parseDuration(input.maxInterval as string);
  return {
    poll: {
      what,
      body: body({ [what]: input[what] ?? null }, timeoutMs),
      ...(task.queue === undefined || task.queue === null ? {} : { queue: task.queue }),
      pace: {
        everyMs,
        multiplier: (input.multiplier as number | undefined) ?? DEFAULT_WAIT.multiplier,
        maxIntervalMs: Math.max(everyMs, longest),
      },
    },
    ...bounds,
  };
}
