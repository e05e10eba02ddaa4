import { parseDuration } from '../../../src/dag/duration.js';
import { parseTemplate } from '../../../src/dag/expression/index.js';
import type { DagPlan, SubPlan, TaskPlan } from '../../../src/dag/plan.js';
import type { Script, ScriptedTask } from '../../../src/dag/simulate.js';
import type { FinalTaskState, TaskState } from '../../../src/dag/state.js';
import { edgeOn, edgeUpstream } from '../../../src/dag/walk-layout.js';
import { naiveVerdict } from '../naive-rules.js';
import { itemCountOf, mapEnd, workEnd } from './maps.js';

/** What one run comes to. */
export interface NaiveRun {
  readonly states: readonly TaskState[];
  /** What the branches that succeeded have chosen. */
  readonly chosen: readonly (readonly number[])[];
  /** How the items of maps ended. */
  readonly items: readonly (readonly FinalTaskState[])[];
  readonly state: 'success' | 'failed';
}

/** What a naive evaluation is made of; it adds each run that it meets, by path. */
export interface NaiveWorld {
  readonly planOf: (sub: SubPlan, plan: DagPlan) => DagPlan | undefined;
  readonly script: Script;
  readonly runs: Map<string, NaiveRun>;
}

/**
 * What a whole run comes to, SubDAGs included, by one pass over each plan in its order: knows no time, and is right where nothing races.
 * `before` is the attempt whose results are kept.
 */
export function naiveRun(world: NaiveWorld, plan: DagPlan, path: string, before?: NaiveRun): NaiveRun {
  const again = before === undefined ? undefined : redone(plan, before);
  const states: TaskState[] = [];
  const chosen: (readonly number[])[] = [];
  const items: (readonly FinalTaskState[])[] = [];
  const view = { stateOf: (task: number) => states[task]!, chosenBy: (branch: number) => chosen[branch] ?? [] };
  for (const [i, task] of plan.tasks.entries()) {
    chosen[i] = before?.chosen[i] ?? [];
    items[i] = [];
    if (again?.has(i) === false) {
      states[i] = before!.states[i]!;
      continue;
    }
    const own = path === '' ? task.id : `${path}/${task.id}`;
    const script = world.script(own);
    const verdict = naiveVerdict(plan, i, view);
    const answer = task.when === undefined ? true : typeof task.when === 'boolean' ? task.when : (script.when ?? true);
    if (verdict !== 'run') states[i] = verdict === 'skip' ? 'skipped' : 'upstream_failed';
    else if (answer !== true) states[i] = answer === 'error' ? 'failed' : 'skipped';
    else {
      chosen[i] = task.branch === undefined ? [] : (naiveChoice(task.branch, script) ?? []);
      const stateOf = (id: string): TaskState => states[plan.tasks.findIndex((each) => each.id === id)]!;
      const itemsBefore = again !== undefined && isResumed(plan, i, again) ? before!.items[i] : undefined;
      const end = task.map === undefined ? undefined : itemEnds(world, plan, task, own, script, stateOf, itemsBefore);
      if (Array.isArray(end)) items[i] = end;
      states[i] =
        end === undefined ? taskEnd(world, plan, task, own, script) : Array.isArray(end) ? mapEnd(task.map!, end) : end;
    }
  }
  const run = { states, chosen, items, state: naiveOutcome(plan, states) } as const;
  world.runs.set(path, run);
  return run;
}

/** What a branch chooses by its script: undefined where a condition cannot be evaluated. */
export function naiveChoice(
  { match, cases, otherwise = [] }: NonNullable<TaskPlan['branch']>,
  script: ScriptedTask,
): readonly number[] | undefined {
  const answers = cases.map(({ when }, i) => (typeof when === 'boolean' ? when : (script.cases?.[i] ?? true)));
  const first = answers.findIndex((each) => each !== false);
  const asked = match === 'first' && first >= 0 ? answers.slice(0, first + 1) : answers;
  if (asked.includes('error')) return undefined;
  const met = cases.filter((_, i) => asked[i] === true);
  return met.length === 0 ? otherwise : [...new Set(met.flatMap(({ targets }) => targets))];
}

/** The leaves decide; whoever answers failures, or cleans up, makes nobody anything but a leaf (R7). */
export function naiveOutcome({ tasks }: DagPlan, states: readonly TaskState[]): 'success' | 'failed' {
  const responsible = new Set<number>();
  for (const task of tasks) {
    if (task.teardown !== undefined) continue;
    for (const edge of task.upstream ?? []) if (!isNotifier(task, edgeOn(edge))) responsible.add(edgeUpstream(edge));
  }
  const fails = tasks.some(({ allowFailure, teardown }, i) => {
    const failed = states[i] === 'upstream_failed' || (states[i] === 'failed' && allowFailure !== true);
    return failed && teardown === undefined && !responsible.has(i);
  });
  return fails ? 'failed' : 'success';
}

/** An edge that is only there to answer failures. */
export function isNotifier({ rule, join }: TaskPlan, on: number): boolean {
  if (on === 4 || rule === 'one_failed' || rule === 'all_failed') return true;
  return join !== undefined && 'expression' in join && join.notifier === true;
}

function workOf(
  world: NaiveWorld,
  plan: DagPlan,
  { sub, activity }: TaskPlan,
  path: string,
  script: ScriptedTask,
): FinalTaskState {
  const child = sub === undefined ? undefined : world.planOf(sub, plan);
  return child === undefined ? workEnd(script, sub ?? activity) : subDagEnd(world, child, path, sub?.retry?.maxAttempts ?? 1);
}

/** How each item of a map ends; or how the map does that has none. Those that succeeded before are kept, where there are as many. */
function itemEnds(
  world: NaiveWorld,
  plan: DagPlan,
  task: TaskPlan,
  path: string,
  script: ScriptedTask,
  stateOf: (id: string) => TaskState,
  before: readonly FinalTaskState[] = [],
): FinalTaskState[] | FinalTaskState {
  const map = task.map!;
  const named = map.sources.flatMap(([, source]) => parseTemplate(source).references.tasks);
  const missing = named.filter(({ field, id }) => field === 'output' && stateOf(id) !== 'success').map(({ id }) => stateOf(id));
  if (missing.length > 0)
    return missing.some((state) => state === 'failed' || state === 'upstream_failed') ? 'upstream_failed' : 'skipped';
  const { items } = script;
  if (items === 'error') return 'failed';
  const total = itemCountOf(map, script);
  return Array.from({ length: total }, (_, item) => {
    const isKept = before.length === total && before[item] === 'success';
    return isKept ? 'success' : workOf(world, plan, task, `${path}[${item}]`, items?.[item] ?? {});
  });
}

function taskEnd(world: NaiveWorld, plan: DagPlan, task: TaskPlan, path: string, script: ScriptedTask): FinalTaskState {
  const { wait, trigger, approval, branch } = task;
  if (trigger !== undefined) {
    if (trigger.waits !== true) return 'success';
    if ((script.durationMs ?? 0) > (trigger.timeoutMs ?? Infinity)) return GONE_ON[trigger.onTimeout];
    return trigger.tolerant === true ? 'success' : (script.state ?? 'success');
  }
  if (wait !== undefined) {
    const takes = script.durationMs ?? (wait.timer === undefined ? 0 : parseDuration(wait.timer.value as string));
    return takes > wait.timeoutMs ? GONE_ON[wait.onTimeout] : (script.state ?? 'success');
  }
  if (approval !== undefined) {
    const { decisions = ['approve'] } = script;
    if (decisions.length === 0 || (script.durationMs ?? 0) > approval.timeoutMs) return GONE_ON[approval.onTimeout];
    return decisions.at(-1) === 'approve' ? 'success' : GONE_ON[approval.onReject];
  }
  if (branch !== undefined && naiveChoice(branch, script) === undefined) return 'failed';
  return workOf(world, plan, task, path, script);
}

const GONE_ON = { fail: 'failed', skip: 'skipped', continue: 'success' } as const;

function subDagEnd(world: NaiveWorld, plan: DagPlan, path: string, attempts: number): FinalTaskState {
  let run = naiveRun(world, plan, path);
  for (let attempt = 2; attempt <= attempts && run.state === 'failed'; attempt++)
    run = naiveRun(world, plan, `${path}#${attempt}`, run);
  return run.state;
}

/** What a further attempt does again: what neither succeeded nor was skipped, all that comes after, and the setups of what that tears down. */
function redone({ tasks }: DagPlan, { states }: NaiveRun): ReadonlySet<number> {
  const again = new Set(states.flatMap((state, i) => (state === 'success' || state === 'skipped' ? [] : [i])));
  for (let size = -1; size !== again.size; ) {
    size = again.size;
    for (const [i, { upstream = [], teardown = [] }] of tasks.entries()) {
      if (!upstream.some((edge) => again.has(edgeUpstream(edge)))) continue;
      for (const each of [i, ...teardown.filter((setup) => states[setup] === 'success')]) again.add(each);
    }
  }
  return again;
}

/** All that led to a task is kept, and what it made was not taken away: of a map that is done again items are kept too. */
function isResumed({ tasks }: DagPlan, task: number, again: ReadonlySet<number>): boolean {
  const isKept = (tasks[task]!.upstream ?? []).every((edge) => !again.has(edgeUpstream(edge)));
  return isKept && !tasks.some(({ teardown }, at) => again.has(at) && teardown?.includes(task) === true);
}
