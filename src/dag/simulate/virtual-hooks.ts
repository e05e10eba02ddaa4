import { MAX_HOOK_MS, MAX_HOOKS_MS } from '../limits.js';
import type { TaskPlan } from '../plan.js';
import type { Script } from './script.js';
import type { SimulatedHook } from './simulation.js';
import type { Timeline } from './timeline.js';
import { runAttempts } from './underway.js';

/**
 * Runs hooks one after the other; nothing cancels them. Each has five minutes, and where `together` is true all of them have
 * fifteen (R12). `began` is given the record of each, which is complete when it has ended.
 */
export function runHooks(
  timeline: Timeline,
  script: Script,
  hooks: readonly TaskPlan[],
  { prefix, together, began, done }: HookOrder,
): void {
  const deadline = timeline.now + (together ? MAX_HOOKS_MS : Infinity);
  const run = (at: number): void => {
    const hook = hooks[at];
    if (hook === undefined) return done();
    const record: { -readonly [name in keyof SimulatedHook]: SimulatedHook[name] } = {
      name: hook.id,
      state: 'failed',
      startedAt: timeline.now,
      endedAt: timeline.now,
    };
    began(record);
    const end = (state: SimulatedHook['state']): void => {
      record.state = state;
      record.endedAt = timeline.now;
      run(at + 1);
    };
    const { when = true, ...work } = script(`${prefix}${hook.id}`);
    const answer = typeof hook.when === 'boolean' ? hook.when : hook.when === undefined || when;
    const left = Math.min(MAX_HOOK_MS, deadline - timeline.now);
    if (left <= 0 || answer !== true) return end(left > 0 && answer === false ? 'skipped' : 'failed');
    const { timeoutMs, retry } = hook.activity ?? {};
    const limit = timeline.after(left, () => attempts.cancel());
    const attempts = runAttempts(timeline, work, { timeoutMs, retry }, (state) => {
      limit.what = undefined;
      end(state === 'success' || state === 'skipped' ? state : 'failed');
    });
  };
  run(0);
}

/** Where hooks belong, and who is told. */
export interface HookOrder {
  /** Of their paths. */
  readonly prefix: string;
  readonly together: boolean;
  readonly began: (hook: SimulatedHook) => void;
  readonly done: () => void;
}
