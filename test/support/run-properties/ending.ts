import { deepEqual, equal, ok } from 'node:assert/strict';
import type { DagPlan } from '../../../src/dag/plan.js';
import { edgeOn } from '../../../src/dag/walk-layout.js';
import { isOnPath, naiveVerdict } from '../naive-rules.js';
import { isNotifier, naiveOutcome } from './naive-run.js';
import {
  answerOf,
  choiceOf,
  isFinal,
  isTeardown,
  nameOf,
  type ObservedRun,
  ofTasks,
  Replay,
  upstreamOf,
  wentBack,
} from './observed-run.js';

/** Every task, and every item of a map that has begun, ends in a final state, and the counts say so. */
export function endsEveryTask(run: ObservedRun): void {
  const { tasks, counts } = run.result;
  const found: { [state: string]: number } = {};
  for (const { id, state, items = [] } of tasks) {
    ok(isFinal(state), `${id} is ${state} at the end`);
    for (const [i, item] of items.entries()) ok(isFinal(item), `item ${i} of ${id} is ${item} at the end`);
    found[state] = (found[state] ?? 0) + 1;
  }
  deepEqual({ ...counts }, found);
}

/**
 * At the end each task stands on what all others have become: one that has started would start now, one that never did has a reason,
 * its rule, its `when`, a branch, or something that stopped it.
 */
export function endsForAReason(run: ObservedRun): void {
  const { plan, result } = run;
  const started = startedTasks(run);
  const replay = new Replay(run);
  for (const change of ofTasks(run.changes)) replay.apply(change);
  const failFast = trippedBy(run) !== undefined;
  for (const [task, { state }] of result.tasks.entries()) {
    const verdict = naiveVerdict(plan, task, replay);
    if (started.has(task)) equal(verdict, 'run', `${nameOf(run, task)} has run`);
    if (started.has(task) || wasKept(run, task)) continue;
    const answer = verdict === 'run' ? answerOf(run, task) : undefined;
    const reasons: string[] = [
      ...(verdict === 'skip' || answer === false ? ['skipped'] : []),
      ...(answer === 'error' ? ['failed'] : []),
      ...(verdict === 'upstream_failed' ? ['upstream_failed'] : []),
      ...(failFast && !answersFailures(plan, task) ? ['skipped'] : []),
      ...(result.stopped !== undefined && !isTeardown(run, task) ? ['cancelled'] : []),
      ...(mayHaveLost(plan, task) ? ['cancelled'] : []),
    ];
    ok(
      reasons.includes(state),
      `${nameOf(run, task)} is ${state} and never started; it could be ${reasons.join(' or ') || 'started'}`,
    );
  }
}

/** What a branch does not choose never starts, unless it comes after something chosen, or cleans up (R8). */
export function skipsWhatBranchesLeaveOut(run: ObservedRun): void {
  const started = startedTasks(run);
  for (const [task] of run.plan.tasks.entries()) {
    if (isTeardown(run, task) || !started.has(task)) continue;
    for (const branch of upstreamOf(run, task)) {
      if (run.plan.tasks[branch]!.branch === undefined || run.result.tasks[branch]!.state !== 'success') continue;
      const chosen = choiceOf(run, branch);
      ok(isOnPath(run.plan, task, chosen), `${nameOf(run, task)} was started, though ${nameOf(run, branch)} has not chosen it`);
    }
  }
}

/**
 * The leaves decide how a run ends (R7): whoever answers failures, or cleans up, makes nobody anything but a leaf. What has stopped it
 * decides first, failFast second.
 */
export function endsAsItsLeavesSay(run: ObservedRun): void {
  const { plan, result } = run;
  const byTasks =
    trippedBy(run) !== undefined
      ? 'failed'
      : naiveOutcome(
          plan,
          result.tasks.map(({ state }) => state),
        );
  const { reason } = result.stopped ?? {};
  equal(result.state, reason === 'cancelled' ? 'cancelled' : reason === 'timeout' ? 'failed' : byTasks);
}

/** When all tasks have ended come the hooks that are due, and nothing else: one by one those for that end, then `exit` (R12). */
export function runsHooksAtTheEnd(run: ObservedRun): void {
  const { plan, result, changes } = run;
  const on = { success: 'success', failed: 'failure', cancelled: 'cancel' }[result.state];
  const due = (plan.hooks ?? [])
    .filter((hook) => hook.on === on)
    .concat((plan.hooks ?? []).filter((hook) => hook.on === 'exit'));
  const ran = result.hooks.filter(({ name }) => name.startsWith('hook '));
  deepEqual(
    ran.map(({ name }) => name),
    due.map(({ task }) => task.id),
  );
  let free = Math.max(
    run.result.startedAt,
    ...changes.map(({ at }) => at),
    ...result.hooks.filter((hook) => !ran.includes(hook)).map(({ endedAt }) => endedAt),
  );
  // Clean-up that a rewind let go runs on, and the run waits for it.
  const begin = ran[0]?.startedAt ?? result.endedAt;
  if (wentBack(run) && begin > free) free = begin;
  for (const { name, startedAt, endedAt } of ran) {
    equal(startedAt, free, `${name} begins when all before it is over`);
    free = endedAt;
  }
  equal(result.endedAt, free);
}

/** Each task that ended in success or failure has its hooks run, so often as it ended so, and the run waits for them. */
export function runsHooksOfTasks(run: ObservedRun): void {
  const due: string[] = [];
  for (const { task, state } of ofTasks(run.changes)) {
    const { hooks } = run.plan.tasks[task]!;
    if (state === 'success' || state === 'failed')
      for (const hook of hooks?.[state === 'success' ? 'success' : 'failure'] ?? []) due.push(hook.id);
  }
  const ran = run.result.hooks.map(({ name }) => name).filter((name) => !name.startsWith('hook '));
  deepEqual(ran.sort(), due.sort());
}

/** Tasks whose last life has begun. */
export function startedTasks(run: ObservedRun): ReadonlySet<number> {
  const started = new Set<number>();
  for (const { task, state } of ofTasks(run.changes)) {
    if (state === 'running') started.add(task);
    if (state === 'pending') started.delete(task);
  }
  return started;
}

/**
 * The first failure of a run with failFast that is not allowed, as the index of its change, unless the run had been stopped already
 * (R22).
 */
export function trippedBy(run: ObservedRun): number | undefined {
  const { plan, changes, beforeStop } = run;
  const first = changes.findIndex(
    ({ task, item, state }) =>
      state === 'failed' && item === undefined && plan.tasks[task]!.allowFailure !== true && !isTeardown(run, task),
  );
  return plan.failFast && first >= 0 && first < beforeStop ? first : undefined;
}

/** What outlives failFast: it exists to answer failures or to clean up. */
export function answersFailures(plan: DagPlan, task: number): boolean {
  const { upstream = [], teardown } = plan.tasks[task]!;
  return teardown !== undefined || upstream.some((edge) => isNotifier(plan.tasks[task]!, edgeOn(edge)));
}

const wasKept = (run: ObservedRun, task: number): boolean => !run.changes.some((change) => change.task === task);

/** One of those that a join with cancelOthers may cancel. */
function mayHaveLost(plan: DagPlan, task: number): boolean {
  return plan.tasks.some(({ join }) => join !== undefined && 'minSuccess' in join && join.losers?.includes(task) === true);
}
