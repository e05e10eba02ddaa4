import type { DagPlan } from './plan.js';
import type { FinalRunState, FinalTaskState, TaskState } from './state.js';
import { Walk } from './walk.js';
import type { WalkStates } from './walk-states.js';

/** What a task would do if it ran. */
export interface ScriptedTask {
  /** Default: success. */
  readonly state?: 'success' | 'failed' | 'cancelled';
  /** Virtual milliseconds; default 0. Of tasks that end at the same time the one started first ends first. */
  readonly durationMs?: number;
  /** What `when` says, for tasks that have one. Default: true. `error` = it cannot be evaluated, which fails the task. */
  readonly when?: boolean | 'error';
  /** Ids of the tasks that a branch chooses. Default: those of its first case. */
  readonly chosen?: readonly string[];
}

/** What became of a task, in virtual milliseconds since the start of the run. */
export interface SimulatedTask {
  readonly id: string;
  readonly state: TaskState;
  readonly startedAt?: number;
  readonly endedAt?: number;
}

export interface Simulation {
  readonly state: FinalRunState;
  readonly makespanMs: number;
  /** In the order of the plan. */
  readonly tasks: readonly SimulatedTask[];
}

/**
 * Runs a plan in virtual time with scripted outcomes and no overhead at all: the same walk that the workflow drives, so
 * what this says about order, states and makespan is what the rules say. `kept` starts from results that are kept, and
 * `cancelAtMs` asks the run to stop at that time, unless it is over.
 */
export function simulate(
  plan: DagPlan,
  script: (taskId: string) => ScriptedTask,
  { kept, cancelAtMs = Infinity }: { readonly kept?: WalkStates; readonly cancelAtMs?: number } = {},
): Simulation {
  const walk = new Walk(plan, kept);
  const times = plan.tasks.map((): { startedAt?: number; endedAt?: number } => ({}));
  const running: { readonly at: number; readonly task: number; readonly state: FinalTaskState }[] = [];
  let now = 0;
  let tripped = false;
  let cancelled = false;

  const note = (): void => {
    for (const task of walk.takeChanges()) if (isFinal(walk.stateOf(task))) times[task]!.endedAt ??= now;
  };
  /** Ends what runs and is among them, but never a teardown. */
  const cancel = (isMeant: (task: number) => boolean): void => {
    for (const other of running.splice(0)) {
      if (isMeant(other.task) && plan.tasks[other.task]!.teardown === undefined) walk.finish(other.task, 'cancelled');
      else running.push(other);
    }
  };
  /** Cancels what failFast (R22) or a join (R6) does not want any more. */
  const dropUnwanted = (): void => {
    for (;;) {
      const unwanted = walk.takeUnwanted();
      const trips = walk.failFastTripped && !tripped;
      if (unwanted.length === 0 && !trips) return;
      const losers = new Set(unwanted);
      tripped ||= trips;
      cancel((task) => trips || losers.has(task));
    }
  };
  const launch = (): void => {
    for (;;) {
      dropUnwanted();
      const step = walk.next();
      if (step === undefined) return note();
      const scripted = script(plan.tasks[step.task]!.id);
      if (step.step === 'when') {
        const answer = scripted.when ?? true;
        if (answer === true) walk.admit(step.task);
        else walk.finish(step.task, answer === 'error' ? 'failed' : 'skipped');
      } else {
        walk.start(step.task);
        times[step.task]!.startedAt = now;
        insert(running, { at: now + (scripted.durationMs ?? 0), task: step.task, state: scripted.state ?? 'success' });
      }
    }
  };

  launch();
  while (running.length > 0) {
    const stops = !cancelled && running[0]!.at >= cancelAtMs;
    if (stops) {
      cancelled = true;
      now = Math.max(now, cancelAtMs);
      walk.stop();
      cancel(() => true);
    } else {
      const next = running.shift()!;
      now = next.at;
      walk.finish(next.task, next.state, chosenBy(plan, next.task, script));
    }
    launch();
  }
  const outcome = walk.outcome();
  const state = cancelled ? 'cancelled' : outcome;
  if (outcome === undefined || state === undefined)
    throw new Error(`the walk of ${plan.dagId} stands still with ${walk.remaining} tasks left: ${walk.snapshot()}`);
  return { state, makespanMs: now, tasks: plan.tasks.map(({ id }, i) => ({ id, state: walk.stateOf(i), ...times[i] })) };
}

function chosenBy(plan: DagPlan, task: number, script: (taskId: string) => ScriptedTask): readonly number[] | undefined {
  const { id, branch } = plan.tasks[task]!;
  if (branch === undefined) return undefined;
  const { chosen } = script(id);
  if (chosen === undefined) return branch.cases[0]?.targets;
  return plan.tasks.flatMap((each, i) => (chosen.includes(each.id) ? [i] : []));
}

function isFinal(state: TaskState): boolean {
  return state !== 'pending' && state !== 'queued' && state !== 'running';
}

/** Keeps the list in order of time; what was there first stays first. O(log n) comparisons. */
function insert<T extends { readonly at: number }>(list: T[], item: T): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.at <= item.at) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}
