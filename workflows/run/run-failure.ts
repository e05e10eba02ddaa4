import { formatDuration } from '../../src/dag/duration.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Failure } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunLedger } from './run-ledger.js';

/** Failed tasks named in the failure of a run. */
const MAX_NAMED = 20;
/** Reasons told in it, and their length: the first ones say most. */
const MAX_REASONS = 5;
const MAX_REASON_CHARS = 200;

/** Of a run that took longer than its `timeout`. */
export function timeoutFailure(timeoutMs: number): Failure {
  return { kind: 'run_timeout', message: `the run took longer than its timeout of ${formatDuration(timeoutMs)}` };
}

/** Of a run whose tasks make it fail (R7): which of them failed, and why. */
export function tasksFailure(plan: DagPlan, walk: Walk, ledger: RunLedger): Failure {
  // Those that fail no run are named only where nothing else has failed.
  const decides = (task: number): boolean =>
    plan.tasks[task]!.allowFailure !== true && plan.tasks[task]!.teardown === undefined;
  const failed = walk.first('failed', plan.tasks.length).filter(decides);
  // A rule may ask for a success that no task had, although none failed.
  if (failed.length === 0)
    return {
      kind: 'tasks',
      message: `no task failed, but some could not run: ${namesOf(walk.first('upstream_failed', plan.tasks.length), plan)}`,
    };
  const named = namesOf(failed, plan, (task) => ledger.recordOf(task)?.failure?.message);
  return { kind: 'tasks', message: `${failed.length} ${failed.length === 1 ? 'task' : 'tasks'} failed: ${named}` };
}

/** `load (disk full), check and 3 more`: the first ones with the reason, so that nobody has to look for it. */
function namesOf(
  tasks: readonly number[],
  plan: DagPlan,
  reason: (task: number) => string | undefined = () => undefined,
): string {
  const named = tasks.slice(0, MAX_NAMED).map((task, n) => {
    const why = n < MAX_REASONS ? reason(task)?.replace(/\s+/g, ' ') : undefined;
    const cut = why !== undefined && why.length > MAX_REASON_CHARS ? `${why.slice(0, MAX_REASON_CHARS)}…` : why;
    return cut === undefined ? plan.tasks[task]!.id : `${plan.tasks[task]!.id} (${cut})`;
  });
  const rest = tasks.length - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
