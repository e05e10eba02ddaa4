import type { TaskReturn } from '../../activities/task-call.js';
import type { JsonObject } from '../../src/dag/json.js';
import { validateJson } from '../../src/dag/json-schema.js';
import type { TaskPlan } from '../../src/dag/plan.js';
import type { Attempt, CachedFrom, Failure, FinalTaskState, HookRecord, OutputValue } from '../../src/dag/state.js';
import type { OnTimeout } from '../../src/dag/wait-plan.js';

/** How a task ended, as the driver learned it. */
export interface TaskEnding {
  readonly state: FinalTaskState;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly attempts?: readonly Attempt[];
  readonly output?: OutputValue;
  /** Of a map: all its items. */
  readonly items?: OutputValue;
  readonly failure?: Failure;
  readonly cached?: CachedFrom;
  /** Hooks that its activity has carried out between attempts. */
  readonly hooks?: readonly HookRecord[];
  /** Of a branch: the tasks it has chosen. */
  readonly chosen?: readonly number[];
}

export function failed(kind: Failure['kind'], message: string): TaskEnding {
  return { state: 'failed', failure: { kind, message } };
}

/** What an activity of ours returned: a success, or skipped by a rule of its `retry`. */
export function endingOfReturn({ output, attempts, skipped, cached, hooks }: TaskReturn): TaskEnding {
  const times = { attempts, hooks, startedAt: attempts[0]?.startedAt, endedAt: attempts.at(-1)?.endedAt };
  return skipped === true ? { state: 'skipped', ...times } : { state: 'success', output, cached, ...times };
}

/** A success with an output that the run itself made, or that a foreign worker returned, unless the task's `outputSchema` says no. */
export function checkedEnding({ id, outputSchema }: TaskPlan, output: OutputValue): TaskEnding {
  const [problem] = outputSchema !== undefined && 'value' in output ? validateJson(outputSchema, output.value) : [];
  if (problem !== undefined) return failed('output_schema', `output of task ${id}${problem.pointer}: ${problem.message}`);
  return { state: 'success', output };
}

/** What the timeout of a wait or an approval makes of it (R19). `output` for those that go on. */
export function timeoutEnding(task: TaskPlan, onTimeout: OnTimeout, message: string, output: JsonObject): TaskEnding {
  if (onTimeout === 'fail') return failed('timeout', message);
  return onTimeout === 'skip' ? { state: 'skipped' } : checkedEnding(task, { value: output });
}
