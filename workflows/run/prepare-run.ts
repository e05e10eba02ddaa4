import { givenParams } from '../../src/dag/given-params.js';
import { keptStates, resumedTasks } from '../../src/dag/kept-states.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Failure, OutputValue } from '../../src/dag/state.js';
import type { WalkStates } from '../../src/dag/walk-states.js';
import {
  type ChildRecord,
  type DagRunInput,
  type KeptItems,
  type MapSnapshot,
  type PinnedDag,
  REPORT_NAME,
  type RunReport,
  type TaskRecord,
} from '../contract.js';
import { atHand } from './dispatch.js';
import { loadRecords } from './stored-records.js';
import { clip } from './task-failure.js';

/** All that a run needs before its first task. */
export interface PreparedRun {
  /** As given, its params completed by defaults where a parent gave them. */
  readonly input: DagRunInput;
  readonly plan: DagPlan;
  readonly dags: { readonly [reference: string]: PinnedDag };
  readonly known?: KnownBefore;
  /** Why it cannot begin: it closes with that. */
  readonly failure?: Failure;
}

/** What a run goes on from: what an earlier execution of it knew, or what the attempt of a SubDAG before this one succeeded with. */
export interface KnownBefore {
  readonly states: WalkStates;
  readonly records: readonly TaskRecord[];
  readonly revision: number;
  /** What a branch that succeeded has chosen. */
  readonly chosen: (branch: number) => readonly number[] | undefined;
  /** What is under way. Default: nothing. */
  readonly maps?: readonly MapSnapshot[];
  readonly children?: readonly ChildRecord[];
  /** Items of maps that failed, which need not run again. Default: none. */
  readonly items?: KeptItems;
}

const EMPTY_PLAN: DagPlan = { format: 1, dagId: '', maxActiveTasks: 1, failFast: false, bodies: [], tasks: [] };

/** Loads the plan and what goes with it. Never throws: what is missing is the failure of the run, as is `unable`. */
export async function prepareRun(input: DagRunInput, unable?: Failure): Promise<PreparedRun> {
  if (unable !== undefined) return { input, plan: EMPTY_PLAN, dags: {}, failure: unable };
  const { run, planKey, timeoutMs } = input;
  const loaded =
    input.plan ??
    (await read(`the plan of version ${run.version} (${planKey})`, () =>
      atHand(`plan of ${run.dagId}, version ${run.version}`, (objects) => objects.loadPlan({ planKey })),
    ));
  if (loaded instanceof Missing) return { input, plan: EMPTY_PLAN, dags: {}, failure: loaded.failure };
  const plan = withTimeout(loaded, timeoutMs);
  const known = await knownBefore(input, plan);
  if (known instanceof Missing) return { input, plan, dags: {}, failure: known.failure };
  const dags = await pinnedDags(input, plan);
  if (dags instanceof Missing) return { input, plan, dags: {}, known, failure: dags.failure };
  const completed = withParams(input, plan);
  if ('failure' in completed) return { input, plan, dags, known, failure: completed.failure };
  return { input: completed, plan, dags, known };
}

/** Something of the run itself that is not in the object store any more. */
class Missing {
  constructor(readonly failure: Failure) {}
}

async function read<T>(what: string, load: () => Promise<T>): Promise<T | Missing> {
  try {
    return await load();
  } catch (error) {
    return new Missing({ kind: 'blob_missing', message: `${what} cannot be read: ${rootMessage(error)}` });
  }
}

async function pinnedDags({ dags }: DagRunInput, plan: DagPlan): Promise<PreparedRun['dags'] | Missing> {
  if (dags === undefined) return {};
  if ('pinned' in dags) return dags.pinned;
  if (!plan.tasks.some(({ sub }) => sub?.dag !== undefined)) return {};
  const { key } = dags;
  return read(`the versions of its SubDAGs (${key})`, async () => {
    const pinned = await atHand('versions of its SubDAGs', (objects) => objects.loadJson({ key }));
    return pinned as unknown as PreparedRun['dags'];
  });
}

async function knownBefore({ carried, keepFrom }: DagRunInput, plan: DagPlan): Promise<KnownBefore | Missing | undefined> {
  if (carried === undefined) return keepFrom === undefined ? undefined : keptOf(keepFrom, plan);
  const { states, revision, children, kept: items } = carried;
  return read('what an earlier execution of the run knew', async () => {
    const records = await loadRecords(carried.tasks);
    const maps = carried.maps === undefined ? undefined : await loadRecords<MapSnapshot>(carried.maps);
    return { states, records, revision, chosen: choices(plan, records), maps, children, items };
  });
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
async function keptOf(prefix: string, plan: DagPlan): Promise<KnownBefore | undefined> {
  try {
    const { head, tasks } = (await atHand('what the attempt before achieved', (objects) =>
      objects.loadJson({ key: `${prefix}${REPORT_NAME}` }),
    )) as unknown as RunReport;
    const records = new Map((await loadRecords(tasks)).map((record) => [record.taskId, record]));
    const states = keptStates(plan, (taskId) => records.get(taskId)?.state);
    const kept = plan.tasks.flatMap(({ id }, i) => (states[i] === '.' ? [] : [records.get(id)!]));
    const items = keptItemsOf(plan, states, records, head.revision);
    return { states, records: kept, revision: head.revision, chosen: choices(plan, kept), items };
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
function choices(plan: DagPlan, records: readonly TaskRecord[]): KnownBefore['chosen'] {
  const outputs = new Map(records.map(({ taskId, output }) => [taskId, output]));
  return (branch) => {
    const output = outputs.get(plan.tasks[branch]!.id);
    if (output === undefined || !('value' in output)) return undefined;
    const { chosen } = output.value as { readonly chosen: readonly string[] };
    return plan.tasks.flatMap(({ id }, i) => (chosen.includes(id) ? [i] : []));
  };
}

function rootMessage(error: unknown): string {
  let at: unknown = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
