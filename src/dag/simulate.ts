import { keptStates, resumedTasks } from './kept-states.js';
import type { DagPlan, SubPlan } from './plan.js';
import { leftOutTasks } from './selected-tasks.js';
import { indexesOf } from './simulate/choice.js';
import type { KeptRun, Script } from './simulate/script.js';
import type { SimulatedChange, SimulatedRun, Simulation } from './simulate/simulation.js';
import { Timeline } from './simulate/timeline.js';
import type { World } from './simulate/underway.js';
import { VirtualRun } from './simulate/virtual-run.js';

export type { Script, ScriptedTask, ScriptedWork } from './simulate/script.js';
export type {
  RunPlace,
  RunStop,
  SimulatedChange,
  SimulatedHook,
  SimulatedRun,
  SimulatedTask,
  Simulation,
} from './simulate/simulation.js';

export interface SimulateOptions {
  /** An earlier run of the same plan that did not succeed: what it achieved is kept. Default: nothing is. */
  readonly retryOf?: SimulatedRun;
  /** Ids of the tasks that alone are asked for: see `selectedTasks`. Default: all. */
  readonly only?: readonly string[];
  /** Asks the run to stop at that time, unless it is over. Default: never. */
  readonly cancelAtMs?: number;
  /** The plan of a SubDAG; one that is not known does what its own script says. Default: none is known. */
  readonly planOf?: (sub: SubPlan, plan: DagPlan) => DagPlan | undefined;
  /**
   * At which turns of a run, from 0, its walk goes on from a snapshot of itself, as a new execution of the workflow does. It makes
   * no difference. Default: at none.
   */
  readonly hops?: (turn: number) => boolean;
}

/**
 * Runs a plan in virtual time with scripted outcomes and no overhead at all, SubDAGs, maps, waits, people and hooks included: the
 * same walk that the workflow drives, so what this says about order, states and makespan is what the rules say.
 *
 * @throws Error when the run stands still before it is over: a bug of the walk.
 */
export function simulate(plan: DagPlan, script: Script, options: SimulateOptions = {}): Simulation {
  const { retryOf, only, cancelAtMs, planOf = () => undefined, hops = () => false } = options;
  const timeline = new Timeline();
  const changes: SimulatedChange[] = [];
  const children: SimulatedRun[] = [];
  let runs = 0;
  const world: World = {
    timeline,
    script,
    planOf,
    hops,
    changes,
    begin: ({ plan: childPlan, path, of, before, timeoutMs, done }) => {
      const close = (run: SimulatedRun): void => {
        children.push(run);
        done(run);
      };
      const place = { run: ++runs, path, of };
      const child = new VirtualRun(world, childPlan, place, close, before && keptOf(childPlan, before));
      child.begin(timeoutMs);
      return child;
    },
  };
  let ended: SimulatedRun | undefined;
  const root = new VirtualRun(
    world,
    plan,
    { run: 0, path: '' },
    (run) => (ended = run),
    retryOf && keptOf(plan, retryOf),
    only && leftOutTasks(plan, only),
  );
  root.begin();
  if (cancelAtMs !== undefined) timeline.after(cancelAtMs, () => root.stop('cancelled'));
  while (ended === undefined) {
    if (!timeline.step()) throw new Error(`the walk of ${plan.dagId} stands still: ${root.snapshot()}`);
  }
  return { ...ended, makespanMs: timeline.now, children, changes };
}

/** What a further attempt goes on from. */
function keptOf(plan: DagPlan, { tasks }: SimulatedRun): KeptRun {
  const ended = new Map(tasks.map((task) => [task.id, task]));
  const states = keptStates(plan, (id) => ended.get(id)?.state);
  const resumed = new Set(resumedTasks(plan, states));
  return {
    states,
    chosen: (branch) => {
      const chosen = ended.get(plan.tasks[branch]!.id)?.chosen;
      return chosen && indexesOf(plan.tasks, chosen);
    },
    items: (task) => (resumed.has(task) ? ended.get(plan.tasks[task]!.id)?.items : undefined),
  };
}
