import type { DagPlan, SubPlan } from '../../../src/dag/plan.js';
import type { Script, ScriptedTask, SimulatedChange, SimulatedRun, Simulation } from '../../../src/dag/simulate.js';
import type { TaskState } from '../../../src/dag/state.js';
import { edgeUpstream } from '../../../src/dag/walk-layout.js';
import type { NaiveView } from '../naive-rules.js';
import { naiveChoice } from './naive-run.js';

/** One run of a simulation, a SubDAG's or the root's, as somebody sees it who knows nothing of the walk. */
export interface ObservedRun {
  readonly plan: DagPlan;
  readonly result: SimulatedRun;
  /** What happened in this run, in order. */
  readonly changes: readonly SimulatedChange[];
  /** How many of them were before the run was stopped; all of them where it was not. */
  readonly beforeStop: number;
  /** What each task would do. */
  readonly scripts: readonly ScriptedTask[];
  /** The run whose results this one has kept, if any. */
  readonly before?: SimulatedRun;
}

/** A simulation taken apart. */
export interface Observed {
  /** By their numbers, the root first. */
  readonly runs: readonly ObservedRun[];
  readonly simulation: Simulation;
  readonly planOf: (sub: SubPlan, plan: DagPlan) => DagPlan | undefined;
  readonly script: Script;
}

/** Finds the plan of each run, and sorts what happened by runs. */
export function observe(
  simulation: Simulation,
  root: DagPlan,
  { planOf, script, retryOf }: Pick<Observed, 'planOf' | 'script'> & { readonly retryOf?: SimulatedRun },
): Observed {
  const results = [simulation as SimulatedRun, ...simulation.children].sort((one, other) => one.run - other.run);
  const changes: SimulatedChange[][] = results.map(() => []);
  const beforeStop = results.map(() => 0);
  for (const [i, change] of simulation.changes.entries()) {
    changes[change.run]!.push(change);
    if (i < (results[change.run]!.stopped?.after ?? Infinity)) beforeStop[change.run]!++;
  }
  const runs: ObservedRun[] = [];
  for (const result of results) {
    const { run, of, path } = result;
    const plan = of === undefined ? root : planOf(runs[of.run]!.plan.tasks[of.task]!.sub!, runs[of.run]!.plan)!;
    const before = of === undefined ? retryOf : of.attempt === 1 ? undefined : attemptBefore(results, result);
    const scripts = plan.tasks.map(({ id }) => script(path === '' ? id : `${path}/${id}`));
    runs.push({ plan, result, changes: changes[run]!, beforeStop: beforeStop[run]!, scripts, before });
  }
  return { runs, simulation, planOf, script };
}

function attemptBefore(results: readonly SimulatedRun[], { run, of }: SimulatedRun): SimulatedRun {
  return results.findLast(
    (other) =>
      other.run < run &&
      other.of?.run === of!.run &&
      other.of.task === of!.task &&
      other.of.item === of!.item &&
      other.of.attempt === of!.attempt - 1,
  )!;
}

/** Tasks only, without the items of maps. */
export const ofTasks = (changes: readonly SimulatedChange[]): readonly SimulatedChange[] =>
  changes.filter(({ item }) => item === undefined);

/** What was known at each moment of a run: goes from change to change. */
export class Replay implements NaiveView {
  private readonly states: TaskState[];
  private readonly changed = new Set<number>();

  constructor(private readonly run: ObservedRun) {
    const { changes, result, before } = run;
    this.states = result.tasks.map((_, task) => {
      const first = changes.find((change) => change.task === task && change.item === undefined);
      // What never changed, or first became pending again, was kept.
      if (first === undefined) return result.tasks[task]!.state;
      return first.state === 'pending' ? before!.tasks[task]!.state : 'pending';
    });
  }

  readonly stateOf = (task: number): TaskState => this.states[task]!;

  readonly chosenBy = (branch: number): readonly number[] => {
    const kept = this.changed.has(branch) ? undefined : keptChoice(this.run, branch);
    return kept ?? naiveChoice(this.run.plan.tasks[branch]!.branch!, this.run.scripts[branch]!) ?? [];
  };

  apply({ task, state }: SimulatedChange): void {
    this.states[task] = state;
    this.changed.add(task);
  }
}

export const isFinal = (state: TaskState): boolean => state !== 'pending' && state !== 'queued' && state !== 'running';

/** What a branch has chosen at the end: by its script, or in the attempt before. */
export function choiceOf(run: ObservedRun, branch: number): readonly number[] {
  const kept = run.changes.some(({ task }) => task === branch) ? undefined : keptChoice(run, branch);
  return kept ?? naiveChoice(run.plan.tasks[branch]!.branch!, run.scripts[branch]!) ?? [];
}

function keptChoice({ plan, before }: ObservedRun, branch: number): readonly number[] | undefined {
  const kept = before?.tasks[branch]?.chosen;
  return kept && plan.tasks.flatMap(({ id }, i) => (kept.includes(id) ? [i] : []));
}

/** The answer of a task's `when`; true where it has none. */
export function answerOf({ plan, scripts }: ObservedRun, task: number): boolean | 'error' {
  const { when } = plan.tasks[task]!;
  return when === undefined ? true : typeof when === 'boolean' ? when : (scripts[task]!.when ?? true);
}

/** Something was done again after a rejection: what still ran of it may hold others up. */
export const wentBack = ({ changes }: ObservedRun): boolean => changes.some(({ state }) => state === 'pending');

export const isTeardown = ({ plan }: ObservedRun, task: number): boolean => plan.tasks[task]!.teardown !== undefined;

/** Indexes of the tasks that a task waits for. */
export const upstreamOf = ({ plan }: ObservedRun, task: number): readonly number[] =>
  (plan.tasks[task]!.upstream ?? []).map(edgeUpstream);

/** How a task is called in messages. */
export const nameOf = ({ plan, result: { path } }: ObservedRun, task: number): string =>
  `${path === '' ? '' : `${path}/`}${plan.tasks[task]!.id}`;
