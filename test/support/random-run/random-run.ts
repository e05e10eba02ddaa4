import { type CompiledDag, compile } from '../../../src/dag/compile.js';
import type { DagPlan, SubPlan } from '../../../src/dag/plan.js';
import type { Script, ScriptedTask } from '../../../src/dag/simulate.js';
import type { DagSpec } from '../../../src/dag/spec.js';
import { validate } from '../../../src/dag/validate/index.js';
import { type Dice, diceFor } from './dice.js';
import { randomScript } from './random-script.js';
import { randomSpec } from './random-spec.js';

/** A DAG, and what its tasks do when it runs: plain data, so that one which failed can be kept. */
export interface RandomRun {
  readonly spec: DagSpec;
  /** The DAGs that its SubDAGs name. */
  readonly dags: { readonly [id: string]: DagSpec };
  /** By path; a task that is not named succeeds at once. */
  readonly script: { readonly [path: string]: ScriptedTask };
  /** When it is cancelled. Default: never. */
  readonly cancelAtMs?: number;
  /** Seed of whatever else is random: other orders, moments of snapshots. */
  readonly seed: number;
}

/** The plans of a run: of its DAG, and of all SubDAGs. */
export interface Plans {
  readonly root: DagPlan;
  /** Those of SubDAGs before the DAG around them. */
  readonly all: readonly DagPlan[];
  readonly planOf: (sub: SubPlan, plan: DagPlan) => DagPlan | undefined;
}

/** The run of a seed, with its plans. Its script is made up as it is asked for, and complete once it was simulated. */
export function randomRun(seed: number): { readonly run: RandomRun; readonly plans: Plans; readonly ask: Script } {
  for (let turn = 0; ; turn++) {
    const dice = diceFor(seed, `turn ${turn}`);
    const races = dice.chance(45);
    const features = { races, dags: ['child'] };
    const spec = randomSpec(dice, 'root', features);
    const dags: RandomRun['dags'] = namesDag(spec, 'child')
      ? { child: randomSpec(dice, 'child', { ...features, dags: [] }) }
      : {};
    const plans = plansOf({ spec, dags });
    // Teardowns without dependsOn may make cycles.
    if ('problem' in plans) continue;
    const script: { [path: string]: ScriptedTask } = {};
    const made = randomScript(seed, spec, dags);
    const ask = (path: string): ScriptedTask => (script[path] ??= made(path));
    const cancelAtMs = races && dice.chance(40) ? dice.int(40) : undefined;
    return { run: { spec, dags, script, seed, ...(cancelAtMs !== undefined && { cancelAtMs }) }, plans, ask };
  }
}

function namesDag(value: unknown, id: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, each]) => (key === 'dag' && each === id) || namesDag(each, id));
}

/** What the plans of a run are, or why it has none: a cycle that teardowns without `dependsOn` make. */
export function plansOf({ spec, dags }: Pick<RandomRun, 'spec' | 'dags'>): Plans | { readonly problem: string } {
  const subs = new Map<DagPlan, readonly DagPlan[]>();
  const planOf = ({ bodies, subs: below, plan }: CompiledDag): DagPlan => {
    const inner = below.map(planOf);
    const made = plan(
      bodies.map((_, i) => `bodies ${i}`),
      inner.map((_, i) => `sub ${i}`),
    );
    subs.set(made, inner);
    return made;
  };
  const plans = new Map<string, DagPlan>();
  for (const each of [spec, ...Object.values(dags)]) {
    const { dag, issues } = validate(each, { ownQueues: [] });
    if (dag === undefined) return { problem: issues.map(({ path, message }) => `${path}: ${message}`).join('\n') };
    plans.set(each.id, planOf(compile(dag, { ownQueues: [] })));
  }
  return {
    root: plans.get(spec.id)!,
    all: [...subs.keys()],
    planOf: (sub, plan) => (sub.plan === undefined ? plans.get(sub.dag!) : subs.get(plan)?.[sub.plan]),
  };
}

/** The same run, where everything takes another time: what is late stays late. */
export function reordered(script: Script, seed: number): Script {
  return (path) => {
    const dice = diceFor(seed, path);
    const other = <Work extends { readonly durationMs?: number }>(work: Work): Work =>
      work.durationMs === undefined || work.durationMs >= 1_000 ? work : { ...work, durationMs: dice.int(25) };
    const { items, ...task } = other(script(path));
    return items === undefined ? task : { ...task, items: items === 'error' ? items : items.map(other) };
  };
}

/** The same document with its keys in another order, and with them all lists whose order means nothing. */
export function shuffledKeys<Value>(value: Value, dice: Dice, key = ''): Value {
  if (Array.isArray(value)) {
    const list = value.map((each: unknown) => shuffledKeys(each, dice));
    return (['dependsOn', 'on', 'teardown'].includes(key) ? dice.shuffled(list) : list) as Value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, shuffledKeys<unknown>(each, dice, name)]);
  return Object.fromEntries(dice.shuffled(entries)) as Value;
}
