import { deepEqual, equal, ok } from 'node:assert/strict';
import { parseTemplate } from '../../../src/dag/expression/index.js';
import type { DagPlan, TaskPlan } from '../../../src/dag/plan.js';
import { type Script, type ScriptedTask, simulate } from '../../../src/dag/simulate.js';
import type { TriggerRule } from '../../../src/dag/spec.js';
import { edgeUpstream } from '../../../src/dag/walk-layout.js';
import { Dice, diceFor } from '../random-run/dice.js';
import { type Plans, plansOf, type RandomRun, reordered, shuffledKeys } from '../random-run/random-run.js';
import { expectAll } from './every-run.js';
import { type NaiveRun, naiveRun } from './naive-run.js';
import { type Observed, type ObservedRun, observe } from './observed-run.js';
import { goesAsADagOfItsTasksAlone } from './partial-runs.js';

/** A random run that was simulated. */
export interface Simulated extends Observed {
  readonly run: RandomRun;
  readonly plans: Plans;
}

/** Simulates a run. */
export function simulated(run: RandomRun, plans: Plans, script: Script): Simulated {
  const { planOf, root } = plans;
  const simulation = simulate(root, script, { planOf, cancelAtMs: run.cancelAtMs });
  return { ...observe(simulation, root, { planOf, script }), run, plans };
}

/** Where nothing races, a run comes to what its outcomes say, whoever ends first (decision 0006). */
export function comesToTheSameInAnyOrder(all: Simulated): void {
  const { plans, run, script } = all;
  if (run.cancelAtMs !== undefined || plans.all.some(races) || all.runs.some(goesBackBehindWhatIsKept)) return;
  const runs = new Map<string, NaiveRun>();
  naiveRun({ planOf: plans.planOf, script, runs }, plans.root, '');
  const other = simulated(run, plans, reordered(script, run.seed));
  expectAll(other);
  for (const each of [all, other]) {
    for (const [path, { states, state }] of runs) {
      // One that was rewound may have been there before.
      const found = each.runs.findLast(({ result }) => result.path === path)?.result;
      deepEqual(
        found?.tasks.map((task) => task.state),
        states,
        `states of the tasks of ${path === '' ? 'the root' : path}`,
      );
      equal(found?.state, state, `state of ${path === '' ? 'the root' : path}`);
    }
  }
}

/** Going on from snapshots, at any moments, changes nothing. */
export function goesOnFromSnapshots({ run, plans: { root, planOf }, script, simulation }: Simulated): void {
  const dice = diceFor(run.seed, 'snapshots');
  const hopping = simulate(root, script, { planOf, cancelAtMs: run.cancelAtMs, hops: () => dice.chance(30) });
  deepEqual(hopping, simulation);
}

/** A spec means the same whatever the order of its keys: asked of every third run, for to compile costs more than all the rest. */
export function meansTheSameInAnyKeyOrder({ run, plans }: Simulated): void {
  if (run.seed % 3 !== 0) return;
  const other = plansOf(shuffledKeys({ spec: run.spec, dags: run.dags }, new Dice(run.seed)));
  ok('root' in other, 'is as valid with its keys in another order');
  deepEqual(other.all, plans.all);
}

/** A run that did not succeed is retried, and now everything succeeds: what is kept is not done again, and the same holds as ever. */
export function canBeRetried({ plans: { root, planOf }, script, simulation }: Simulated): void {
  if (simulation.state === 'success') return;
  const healed = (path: string): ScriptedTask => {
    const { durationMs, items } = script(path);
    return { durationMs, ...(Array.isArray(items) ? { items: items.map(() => ({})) } : {}) };
  };
  const again = simulate(root, healed, { planOf, retryOf: simulation });
  expectAll(observe(again, root, { planOf, script: healed, retryOf: simulation }));
}

/** What holds for a run as a whole; each is given one whose every part was checked. */
export const LAWS = [
  comesToTheSameInAnyOrder,
  goesOnFromSnapshots,
  meansTheSameInAnyKeyOrder,
  canBeRetried,
  goesAsADagOfItsTasksAlone,
] as const;

/** What it asks for depends on who ends first. */
export function races({ failFast, timeoutMs, tasks }: DagPlan): boolean {
  if (failFast || timeoutMs !== undefined) return true;
  return tasks.some((task) => {
    const { join, map, sub } = task;
    const cancels = join !== undefined && 'minSuccess' in join && join.losers !== undefined;
    return cancels || map?.stop === true || sub?.timeoutMs !== undefined || readsEarly(tasks, task);
  });
}

/** It is a map over the output of a task that need not have ended when the map starts. */
function readsEarly(tasks: DagPlan['tasks'], { map, rule = 'all_success', join, upstream = [], teardown }: TaskPlan): boolean {
  const eager = join === undefined ? EAGER.has(rule) : 'expression' in join || join.eager !== false;
  const sure = new Set(eager && teardown === undefined ? [] : upstream.map((edge) => tasks[edgeUpstream(edge)]!.id));
  return (map?.sources ?? []).some(([, source]) => parseTemplate(source).references.tasks.some(({ id }) => !sure.has(id)));
}

/** Then it depends on what an approval says how much of the attempt before stays. */
function goesBackBehindWhatIsKept({ plan, before }: ObservedRun): boolean {
  return before !== undefined && plan.tasks.some(({ approval }) => approval?.rewindTo !== undefined);
}

/** Rules by which a task may start before all tasks before it have ended. */
const EAGER: ReadonlySet<string> = new Set<TriggerRule>(['always', 'one_success', 'one_failed', 'one_done']);
