import { equal, ok } from 'node:assert/strict';
import { naiveVerdict } from '../naive-rules.js';
import { answerOf, isFinal, nameOf, type ObservedRun, ofTasks, Replay, wentBack } from './observed-run.js';

const takesPlace = ({ plan }: ObservedRun, task: number): boolean => {
  const { type, map } = plan.tasks[task]!;
  return map === undefined && !['noop', 'transform', 'branch', 'dag', 'wait', 'trigger', 'approval'].includes(type);
};

/** No task starts before its rule allows it, or where its `when` says no. */
export function startsOnlyWhenAllowed(run: ObservedRun): void {
  const replay = new Replay(run);
  for (const change of ofTasks(run.changes)) {
    if (change.state === 'running') {
      equal(naiveVerdict(run.plan, change.task, replay), 'run', `${nameOf(run, change.task)} has started at ${change.at}`);
      equal(answerOf(run, change.task), true, `${nameOf(run, change.task)} has started although \`when\` says no`);
    }
    replay.apply(change);
  }
}

/** When all that happens at a moment has happened, nothing that can be decided is undecided, and nothing runs that would not start now. */
export function decidesAtOnce(run: ObservedRun): void {
  const replay = new Replay(run);
  const changes = ofTasks(run.changes);
  changes.forEach((change, i) => {
    replay.apply(change);
    if (changes[i + 1]?.at === change.at) return;
    for (let task = 0; task < run.plan.tasks.length; task++) {
      const state = replay.stateOf(task);
      if (isFinal(state)) continue;
      const expected = state === 'pending' ? 'wait' : 'run';
      equal(naiveVerdict(run.plan, task, replay), expected, `${nameOf(run, task)} is ${state} at ${change.at}`);
    }
  });
}

/** Never are more activities under way than `maxActiveTasks` (R13). */
export function keepsToMaxActiveTasks(run: ObservedRun): void {
  const active = new Set<number>();
  for (const { task, state, at } of ofTasks(run.changes)) {
    if (state === 'running' && takesPlace(run, task)) active.add(task);
    else active.delete(task);
    ok(active.size <= run.plan.maxActiveTasks, `${active.size} activities at ${at}`);
  }
}

/** No place stays free while somebody waits for one. */
export function leavesNoPlaceFree(run: ObservedRun): void {
  if (wentBack(run)) return;
  const replay = new Replay(run);
  const changes = ofTasks(run.changes);
  changes.forEach((change, i) => {
    replay.apply(change);
    if (changes[i + 1]?.at === change.at) return;
    const inState = (state: string): number[] =>
      run.plan.tasks.flatMap((_, task) => (replay.stateOf(task) === state && takesPlace(run, task) ? [task] : []));
    const waiting = inState('queued');
    if (waiting.length > 0)
      equal(inState('running').length, run.plan.maxActiveTasks, `${nameOf(run, waiting[0]!)} waits at ${change.at}`);
  });
}

/** Of those that wait for a place the most urgent goes first, then the one with the longest chain behind it, then by order of the plan. */
export function servesInOrder(run: ObservedRun): void {
  const { plan } = run;
  if (wentBack(run)) return;
  const heights = plan.tasks.map(() => 0);
  for (let task = plan.tasks.length - 1; task >= 0; task--) {
    for (const edge of plan.tasks[task]!.upstream ?? []) {
      const before = typeof edge === 'number' ? edge : edge[0];
      heights[before] = Math.max(heights[before]!, heights[task]! + 1);
    }
  }
  const goesBefore = (one: number, other: number): boolean => {
    const [mine, theirs] = [one, other].map((task) => plan.tasks[task]!.priority ?? 3) as [number, number];
    if (mine !== theirs) return mine < theirs;
    return heights[one] === heights[other] ? one < other : heights[one]! > heights[other]!;
  };
  const replay = new Replay(run);
  for (const change of ofTasks(run.changes)) {
    if (change.state === 'running' && takesPlace(run, change.task)) {
      for (let other = 0; other < plan.tasks.length; other++) {
        if (replay.stateOf(other) !== 'queued' || !takesPlace(run, other) || other === change.task) continue;
        ok(goesBefore(change.task, other), `${nameOf(run, change.task)} goes before ${nameOf(run, other)}`);
      }
    }
    replay.apply(change);
  }
}

/** A task runs once, unless it is rewound; a final state is left in no other way. */
export function runsEachTaskOnce(run: ObservedRun): void {
  const replay = new Replay(run);
  for (const change of ofTasks(run.changes)) {
    const before = replay.stateOf(change.task);
    const name = `${nameOf(run, change.task)}: ${before} -> ${change.state}`;
    if (isFinal(before) || before === 'running')
      ok(change.state === 'pending' || (before === 'running' && isFinal(change.state)), name);
    if (change.state === 'running') equal(before, 'queued', name);
    replay.apply(change);
  }
}
