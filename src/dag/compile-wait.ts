import { parseDuration, parseSignedDuration } from './duration.js';
import type { Json, JsonObject } from './json.js';
import type { RunWaitPlan } from './run-wait.js';
import type { TaskSpec } from './spec.js';
import { type OnTimeout, POLLED, type WaitPlan } from './wait-plan.js';

/** Built-ins of waits and approvals, in ms where they are durations (R19). */
export const DEFAULT_WAIT = { timeoutMs: 7 * 86_400_000, everyMs: 30_000, multiplier: 1, maxIntervalMs: 300_000 } as const;

const ABOUT_CHARS = 100;

/** What a poll looks at, in the words of the spec: a plan holds none of its input. */
function aboutOf(looked: Json): string {
  const { method = 'GET', url, query } = typeof looked === 'object' ? ((looked ?? {}) as JsonObject) : {};
  const text = typeof looked === 'string' ? looked : String(query ?? `${String(method)} ${String(url)}`);
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > ABOUT_CHARS ? `${line.slice(0, ABOUT_CHARS - 1)}…` : line;
}

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
  if (input.run !== undefined) return { run: compileRunWait(input.run as JsonObject), ...bounds };
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
      about: aboutOf(input[what] ?? null),
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

function compileRunWait({ dag, task, date, offset, window, latest, onFailure }: JsonObject): RunWaitPlan {
  return {
    dag: dag as string,
    ...(task === undefined ? {} : { task: task as string }),
    ...(latest === true ? { latest } : {}),
    ...(date === undefined ? {} : { date }),
    ...(offset === undefined ? {} : { offsetMs: parseSignedDuration(offset as string) }),
    ...(window === undefined ? {} : { windowMs: parseDuration(window as string) }),
    ...(onFailure === 'skip' || onFailure === 'alert' ? { onFailure } : {}),
  };
}
