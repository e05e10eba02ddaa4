import { equal, ok } from 'node:assert/strict';
import type { DagPlan } from '../../../src/dag/plan.js';
import { startedTasks } from './ending.js';
import { isTeardown, nameOf, type Observed, type ObservedRun, ofTasks, upstreamOf } from './observed-run.js';

/** A run is the last of its SubDAGs to end. */
export function outlivesItsChildren(run: ObservedRun, all: Observed): void {
  for (const { result } of childrenOf(run, all)) {
    ok(result.startedAt >= run.result.startedAt, `${result.path} begins before the run around it`);
    ok(result.endedAt <= run.result.endedAt, `${result.path} ends after the run around it`);
  }
}

/** A cancel reaches every SubDAG that is under way, and no new one begins; those of teardowns run on (R11). */
export function passesACancelOn(run: ObservedRun, all: Observed): void {
  const { stopped } = run.result;
  if (stopped === undefined) return;
  for (const { result, changes } of childrenOf(run, all)) {
    if (isTeardown(run, result.of!.task)) continue;
    ok(result.startedAt <= stopped.at, `${result.path} begins after the run was stopped`);
    const told = result.stopped !== undefined && result.stopped.at <= stopped.at;
    // When its tasks have ended only its hooks are left.
    ok(told || changes.every(({ at }) => at <= stopped.at), `${result.path} was not told to stop`);
  }
}

/** Nobody cancels the SubDAG of a teardown. */
export function letsCleanUpFinish(run: ObservedRun, all: Observed): void {
  for (const { result } of childrenOf(run, all)) {
    const { task } = result.of!;
    // A map may give up its own items.
    const givesUp = run.plan.tasks[task]!.map?.stop === true;
    if (isTeardown(run, task) && !givesUp) ok(result.stopped?.reason !== 'cancelled', `${result.path} was cancelled`);
  }
}

/** A SubDAG is attempted again so often as it may, only after a failure, and its task ends as the last attempt did. */
export function attemptsSubDagsAsTold(run: ObservedRun, all: Observed): void {
  const last = new Map<string, ObservedRun['result']>();
  for (const { result } of childrenOf(run, all)) {
    const { task, item, attempt } = result.of!;
    const { retry } = run.plan.tasks[task]!.sub!;
    const key = `${task} ${item ?? ''}`;
    ok(attempt <= (retry?.maxAttempts ?? 1), `${result.path} is an attempt too many`);
    if (attempt > 1) {
      const before = last.get(key);
      equal(before?.state, 'failed', `${result.path} follows a failure`);
      equal(result.startedAt - before!.endedAt, retry!.intervalMs * retry!.multiplier ** (attempt - 2));
    }
    last.set(key, result);
  }
  for (const { path, of, state } of last.values()) {
    const ended = run.result.tasks[of!.task]!;
    const became = of!.item === undefined ? ended.state : ended.items?.[of!.item];
    // One that was told to stop while it waited for another attempt never had that.
    if (became !== 'cancelled' && !wasRewound(run, of!.task))
      equal(became, state, `the task of ${path} ends as its last attempt`);
  }
}

/** What succeeded in the attempt before does not start again, unless something before it does, or what it made was torn down. */
export function keepsWhatSucceeded(run: ObservedRun): void {
  if (run.before === undefined) return;
  const again = startedTasks(run);
  const asked = new Set<number>();
  for (const { task, state } of ofTasks(run.changes))
    if (state === 'queued' || run.plan.tasks[task]!.setup === true) asked.add(task);
  const { plan, before } = run;
  const ended = (task: number): boolean => ['success', 'failed'].includes(before.tasks[task]!.state);
  // What failed is asked anew, what was cancelled with the run or lost a race that is not over, and what failFast has skipped, or may have.
  const isAskedAnew = (task: number): boolean => {
    const { state } = before.tasks[task]!;
    if (state === 'cancelled') {
      const joins = joinsOf(plan, task);
      return joins.length === 0 || joins.some((join) => !ended(join));
    }
    return state === 'failed' || state === 'upstream_failed' || (plan.failFast && state === 'skipped');
  };
  const isRedone = (task: number): boolean => asked.has(task) || isAskedAnew(task) || upstreamOf(run, task).some(isRedone);
  for (const task of again) {
    if (run.before.tasks[task]!.state !== 'success' || wasRewound(run, task)) continue;
    const tornDown = run.plan.tasks.some(
      ({ teardown }, at) => teardown?.includes(task) === true && ofTasks(run.changes).some((change) => change.task === at),
    );
    ok(tornDown || upstreamOf(run, task).some(isRedone), `${nameOf(run, task)} had succeeded and runs again`);
  }
}

/** Where something between a setup and its teardown runs again, what was set up is set up again (R11). */
export function setsUpAgain(run: ObservedRun): void {
  if (run.before === undefined) return;
  const again = startedTasks(run);
  for (const [at, { teardown = [] }] of run.plan.tasks.entries()) {
    for (const setup of teardown) {
      const user = [...again].find((task) => upstreamOf(run, at).includes(task) && comesAfter(run, task, setup));
      const isKept = ofTasks(run.changes).every(({ task }) => task !== setup);
      // One that was skipped had made nothing.
      const isThere = run.before.tasks[setup]!.state === 'success';
      ok(
        user === undefined || !isKept || !isThere,
        `${nameOf(run, user ?? at)} uses ${nameOf(run, setup)} again, which may be gone`,
      );
    }
  }
}

/** Whether something leads from one task to another. */
export function comesAfter(run: ObservedRun, task: number, before: number): boolean {
  return upstreamOf(run, task).some((each) => each === before || comesAfter(run, each, before));
}

/** The joins that may cancel a task. */
function joinsOf({ tasks }: DagPlan, task: number): number[] {
  return tasks.flatMap(({ join }, at) =>
    join !== undefined && 'minSuccess' in join && join.losers?.includes(task) ? [at] : [],
  );
}

/** The runs right below one, in the order in which they began. */
function childrenOf(run: ObservedRun, { runs }: Observed): readonly ObservedRun[] {
  return runs.filter(({ result }) => result.of?.run === run.result.run);
}

function wasRewound(run: ObservedRun, task: number): boolean {
  return run.changes.some((change) => change.task === task && change.state === 'pending');
}
