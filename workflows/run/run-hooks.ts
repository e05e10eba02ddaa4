import { workflowInfo } from '@temporalio/workflow';
import type { TaskCall } from '../../activities/task-call.js';
import { MAX_HOOK_MS, MAX_HOOKS_MS } from '../../src/dag/limits.js';
import { activityIdOf, itemName } from '../../src/dag/map/item-source.js';
import type { ActivityPlan, DagPlan, HookPlan, TaskPlan } from '../../src/dag/plan.js';
import type { DagHook } from '../../src/dag/spec.js';
import type { FinalRunState, HookRecord } from '../../src/dag/state.js';
import { argumentsIn, endingOfResult, foreignArguments, ownCall } from './activity-call.js';
import { conditionAnswer } from './condition-answer.js';
import { startActivity } from './dispatch.js';
import { ForeignAttempts, withLastAttempt } from './foreign-attempts.js';
import type { RunLedger } from './run-ledger.js';
import type { RunValues } from './run-values.js';
import { failed, type TaskEnding } from './task-ending.js';
import { endingOfFailure, messageOf } from './task-failure.js';

/** The hook that answers each end of a run; `exit` follows. */
const ANSWERS: { readonly [state in FinalRunState]: DagHook } = { success: 'success', failed: 'failure', cancelled: 'cancel' };

/** What a hook is carried out with; `values` know what has ended, and how. */
export interface HookPlace {
  readonly plan: DagPlan;
  readonly values: RunValues;
  readonly prefix: string;
  /** Of hooks of a task: the item of a map that it is about; how often a rejection has sent the task back; its own attempts before. */
  readonly about?: Pick<TaskCall, 'item' | 'rewinds' | 'before'>;
}

/** What the hooks of one run are carried out with. */
export interface HookRun extends HookPlace {
  readonly ledger: RunLedger;
}

/**
 * Runs the hooks of the DAG for a run that ends in `state`, one after the other: each has five minutes, all together fifteen (R12).
 * Whatever becomes of them is noted and changes nothing. Call it where a cancellation does not reach. Never throws.
 */
export async function runHooks(run: HookRun, state: FinalRunState): Promise<void> {
  const due = (run.plan.hooks ?? []).filter(({ on }) => on === ANSWERS[state] || on === 'exit');
  const deadline = Date.now() + MAX_HOOKS_MS;
  for (const hook of due) {
    const begun = { ...placeOf(run.plan, hook), startedAt: Date.now() };
    run.ledger.noteHook({ ...begun, state: 'running' });
    const outcome = await carryOutHook(run, hook.task, deadline - begun.startedAt);
    const { attempts, failure } = outcome;
    run.ledger.noteHook({ ...begun, state: hookState(outcome), endedAt: Date.now(), attempts, failure });
  }
}

function placeOf({ hooks = [] }: DagPlan, hook: HookPlan): Pick<HookRecord, 'hook' | 'index'> {
  const same = hooks.filter(({ on }) => on === hook.on);
  return { hook: hook.on, index: same.length > 1 ? same.indexOf(hook) : undefined };
}

/** What is said of a hook that has ended. */
export function hookState({ state }: TaskEnding): HookRecord['state'] {
  return state === 'success' || state === 'skipped' ? state : 'failed';
}

/** One hook, from its `when` to its end, within `left` ms. Never throws. */
export async function carryOutHook(run: HookPlace, task: TaskPlan, left: number): Promise<TaskEnding> {
  const { activity } = task;
  if (left <= 0) return failed('timeout', 'the hooks of a run have 15m together, and those before it took them all');
  if (activity === undefined) return failed('error', `${task.id} has nothing to do`);
  let args: readonly unknown[] | TaskEnding;
  try {
    const wanted = await isWanted(run, task);
    if (wanted !== true) return wanted;
    args = await argumentsOf(run, task, activity);
  } catch (error) {
    // The activity that evaluates over stored values may fail.
    return failed('expression', messageOf(error));
  }
  if ('state' in args) return args;
  const queue = activity.queue ?? workflowInfo().taskQueue;
  const { item, rewinds, before = 0 } = run.about ?? {};
  let ending: TaskEnding;
  try {
    const given = args;
    const result = await run.values.allowance.begin(JSON.stringify(given).length, () =>
      startActivity(task, within(activity, left), given, run.plan.dagId, item, rewinds),
    );
    ending = endingOfResult(task, activity, result);
  } catch (error) {
    ending = endingOfFailure(error, { id: task.id, name: activity.name, queue });
  }
  if (activity.foreign === undefined) return ending;
  const endedAt = Date.now();
  const last = await new ForeignAttempts().lastOf(activityIdOf(itemName(task.id, item), rewinds));
  return withLastAttempt(ending, last, before, endedAt);
}

async function isWanted({ values, about }: HookPlace, task: TaskPlan): Promise<true | TaskEnding> {
  if (task.when === undefined || task.when === true) return true;
  if (task.when === false) return { state: 'skipped' };
  const condition = conditionAnswer(await values.expression(task.when, `${task.id}.when`, about?.item), `when of ${task.id}`);
  if ('error' in condition) return failed('expression', condition.error);
  return condition.value ? true : { state: 'skipped' };
}

async function argumentsOf(
  { plan, values, prefix, about }: HookPlace,
  task: TaskPlan,
  activity: ActivityPlan,
): Promise<readonly unknown[] | TaskEnding> {
  if (activity.foreign === undefined) return [ownCall(plan, task, activity, prefix, values, about)];
  return argumentsIn(await foreignArguments(values, task, activity.foreign.args, about?.item), task.id);
}

/** The server itself ends what takes longer, a queue without a worker included. */
function within(activity: ActivityPlan, left: number): ActivityPlan {
  const totalTimeoutMs = Math.min(activity.retry.totalTimeoutMs ?? MAX_HOOK_MS, MAX_HOOK_MS, left);
  return { ...activity, retry: { ...activity.retry, totalTimeoutMs } };
}
