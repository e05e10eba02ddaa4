import type { ApprovalPlan } from '../approval-plan.js';
import { DurationError, parseDuration } from '../duration.js';
import type { FinalTaskState } from '../state.js';
import type { TriggerPlan } from '../trigger-plan.js';
import type { OnTimeout, WaitPlan } from '../wait-plan.js';
import type { ScriptedTask } from './script.js';
import type { Timeline } from './timeline.js';
import type { Underway } from './underway.js';

/** What a task becomes that a timeout or a rejection ends (R19). */
const ENDINGS: { readonly [on in OnTimeout]: FinalTaskState } = { fail: 'failed', skip: 'skipped', continue: 'success' };

/** Waits until what it waits for is there, `durationMs` from now or after the duration that is written out, or until its timeout. */
export function runWait(
  timeline: Timeline,
  { timer, timeoutMs, onTimeout }: WaitPlan,
  { state = 'success', durationMs = durationOf(timer) }: ScriptedTask,
  done: (state: FinalTaskState) => void,
): Underway {
  return ringing(timeline, durationMs, timeoutMs, (met) => done(met ? state : ENDINGS[onTimeout]), done);
}

/** Starts another run, and waits for its end, `durationMs` from now, or does not. */
export function runTrigger(
  timeline: Timeline,
  { waits, tolerant, timeoutMs = Infinity, onTimeout }: TriggerPlan,
  { state = 'success', durationMs = 0 }: ScriptedTask,
  done: (state: FinalTaskState) => void,
): Underway {
  const end = tolerant === true || waits !== true ? 'success' : state;
  return ringing(timeline, waits === true ? durationMs : 0, timeoutMs, (met) => done(met ? end : ENDINGS[onTimeout]), done);
}

/** Asks for a decision. `rejected` may go back; where it does not, `onReject` says how the task ends. */
export function runApproval(
  timeline: Timeline,
  { timeoutMs, onTimeout, onReject }: ApprovalPlan,
  { durationMs = 0 }: ScriptedTask,
  decision: 'approve' | 'reject' | undefined,
  { decided, rejected, done }: ApprovalHost,
): Underway {
  const ms = decision === undefined ? Infinity : durationMs;
  const answer = (isThere: boolean): void => {
    if (!isThere) return done(ENDINGS[onTimeout]);
    decided();
    if (decision === 'approve') done('success');
    else if (!rejected()) done(ENDINGS[onReject]);
  };
  return ringing(timeline, ms, timeoutMs, answer, done);
}

export interface ApprovalHost {
  /** One more decision was taken. */
  readonly decided: () => void;
  /** The answer was no: true where the run goes back to an earlier task. */
  readonly rejected: () => boolean;
  readonly done: (state: FinalTaskState) => void;
}

function ringing(
  timeline: Timeline,
  ms: number,
  timeoutMs: number,
  ring: (inTime: boolean) => void,
  done: (state: FinalTaskState) => void,
): Underway {
  const bell = timeline.after(Math.min(ms, timeoutMs), () => ring(ms <= timeoutMs));
  return {
    cancel: () => {
      bell.what = undefined;
      done('cancelled');
    },
  };
}

/** 0 where it is not written out. */
function durationOf(timer: WaitPlan['timer']): number {
  if (timer?.by !== 'duration' || typeof timer.value !== 'string') return 0;
  try {
    return parseDuration(timer.value);
  } catch (error) {
    if (error instanceof DurationError) return 0;
    throw error;
  }
}
