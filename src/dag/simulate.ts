import { MAP_BUILT_IN, type MapPlan, toleratedFailures } from './map/map-plan.js';
import { type FinalItemState, type MapRules, MapWalk } from './map/map-walk.js';
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
  /** The items of a map, in order: what each would do. `state` and `durationMs` above mean nothing then. Default: none, so it is skipped. */
  readonly items?: readonly ScriptedItem[];
  /** Ids of the tasks that a branch chooses. Default: those of its first case. */
  readonly chosen?: readonly string[];
}

/** What an item of a map would do if it ran. */
export interface ScriptedItem {
  /** Default: success. */
  readonly state?: FinalItemState;
  /** Virtual milliseconds; default 0. */
  readonly durationMs?: number;
}

/** What became of a task, in virtual milliseconds since the start of the run. */
export interface SimulatedTask {
  readonly id: string;
  readonly state: TaskState;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Of a map that ran: the state of each item. */
  readonly items?: readonly TaskState[];
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
  const running: { readonly at: number; readonly task: number; readonly item?: number; readonly state: FinalTaskState }[] = [];
  const maps = new Map<number, { readonly walk: MapWalk; readonly items: readonly ScriptedItem[] }>();
  let now = 0;
  let tripped = false;
  let cancelled = false;

  const note = (): void => {
    for (const task of walk.takeChanges()) if (isFinal(walk.stateOf(task))) times[task]!.endedAt ??= now;
  };
  const launchItems = (task: number): void => {
    const { walk: items, items: scripts } = maps.get(task)!;
    for (let item = items.next(); item !== undefined; item = items.next()) {
      items.start(item);
      const { state = 'success', durationMs = 0 } = scripts[item]!;
      insert(running, { at: now + durationMs, task, item, state });
    }
    if (items.isDone) walk.finish(task, items.outcome()!);
  };
  const finish = (task: number, item: number | undefined, state: FinalTaskState): void => {
    if (item === undefined) return walk.finish(task, state, chosenBy(plan, task, script));
    const { walk: items } = maps.get(task)!;
    items.finish(item, state as FinalItemState);
    if (items.gaveUp)
      take(
        running,
        (other) => other.task === task,
        (other) => items.finish(other.item!, 'cancelled'),
      );
    launchItems(task);
  };
  /** Ends what runs and is among them, but never a teardown. */
  const cancel = (isMeant: (task: number) => boolean): void => {
    const ends = (task: number): boolean => isMeant(task) && plan.tasks[task]!.teardown === undefined;
    for (const [task, { walk: items }] of maps) if (ends(task)) items.stop();
    for (const other of running.splice(0)) {
      if (ends(other.task)) finish(other.task, other.item, 'cancelled');
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
        const { map } = plan.tasks[step.task]!;
        if (map !== undefined) {
          const items = scripted.items ?? [];
          maps.set(step.task, { walk: new MapWalk(items.length, rulesOf(map, items.length)), items });
          launchItems(step.task);
        } else insert(running, { at: now + (scripted.durationMs ?? 0), task: step.task, state: scripted.state ?? 'success' });
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
      finish(next.task, next.item, next.state);
    }
    launch();
  }
  const outcome = walk.outcome();
  const state = cancelled ? 'cancelled' : outcome;
  if (outcome === undefined || state === undefined)
    throw new Error(`the walk of ${plan.dagId} stands still with ${walk.remaining} tasks left: ${walk.snapshot()}`);
  return {
    state,
    makespanMs: now,
    tasks: plan.tasks.map(({ id }, i) => ({ id, state: walk.stateOf(i), ...times[i], ...itemsOf(maps.get(i)?.walk) })),
  };
}

function rulesOf(map: MapPlan, total: number): MapRules {
  const { maxConcurrency = MAP_BUILT_IN.maxConcurrency, stop = false } = map;
  return {
    // An expression has no value here: the built-in stands for it.
    maxConcurrency: typeof maxConcurrency === 'number' ? maxConcurrency : MAP_BUILT_IN.maxConcurrency,
    tolerated: toleratedFailures(map, total),
    stopOnFirstFailure: stop,
  };
}

function itemsOf(walk: MapWalk | undefined): { readonly items?: readonly TaskState[] } {
  return walk === undefined ? {} : { items: Array.from({ length: walk.total }, (_, i) => walk.stateOf(i)) };
}

/** Takes those out of the list that are meant, in order. */
function take<T>(list: T[], meant: (item: T) => boolean, use: (item: T) => void): void {
  const taken = list.filter(meant);
  for (const item of taken) {
    list.splice(list.indexOf(item), 1);
    use(item);
  }
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
