import { givenParams } from '../../src/dag/given-params.js';
import { keptStates, resumedTasks } from '../../src/dag/kept-states.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Failure, OutputValue } from '../../src/dag/state.js';
import type { WalkStates } from '../../src/dag/walk-states.js';
import { type DagRunInput, type KeptItems, type PinnedDag, REPORT_NAME, type RunReport, type TaskRecord } from '../contract.js';
import { atHand } from './dispatch.js';
import { loadRecords } from './stored-records.js';
import { clip } from './task-failure.js';

/** All that a run needs before its first task. */
export interface PreparedRun {
  /** As given, its params completed by defaults where a parent gave them. */
  readonly input: DagRunInput;
  readonly plan: DagPlan;
  readonly dags: { readonly [reference: string]: PinnedDag };
  /** What a further attempt of a SubDAG goes on from. */
  readonly kept?: {
    readonly states: WalkStates;
    readonly records: readonly TaskRecord[];
    readonly revision: number;
    /** What a branch that succeeded has chosen. */
    readonly chosen: (branch: number) => readonly number[] | undefined;
    /** Items of maps that failed. */
    readonly items: KeptItems;
  };
  /** Why it cannot begin: it closes with that. */
  readonly failure?: Failure;
}

const EMPTY_PLAN: DagPlan = { format: 1, dagId: '', maxActiveTasks: 1, failFast: false, bodies: [], tasks: [] };

/** Loads the plan and what goes with it. Never throws: what is missing is the failure of the run, as is `unable`. */
export async function prepareRun(input: DagRunInput, unable?: Failure): Promise<PreparedRun> {
  if (unable !== undefined) return { input, plan: EMPTY_PLAN, dags: {}, failure: unable };
  let plan: DagPlan;
  try {
    const summary = `plan of ${input.run.dagId}, version ${input.run.version}`;
    plan = input.plan ?? (await atHand(summary, (objects) => objects.loadPlan({ planKey: input.planKey })));
  } catch (error) {
    const message = `the plan of version ${input.run.version} (${input.planKey}) cannot be read: ${rootMessage(error)}`;
    return { input, plan: EMPTY_PLAN, dags: {}, failure: { kind: 'blob_missing', message } };
  }
  plan = withTimeout(plan, input.timeoutMs);
  const { dags } = input;
  let pinned: PreparedRun['dags'] = {};
  if (dags !== undefined && 'pinned' in dags) pinned = dags.pinned;
  else if (dags !== undefined && plan.tasks.some(({ sub }) => sub?.dag !== undefined)) {
    try {
      pinned = (await atHand('versions of its SubDAGs', (objects) =>
        objects.loadJson({ key: dags.key }),
      )) as unknown as PreparedRun['dags'];
    } catch (error) {
      const message = `the versions of its SubDAGs (${dags.key}) cannot be read: ${rootMessage(error)}`;
      return { input, plan, dags: {}, failure: { kind: 'blob_missing', message } };
    }
  }
  const completed = withParams(input, plan);
  if ('failure' in completed) return { input, plan, dags: pinned, failure: completed.failure };
  const kept = input.keepFrom === undefined || input.carried !== undefined ? undefined : await keptOf(input.keepFrom, plan);
  return { input: completed, plan, dags: pinned, kept };
}

/** The params of a child come from expressions: only now is known what they are. */
function withParams(input: DagRunInput, plan: DagPlan): DagRunInput | { readonly failure: Failure } {
  if (input.parent === undefined || plan.anyParams === true) return input;
  const { params, faults } = givenParams(plan.params ?? {}, input.run.params);
  if (faults.length === 0) return { ...input, run: { ...input.run, params } };
  const message = clip(`${input.run.dagId} was given params that do not fit: ${faults.map(({ detail }) => detail).join('; ')}`);
  return { failure: { kind: 'invalid_params', message } };
}

/** The limit of the task that a child carries out holds beside its own. */
function withTimeout(plan: DagPlan, timeoutMs: number | undefined): DagPlan {
  if (timeoutMs === undefined || (plan.timeoutMs !== undefined && plan.timeoutMs <= timeoutMs)) return plan;
  return { ...plan, timeoutMs };
}

/** Nothing where the attempt before left no report. */
async function keptOf(prefix: string, plan: DagPlan): Promise<PreparedRun['kept']> {
  try {
    const { head, tasks } = (await atHand('what the attempt before achieved', (objects) =>
      objects.loadJson({ key: `${prefix}${REPORT_NAME}` }),
    )) as unknown as RunReport;
    const records = new Map((await loadRecords(tasks)).map((record) => [record.taskId, record]));
    const states = keptStates(plan, (taskId) => records.get(taskId)?.state);
    const kept = plan.tasks.flatMap(({ id }, i) => (states[i] === '.' ? [] : [records.get(id)!]));
    const chosen = (branch: number): readonly number[] | undefined => chosenOf(plan, records.get(plan.tasks[branch]!.id));
    return { states, records: kept, revision: head.revision, chosen, items: keptItemsOf(plan, states, records, head.revision) };
  } catch {
    return undefined;
  }
}

/** What maps have that begin again where they were. */
function keptItemsOf(plan: DagPlan, states: WalkStates, records: ReadonlyMap<string, TaskRecord>, revision: number): KeptItems {
  const items: { [taskId: string]: OutputValue } = {};
  for (const i of resumedTasks(plan, states)) {
    const { id, map } = plan.tasks[i]!;
    const known = records.get(id)?.items;
    if (map !== undefined && known !== undefined) items[id] = known;
  }
  return { revision, items };
}

/** The output of a branch names what it has chosen (R17). */
function chosenOf(plan: DagPlan, record: TaskRecord | undefined): readonly number[] | undefined {
  const output = record?.output;
  if (output === undefined || !('value' in output)) return undefined;
  const { chosen } = output.value as { readonly chosen: readonly string[] };
  return plan.tasks.flatMap(({ id }, i) => (chosen.includes(id) ? [i] : []));
}

function rootMessage(error: unknown): string {
  let at: unknown = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
