import type { CallTasks } from '../../../activities/task-call.js';
import { type ItemRange, SHARD_ITEMS } from '../../../src/dag/map/shards.js';
import type { DagPlan, TaskPlan } from '../../../src/dag/plan.js';
import type { Resources } from '../../../src/dag/resources.js';
import { FINAL_STATE_BYTES, STATE_LETTERS } from '../../../src/dag/walk-states.js';
import type { RunSnapshot } from '../../contract.js';
import type { PreparedMap } from './running-map.js';

/** What a shard runs: the map's task alone, behind those whose outputs it names. */
export interface ShardRun {
  readonly plan: DagPlan;
  /** It goes on as if it had run those, and begun the map. */
  readonly carried: RunSnapshot;
}

/**
 * Makes the plan of a shard, and what it goes on from: the walk of it is the walk of any run. `resources`: what each item is given,
 * if anything is said.
 */
export function shardRun(
  plan: DagPlan,
  task: TaskPlan,
  upstream: CallTasks,
  { source, kept }: PreparedMap,
  { from, to }: ItemRange,
  rules: { readonly maxConcurrency: number; readonly tolerated: number; readonly now: number },
  resources: Resources | undefined,
): ShardRun {
  const ids = Object.keys(upstream);
  const indexOf = new Map(ids.map((id, i) => [id, i]));
  const renumbered = (indexes: readonly number[] | undefined): readonly number[] | undefined =>
    indexes?.map((i) => indexOf.get(plan.tasks[i]!.id)!);
  const { upstream: _edges, rule: _rule, when: _when, hooks, ...alone } = task;
  const needsIn = ({ needs }: TaskPlan): TaskPlan['needs'] =>
    needs === undefined ? undefined : { ...needs, tasks: renumbered(needs.tasks), items: renumbered(needs.items) };
  // How the map ends is the parent's to answer; here only items are tried again.
  const retry = hooks?.retry?.map((hook) => ({ ...hook, needs: needsIn(hook) }));
  const { format, dagId, maxActiveTasks, bodies, subs } = plan;
  const { maxConcurrency, tolerated, now } = rules;
  return {
    plan: {
      format,
      dagId,
      maxActiveTasks,
      failFast: false,
      // Its params are those of the run, and were checked there.
      anyParams: true,
      bodies,
      subs,
      tasks: [
        ...ids.map((id) => ({ id, type: 'noop' as const })),
        { ...alone, needs: needsIn(task), hooks: retry && { retry } },
      ],
    },
    carried: {
      format: 1,
      states: `${ids.map((id) => letterOf(upstream[id]!.state)).join('')}r`,
      tasks: {
        records: [
          ...ids.map((taskId) => ({ taskId, revision: 1, ...upstream[taskId]! })),
          ...(resources === undefined ? [] : [{ taskId: task.id, state: 'running' as const, revision: 1, resources }]),
        ],
      },
      startedAt: now,
      revision: 1,
      inlineBytes: 0,
      failFastTripped: false,
      hop: 0,
      maps: {
        records: [
          {
            taskId: task.id,
            source,
            total: to - from,
            maxConcurrency,
            states: `${to - from}.`,
            records: { records: [] },
            inlineBytes: 0,
            shard: { offset: from, tolerated },
            ...(kept === undefined ? {} : { kept: [kept[from / SHARD_ITEMS]!] }),
          },
        ],
      },
    },
  };
}

function letterOf(state: CallTasks[string]['state']): string {
  return STATE_LETTERS[FINAL_STATE_BYTES[state as keyof typeof FINAL_STATE_BYTES]]!;
}
