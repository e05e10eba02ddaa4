import type { CallTasks } from '../../../activities/task-call.js';
import { type ItemRange, SHARD_ITEMS } from '../../../src/dag/map/shards.js';
import type { DagPlan, TaskPlan } from '../../../src/dag/plan.js';
import { FINAL_STATE_BYTES, STATE_LETTERS } from '../../../src/dag/walk-states.js';
import type { RunSnapshot, TaskRecord } from '../../contract.js';
import type { PreparedMap } from './running-map.js';

/** What a shard runs: the map's task alone, behind those whose outputs it names. */
export interface ShardRun {
  readonly plan: DagPlan;
  /** It goes on as if it had run those, and begun the map. */
  readonly carried: RunSnapshot;
}

/**
 * Makes the plan of a shard, and what it goes on from: the walk of it is the walk of any run. `known`: what is known of the map, and
 * holds for each of its items.
 */
export function shardRun(
  plan: DagPlan,
  task: TaskPlan,
  upstream: CallTasks,
  { source, kept }: PreparedMap,
  { from, to }: ItemRange,
  rules: { readonly maxConcurrency: number; readonly tolerated: number; readonly now: number },
  known: Pick<TaskRecord, 'resources' | 'rewinds'> = {},
): ShardRun {
  const ids = Object.keys(upstream);
  const indexOf = new Map(ids.map((id, i) => [id, i]));
  const renumbered = (indexes: readonly number[] | undefined): readonly number[] | undefined =>
    indexes?.map((i) => indexOf.get(plan.tasks[i]!.id)!);
  // What decides about the map is its parent's to do.
  const { upstream: _edges, rule: _rule, join: _join, when: _when, hooks, ...alone } = task;
  const needsIn = ({ needs }: TaskPlan): TaskPlan['needs'] =>
    needs === undefined ? undefined : { ...needs, tasks: renumbered(needs.tasks), items: renumbered(needs.items) };
  // So is to answer how it ends; here only items are tried again.
  const retry = hooks?.retry?.map((hook) => ({ ...hook, needs: needsIn(hook) }));
  const { format, dagId, maxActiveTasks, bodies, subs } = plan;
  const { maxConcurrency, tolerated, now } = rules;
  const { resources, rewinds } = known;
  const records: TaskRecord[] = ids.map((taskId) => ({ taskId, revision: 1, ...upstream[taskId]! }));
  if (resources !== undefined || rewinds !== undefined)
    records.push({ taskId: task.id, state: 'running', revision: 1, resources, rewinds });
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
      tasks: { records },
      startedAt: now,
      revision: 1,
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
