import { deepEqual, equal } from 'node:assert/strict';
import type { DagPlan } from '../../../src/dag/plan.js';
import { selectedTasks } from '../../../src/dag/selected-tasks.js';
import { simulate } from '../../../src/dag/simulate.js';
import type { DagSpec } from '../../../src/dag/spec.js';
import { diceFor } from '../random-run/dice.js';
import { plansOf } from '../random-run/random-run.js';
import { withoutTask } from '../random-run/shrink.js';
import { races, type Simulated } from './laws.js';

/**
 * A run that is for some of its tasks leaves the others alone, goes on from snapshots as any other, and, where nothing races, comes to
 * what a DAG would that has those tasks alone.
 */
export function goesAsADagOfItsTasksAlone({ plans: { root, planOf }, run, script }: Simulated): void {
  const dice = diceFor(run.seed, 'only');
  const ids = root.tasks.map(({ id }) => id);
  const only = [dice.pick(ids), ...dice.some(ids, 10)];
  const selected = selectedTasks(root, only);
  const options = { planOf, only, cancelAtMs: run.cancelAtMs };
  const partial = simulate(root, script, options);
  deepEqual(simulate(root, script, { ...options, hops: () => dice.chance(30) }), partial);
  const isLeftOut = (i: number): boolean => !selected.has(i);
  for (const { run: number, task, state } of partial.changes) if (number === 0 && isLeftOut(task)) equal(state, 'skipped');
  for (const [i, { id, state }] of partial.tasks.entries()) if (isLeftOut(i)) equal(state, 'skipped', `${id} was left out`);
  if (run.cancelAtMs !== undefined || races(root)) return;
  const spec = ids.filter((_, i) => isLeftOut(i)).reduce<DagSpec>(withoutTask, run.spec);
  const smaller = plansOf({ spec, dags: run.dags });
  // A branch may have lost all that it chooses from.
  if ('problem' in smaller || smaller.all.some(races)) return;
  const alone = simulate(smaller.root, script, { planOf: smaller.planOf });
  const statesOf = (plan: DagPlan, { tasks }: Pick<typeof alone, 'tasks'>): object =>
    Object.fromEntries(plan.tasks.flatMap(({ id }, i) => (spec.tasks[id] === undefined ? [] : [[id, tasks[i]!.state]])));
  deepEqual(statesOf(root, partial), statesOf(smaller.root, alone), `states of the tasks with ${only.join(', ')}`);
  equal(partial.state, alone.state, `state of the run with ${only.join(', ')}`);
}
