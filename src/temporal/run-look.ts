import type { RunLook, RunLookInput } from '../../workflows/contract.js';
import { type AwaitedRun, awaitedOutcome, type FoundRun } from '../dag/run-wait.js';
import type { FinalRunState, TaskState } from '../dag/state.js';
import type { ObjectStore } from '../objects/object-store.js';
import { formatInstant } from '../time/instant.js';
import { isNominalTime, nextTime, previousTime, type TimeSchedule } from '../time/schedule.js';
import type { DagGateway } from './dag-gateway.js';
import { runCircle } from './run-circles.js';
import type { RunGateway } from './run-gateway.js';
import { timeScheduleOf } from './time-schedule.js';
import type { VersionStore } from './version-store.js';

/** Dates of a schedule that are looked up one by one, newest first: what has begun in this moment is in no list yet. */
const NEAR_DATES = 3;
/** A list of runs is read from a span of this many days first, then of ten times as many, up to all. */
const FIRST_DAYS = 30;
const DAY = 86_400_000;
/** Times at which a run may close between two looks at it. */
const MAX_TRIES = 5;

/** What a look needs. */
export interface LookGateways {
  readonly runs: RunGateway;
  readonly dags: DagGateway;
  readonly versions: VersionStore;
  readonly store: ObjectStore;
}

/**
 * Looks for a run that somebody waits for. An open one is asked to tell the waiter when it has ended, or the tasks that matter; where there is
 * none, or none whose end counts, the DAG is asked to tell when one begins. May be done twice.
 * @throws TemporalUnavailableError, BlobGoneError
 */
export async function lookForRun(gateways: LookGateways, input: RunLookInput): Promise<RunLook> {
  const first = await look(gateways, input);
  if (isAll(first, input)) return first;
  const { awaited, waiter, until } = input;
  const run = first.look === 'found' ? first.run : undefined;
  // What has failed begins again under its own date; of another one nobody would tell.
  const date = run === undefined ? undefined : dateOf(run.runId);
  const dates = run === undefined ? datesOf(awaited) : date === undefined ? undefined : { from: date, to: date };
  if (!(await gateways.dags.awaitRun(awaited.dagId, { waiter, until, ...(dates === undefined ? {} : { dates }) })))
    return { look: 'never', message: `there is no DAG ${awaited.dagId}` };
  // It may have begun before the DAG knew that somebody waits.
  return look(gateways, input);
}

/** Nothing else is to be asked for: the waiter has what it waits for, or an open run tells it. */
function isAll(found: RunLook, { awaited, tasks, failureEnds }: RunLookInput): boolean {
  if (found.look === 'never') return true;
  if (found.look === 'absent') return awaited.by === 'before';
  if (found.run.state === undefined) return true;
  const outcome = awaitedOutcome(found.run, tasks);
  return outcome === 'succeeded' || outcome === 'missing' || failureEnds;
}

async function look(gateways: LookGateways, { awaited, tasks, waiter, task }: RunLookInput): Promise<RunLook> {
  const { runs } = gateways;
  for (let tries = 0; ; tries++) {
    const runId = await find(gateways, awaited);
    if (typeof runId !== 'string') return runId ?? { look: 'absent' };
    const standing = await runs.standing(runId);
    if (standing === undefined) return { look: 'absent' };
    const { execution } = standing.run;
    if (!standing.open) {
      const state = standing.state as FinalRunState;
      return { look: 'found', run: { runId, execution, state, ...(await tasksOf(runs, runId, tasks)) } };
    }
    const circle =
      task === undefined
        ? undefined
        : await runCircle(
            gateways,
            { runId: waiter.workflowId, task },
            { runId, ...(tasks === undefined ? {} : { task: tasks[0] }) },
          );
    if (circle !== undefined) return { look: 'never', message: `runs wait for each other without end: ${circle.join(' -> ')}` };
    if (await runs.watch(runId, { waiter, tasks })) return { look: 'found', run: { runId, execution } };
    if (tries >= MAX_TRIES) return { look: 'absent' };
  }
}

/** Id of the run that is meant; undefined where there is none, an answer where there can be none. */
async function find(gateways: LookGateways, awaited: AwaitedRun): Promise<string | RunLook | undefined> {
  const { runs } = gateways;
  const { dagId } = awaited;
  switch (awaited.by) {
    case 'id':
      return awaited.runId;
    case 'latest':
      return (await runs.list({ dagId, limit: 1 })).items[0]?.run.runId;
    case 'date': {
      const runId = idOf(dagId, awaited.date);
      if ((await runs.standing(runId)) !== undefined) return runId;
      return neverAt(dagId, awaited.date, await scheduleOf(gateways, dagId));
    }
    case 'window':
      return newestWithin(gateways, dagId, awaited.after + 1, awaited.until);
    case 'before':
      return newestWithin(gateways, dagId, 0, awaited.date - 1);
  }
}

/** The newest run with a date from `from` to `to`, both included. */
async function newestWithin(gateways: LookGateways, dagId: string, from: number, to: number): Promise<string | undefined> {
  const { runs } = gateways;
  const schedule = await scheduleOf(gateways, dagId);
  let time = to + 1;
  for (let n = 0; schedule !== undefined && n < NEAR_DATES; n++) {
    const before = previousTime(schedule, time);
    if (before === undefined || before < from) break;
    const runId = idOf(dagId, before);
    if ((await runs.standing(runId)) !== undefined) return runId;
    time = before;
  }
  for (let days = FIRST_DAYS; ; days *= 10) {
    const start = Math.max(from, time - days * DAY);
    const ids = [...(await runs.dated(dagId, { from: start, to: time })).keys()];
    // Ids of one DAG differ in their dates only, which sort as text.
    if (ids.length > 0) return ids.sort().at(-1);
    if (start <= from) return undefined;
  }
}

async function scheduleOf({ dags, versions }: LookGateways, dagId: string): Promise<TimeSchedule | undefined> {
  const head = await dags.head(dagId);
  return head === undefined || head.deleted ? undefined : timeScheduleOf((await versions.spec(head.latest)).spec);
}

function neverAt(dagId: string, date: number, schedule: TimeSchedule | undefined): RunLook | undefined {
  if (schedule === undefined || isNominalTime(schedule, date)) return undefined;
  const near = [previousTime(schedule, date), nextTime(schedule, date)].flatMap((time) =>
    time === undefined ? [] : [formatInstant(time)],
  );
  const message = `${dagId} never runs for ${formatInstant(date)}: the times of its schedule next to it are ${near.join(' and ')}; name one by \`date\` or \`offset\`, or write a \`window\``;
  return { look: 'never', message };
}

async function tasksOf(
  runs: RunGateway,
  runId: string,
  wanted: readonly string[] | undefined,
): Promise<Pick<FoundRun, 'tasks'>> {
  if (wanted === undefined) return {};
  const tasks: { [id: string]: TaskState } = {};
  for (const taskId of wanted) {
    const [record] = (await runs.tasks(runId, { taskId, limit: 1 }))?.tasks ?? [];
    if (record !== undefined) tasks[taskId] = record.state;
  }
  return { tasks };
}

/** Dates of the runs that may be the one. */
function datesOf(awaited: AwaitedRun): { readonly from: number; readonly to: number } | undefined {
  switch (awaited.by) {
    case 'date':
      return { from: awaited.date, to: awaited.date };
    case 'window':
      return { from: awaited.after + 1, to: awaited.until };
    case 'before':
      return { from: 0, to: awaited.date - 1 };
    case 'id':
    case 'latest':
      return undefined;
  }
}

const idOf = (dagId: string, date: number): string => `${dagId}-${formatInstant(date)}`;

/** The date that ends the id of a dated run, epoch ms. */
function dateOf(runId: string): number | undefined {
  const date = /-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(runId)?.[1];
  return date === undefined ? undefined : Date.parse(date);
}
