import { equal, ok } from 'node:assert/strict';
import { comesAfter } from './children.js';
import { answersFailures, startedTasks, trippedBy } from './ending.js';
import { answerOf, isFinal, isTeardown, nameOf, type ObservedRun, ofTasks, Replay } from './observed-run.js';

/** A teardown runs exactly if one of its setups succeeded, or it has none, whatever path was taken (R11). */
export function tearsDownWhatWasSetUp(run: ObservedRun): void {
  const started = startedTasks(run);
  const { tasks } = run.result;
  for (const [task, { teardown }] of run.plan.tasks.entries()) {
    if (teardown === undefined) continue;
    const kept = !run.changes.some((change) => change.task === task);
    const setUp = teardown.length === 0 || teardown.some((setup) => tasks[setup]!.state === 'success');
    if (!kept)
      equal(
        started.has(task),
        setUp && answerOf(run, task) === true,
        `${nameOf(run, task)} has ${started.has(task) ? '' : 'not '}cleaned up`,
      );
  }
}

/** Nothing cancels a teardown that runs: neither the run nor failFast nor a join. */
export function neverCancelsCleanUp(run: ObservedRun): void {
  for (const { task, state } of ofTasks(run.changes)) {
    if (!isTeardown(run, task) || state !== 'cancelled') continue;
    const { state: own, items } = run.scripts[task]!;
    const scripted = own === 'cancelled' || (Array.isArray(items) && items.some((item) => item.state === 'cancelled'));
    ok(scripted, `${nameOf(run, task)} was cancelled`);
  }
}

/** Between the moment when something is torn down and the moment when it is set up again nobody uses it. */
export function usesNothingTornDown(run: ObservedRun): void {
  const replay = new Replay(run);
  /** For each pair, whether the teardown has begun since the setup ended. */
  const gone = new Set<string>();
  const pairs = run.plan.tasks.flatMap(({ teardown = [], upstream = [] }, task) =>
    teardown.map((setup) => {
      const edges = new Set(upstream.map((edge) => (typeof edge === 'number' ? edge : edge[0])));
      const users = run.plan.tasks.flatMap((_, user) =>
        edges.has(user) && user !== setup && comesAfter(run, user, setup) ? [user] : [],
      );
      return { task, setup, users: users.filter((user) => !isTeardown(run, user)), name: `${task} ${setup}` };
    }),
  );
  for (const change of ofTasks(run.changes)) {
    for (const { task, setup, users, name } of pairs) {
      if (change.task === task && change.state === 'running') {
        gone.add(name);
        for (const user of users)
          ok(
            replay.stateOf(user) !== 'running',
            `${nameOf(run, task)} tears ${nameOf(run, setup)} down at ${change.at}, while ${nameOf(run, user)} works with it`,
          );
      }
      // A teardown over an empty list, or over that of a task that failed, took nothing away.
      if (change.task === task && (change.state === 'skipped' || change.state === 'upstream_failed')) gone.delete(name);
      if (change.task === setup && change.state === 'success') gone.delete(name);
      // Whoever does not wait for the setup, or goes on without, does not use it.
      if (users.includes(change.task) && change.state === 'running' && replay.stateOf(setup) === 'success')
        ok(
          !gone.has(name),
          `${nameOf(run, change.task)} starts at ${change.at}, after ${nameOf(run, task)} has torn ${nameOf(run, setup)} down`,
        );
    }
    replay.apply(change);
  }
}

/** Once a run was asked to stop nothing starts but clean-up, and what runs ends at once, but for children that clean up themselves. */
export function stopsInGoodOrder(run: ObservedRun): void {
  const { stopped } = run.result;
  if (stopped === undefined) return;
  const replay = new Replay(run);
  for (const [i, change] of run.changes.entries()) {
    if (i >= run.beforeStop && change.state === 'running')
      ok(isTeardown(run, change.task), `${nameOf(run, change.task)} starts at ${change.at}, after the run was stopped`);
    if (change.item === undefined && change.at <= stopped.at) replay.apply(change);
  }
  for (const [task, { sub }] of run.plan.tasks.entries()) {
    const state = replay.stateOf(task);
    const cleansUp = isTeardown(run, task) || (sub !== undefined && state === 'running');
    ok(isFinal(state) || cleansUp, `${nameOf(run, task)} is still ${state} after the run was stopped`);
  }
}

/** After the failure that stops a run with failFast nothing starts but what answers failures or cleans up; what runs ends at once. */
export function failsFast(run: ObservedRun): void {
  const by = trippedBy(run);
  if (by === undefined) return;
  const { at } = run.changes[by]!;
  const replay = new Replay(run);
  for (const [i, change] of run.changes.entries()) {
    if (i > by && change.state === 'running')
      ok(
        answersFailures(run.plan, change.task),
        `${nameOf(run, change.task)} starts at ${change.at}, after the failure at ${at}`,
      );
    if (change.item === undefined && change.at <= at) replay.apply(change);
  }
  for (const [task, { sub }] of run.plan.tasks.entries()) {
    const state = replay.stateOf(task);
    const goesOn = answersFailures(run.plan, task) || (sub !== undefined && state === 'running');
    ok(isFinal(state) || goesOn, `${nameOf(run, task)} is still ${state} after the failure at ${at}`);
  }
}

/** Once a join that cancels others may start, the losers start no more, and end at once but for children that clean up. */
export function cancelsLosers(run: ObservedRun): void {
  const lost = new Map<number, number>();
  const replay = new Replay(run);
  const changes = ofTasks(run.changes);
  for (const [i, change] of changes.entries()) {
    const { join } = run.plan.tasks[change.task]!;
    // What is rewound is decided anew.
    if (change.state === 'pending') lost.clear();
    if (change.state === 'running') {
      const at = lost.get(change.task);
      equal(at, undefined, `${nameOf(run, change.task)} starts at ${change.at} and lost at ${at}`);
    }
    if (change.state === 'queued' && join !== undefined && 'minSuccess' in join)
      for (const loser of join.losers ?? []) lost.set(loser, change.at);
    replay.apply(change);
    if (changes[i + 1]?.at === change.at) continue;
    for (const [loser, at] of lost) {
      const state = replay.stateOf(loser);
      const cleansUp = run.plan.tasks[loser]!.sub !== undefined && state === 'running';
      ok(isFinal(state) || cleansUp, `${nameOf(run, loser)} is ${state} and lost at ${at}`);
    }
  }
}
