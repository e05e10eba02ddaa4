/**
 * `dagRun`: one run of any DAG. Loads the plan, drives the walk, and closes as the rules say: completed when the run
 * succeeded, failed with `DagRunFailed`, cancelled after clean-up (R23). Its last act writes the report (R3).
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { LeavePlace } from '../activities/place-calls.js';
import type { ChildEnd } from '../src/dag/child-end.js';
import { formatDuration } from '../src/dag/duration.js';
import type { Json, JsonObject } from '../src/dag/json.js';
import type { DagPlan } from '../src/dag/plan.js';
import type { Failure, FinalRunState } from '../src/dag/state.js';
import { Walk } from '../src/dag/walk.js';
import {
  APPROVE_REFUSALS,
  APPROVE_UPDATE,
  type ApproveInput,
  type ApproveResult,
  CHILD_ENDED_SIGNAL,
  type ChildEnded,
  DAG_RUN_FAILED,
  type DagRunInput,
  ITEMS_QUERY,
  type ItemsQueryInput,
  type ItemsQueryResult,
  type MapSnapshot,
  REPORT_NAME,
  RUN_QUERY,
  type RunFacts,
  type RunHead,
  type RunReport,
  type RunSnapshot,
  type RunSummary,
  type ScheduledRunInput,
  type SkippedStart,
  TASKS_QUERY,
  type TaskRecord,
  type TasksQueryInput,
  type TasksQueryResult,
} from './contract.js';
import { type Approvals, refused } from './run/approvals.js';
import { BUDGETS } from './run/budgets.js';
import { runDetails } from './run/details.js';
import { atHand, system } from './run/dispatch.js';
import { itemPrefix, itemRun } from './run/item-facts.js';
import { EarlierItems } from './run/map/kept-items.js';
import { tellParent, watchParent } from './run/parent-link.js';
import { prepareRun } from './run/prepare-run.js';
import { runHooks } from './run/run-hooks.js';
import { RunLedger } from './run/run-ledger.js';
import { RunLoop } from './run/run-loop.js';
import { RunPlace } from './run/run-place.js';
import { RunValues } from './run/run-values.js';
import { resolveStart } from './run/scheduled-start.js';
import { shielded } from './run/shielded.js';
import { loadRecords, storeRecords } from './run/stored-records.js';

export const runQuery = defineQuery<RunHead>(RUN_QUERY);
export const approveUpdate = defineUpdate<ApproveResult, [ApproveInput]>(APPROVE_UPDATE);
export const itemsQuery = defineQuery<ItemsQueryResult, [ItemsQueryInput]>(ITEMS_QUERY);
export const tasksQuery = defineQuery<TasksQueryResult, [TasksQueryInput]>(TASKS_QUERY);
export const childEndedSignal = defineSignal<[ChildEnded]>(CHILD_ENDED_SIGNAL);

/** Outputs of a DAG are for other programs to read, not for data: more than this many characters of JSON is refused. */
const MAX_OUTPUTS_CHARS = 256 * 1024;
/** Name of the outputs of a child below its prefix, where they are too large for a message. */
const OUTPUTS_NAME = 'outputs.json';
/** Failed tasks named in the search attribute: visibility is an index, not a report. */
const MAX_INDEXED = 20;
/** Reasons told in the failure of a run, and their length: the first ones say most. */
const MAX_REASONS = 5;
const MAX_REASON_CHARS = 200;

export async function dagRun(given: DagRunInput | ScheduledRunInput): Promise<RunSummary | SkippedStart> {
  if (!('scheduled' in given)) return run(given);
  const start = await resolveStart(given);
  return 'skipped' in start ? start : run(start.input, start.failure);
}

/** `unable` = why it cannot begin. */
async function run(given: DagRunInput, unable?: Failure): Promise<RunSummary> {
  const startedAt = given.carried?.startedAt ?? Date.now();
  const desk = approvalDesk();
  const { input, plan, dags, kept, failure: broken } = await prepareRun(given, unable);
  const { carried } = input;
  const walk = new Walk(plan, carried?.states ?? kept?.states, {
    failFastTripped: carried?.failFastTripped,
    stopped: carried?.stopped !== undefined,
    chosen: kept?.chosen,
  });
  const ledger = new RunLedger(input.run, plan, walk, startedAt, carried?.revision ?? kept?.revision);
  ledger.inlineBytes = carried?.inlineBytes ?? 0;
  setHandler(runQuery, () => ledger.head());
  setHandler(tasksQuery, (query) => ledger.page(query));
  if (carried !== undefined) ledger.restore(await loadRecords<TaskRecord>(carried.tasks));
  else if (kept !== undefined) ledger.keep(kept.records);

  const values = new RunValues(itemRun(input), plan, walk, ledger, itemPrefix(input), system);
  const place = new RunPlace(input, plan);
  const earlier = new EarlierItems(carried?.kept ?? kept?.items, ledger);
  const loop = new RunLoop(input, plan, walk, ledger, values, dags, earlier);
  desk.open(loop.approvals);
  setCurrentDetails(whenAsked(() => runDetails(ledger.head(), ledger, plan, walk)));
  setHandler(itemsQuery, (query) => {
    const parts = loop.shards.parts(query.taskId);
    return parts === undefined ? loop.maps.page(query) : { items: [], more: false, parts };
  });
  setHandler(childEndedSignal, (word) => loop.children.hear(word));
  if (carried?.maps !== undefined) {
    const maps = await loadRecords<MapSnapshot>(carried.maps);
    loop.shards.restore(maps);
    await loop.maps.restore(maps);
  }
  // A cancellation reaches what runs by itself, and is a request to the loop, which stops in good order.
  CancellationScope.current().cancelRequested.catch(() => loop.stop('cancelled'));
  if (input.parent !== undefined)
    watchParent(input.parent, { ...BUDGETS, ...input.budgets }, system, () => loop.stop('cancelled'));
  if (broken !== undefined) return close(input, ledger, 'failed', broken);
  const refused = place.isWanted ? await place.take(ledger) : undefined;
  // Nothing of it begins, and it ends as a run that is stopped.
  if (refused !== undefined) loop.stop('cancelled');
  if (plan.timeoutMs !== undefined) {
    const until = ledger.startedAt + plan.timeoutMs;
    void shielded(() => sleep(Math.max(1, until - Date.now()), { summary: 'timeout of the run' })).then(() =>
      loop.stop('timeout'),
    );
  }
  if (carried?.children !== undefined) loop.restoreChildren(carried.children);
  for (let end = await loop.drive(); end === 'continue_as_new'; end = await loop.drive()) {
    // What is decided while the snapshot is stored would be lost.
    desk.close();
    const next = { ...(await snapshot(input, ledger, walk, loop)), kept: earlier.snapshot() };
    // What came in meanwhile, a child's end or a cancellation, is done first: the next execution would not hear of it.
    if (loop.isQuiet) return continueAsNew<typeof dagRun>({ ...input, ...place.carried, carried: next });
    desk.open(loop.approvals);
  }
  desk.close();

  const outcome = refused !== undefined && plan.onRunLimit === 'fail' ? 'failed' : outcomeOf(loop, walk);
  let failure = refused ?? (outcome === 'failed' ? failureOf(loop, plan, walk, ledger) : undefined);
  if (outcome !== 'cancelled') failure ??= await computeOutputs(plan, values, ledger);
  const state: FinalRunState = failure === undefined || outcome === 'cancelled' ? outcome : 'failed';
  if (plan.hooks !== undefined) {
    ledger.failure = failure;
    const ended = { state, failedTasks: ledger.head().failedTasks ?? [], failure: (failure ?? null) as Json };
    const facts: RunFacts = { ...input.run, scope: { ...input.run.scope, ...ended } };
    const atEnd = new RunValues(facts, plan, walk, ledger, input.prefix, system);
    await CancellationScope.nonCancellable(() => runHooks({ plan, ledger, values: atEnd, prefix: input.prefix }, state));
  }
  return close(input, ledger, state, failure, place.leave);
}

function outcomeOf({ stopped }: RunLoop, walk: Walk): FinalRunState {
  return stopped === 'cancelled' ? 'cancelled' : stopped === 'timeout' ? 'failed' : walk.outcome()!;
}

/**
 * A text that is made when the query of the Web UI turns it into JSON, not at every turn of a run that nobody looks at. The SDK
 * does nothing else with it.
 */
function whenAsked(text: () => string): string {
  return { toJSON: text } as unknown as string;
}

/** Takes decisions from the first moment on; while the loop does not run they are asked to come again. */
function approvalDesk(): { open(approvals: Approvals): void; close(): void } {
  let open: Approvals | undefined;
  const later = (): ApplicationFailure => refused(APPROVE_REFUSALS.later, 'the run is between two executions, or about to end');
  setHandler(
    approveUpdate,
    (decision) => {
      if (open === undefined) throw later();
      return open.decide(decision);
    },
    {
      validator: (decision) => {
        const refusal = open === undefined ? later() : open.refusal(decision);
        if (refusal !== undefined) throw refusal;
      },
      description: 'Approves or rejects a task that waits for it.',
    },
  );
  return {
    open: (approvals) => (open = approvals),
    close: () => (open = undefined),
  };
}

/** What a new execution of the same run goes on from, with a short history. Nothing is in flight but children, which run on. */
async function snapshot(input: DagRunInput, ledger: RunLedger, walk: Walk, loop: RunLoop): Promise<RunSnapshot> {
  const hop = (input.carried?.hop ?? 0) + 1;
  const moved = ledger.all().filter((record) => record.revision > 0);
  const tasks = await storeRecords(moved, input.prefix, `snapshots/${hop}`, 'what the next execution goes on from');
  const maps = [...(await loop.maps.snapshot(`snapshots/${hop}`)), ...loop.shards.snapshot()];
  const children = loop.snapshotChildren();
  return {
    format: 1,
    states: walk.snapshot(),
    tasks,
    startedAt: ledger.startedAt,
    revision: ledger.revision,
    inlineBytes: ledger.inlineBytes,
    failFastTripped: walk.failFastTripped,
    stopped: loop.stopped,
    hop,
    ...(maps.length === 0 ? {} : { maps: await storeRecords(maps, input.prefix, `snapshots/${hop}-maps`, 'maps under way') }),
    ...(children.length === 0 ? {} : { children }),
  };
}

function failureOf(loop: RunLoop, plan: DagPlan, walk: Walk, ledger: RunLedger): Failure {
  if (loop.stopped === 'timeout') {
    return { kind: 'run_timeout', message: `the run took longer than its timeout of ${formatDuration(plan.timeoutMs ?? 0)}` };
  }
  // Those that fail no run are named only where nothing else has failed.
  const decides = (task: number): boolean =>
    plan.tasks[task]!.allowFailure !== true && plan.tasks[task]!.teardown === undefined;
  const failed = walk.first('failed', plan.tasks.length).filter(decides);
  // A rule may ask for a success that no task had, although none failed.
  if (failed.length === 0)
    return {
      kind: 'tasks',
      message: `no task failed, but some could not run: ${namesOf(walk.first('upstream_failed', plan.tasks.length), plan)}`,
    };
  const named = namesOf(failed, plan, (task) => ledger.recordOf(task)?.failure?.message);
  return { kind: 'tasks', message: `${failed.length} ${failed.length === 1 ? 'task' : 'tasks'} failed: ${named}` };
}

/** `load (disk full), check and 3 more`: the first ones with the reason, so that nobody has to look for it. */
function namesOf(
  tasks: readonly number[],
  plan: DagPlan,
  reason: (task: number) => string | undefined = () => undefined,
): string {
  const named = tasks.slice(0, MAX_INDEXED).map((task, n) => {
    const why = n < MAX_REASONS ? reason(task)?.replace(/\s+/g, ' ') : undefined;
    const cut = why !== undefined && why.length > MAX_REASON_CHARS ? `${why.slice(0, MAX_REASON_CHARS)}…` : why;
    return cut === undefined ? plan.tasks[task]!.id : `${plan.tasks[task]!.id} (${cut})`;
  });
  const rest = tasks.length - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** DAG outputs: expressions over the ended tasks. One that cannot be computed fails the run (R21). */
async function computeOutputs(plan: DagPlan, values: RunValues, ledger: RunLedger): Promise<Failure | undefined> {
  if (plan.outputs === undefined) return undefined;
  const outputs: { [name: string]: Json } = {};
  let chars = 0;
  for (const [name, template] of plan.outputs) {
    const answer = await values.template(template, `outputs.${name}`, MAX_OUTPUTS_CHARS);
    if ('error' in answer) return { kind: 'output', message: `output ${name}: ${answer.error}` };
    if (!('value' in answer.output)) return tooLarge(name);
    chars += JSON.stringify(answer.output.value).length;
    if (chars > MAX_OUTPUTS_CHARS) return tooLarge(name);
    outputs[name] = answer.output.value;
  }
  ledger.outputs = outputs as JsonObject;
  return undefined;
}

function tooLarge(name: string): Failure {
  return {
    kind: 'output',
    message: `output ${name}: the outputs of a DAG together may have ${MAX_OUTPUTS_CHARS} characters of JSON; give the place of the data instead`,
  };
}

async function close(
  input: DagRunInput,
  ledger: RunLedger,
  state: FinalRunState,
  failure: Failure | undefined,
  leave?: LeavePlace,
): Promise<RunSummary> {
  ledger.noteChanges(Date.now());
  ledger.failure = failure;
  ledger.close(state, Date.now());
  const head = ledger.head();
  const end = input.parent === undefined ? undefined : await childEnd(input, head);
  const report: RunReport = {
    format: 1,
    head,
    tasks: await storeRecords(ledger.all(), input.prefix, 'report/tasks', 'report of the run'),
    planKey: input.planKey,
    ...(end === undefined ? {} : { end }),
  };
  const stored = { key: `${input.prefix}${REPORT_NAME}`, value: report as unknown as Json };
  await atHand(
    'report of the run',
    (objects): Promise<unknown> =>
      leave === undefined ? objects.storeJson({ ...stored, replace: true }) : objects.storeReport({ ...stored, leave }),
  );
  upsertSearchAttributes({
    DagRunState: [state],
    ...(head.failedTasks === undefined ? {} : { DagFailedTasks: head.failedTasks.slice(0, MAX_INDEXED) }),
  });
  if (input.parent !== undefined && end !== undefined) await tellParent(input.parent, end);
  if (state === 'cancelled') throw new CancelledFailure(`run ${input.run.runId} was cancelled`);
  if (failure !== undefined) {
    const failed = ApplicationFailure.nonRetryable(failure.message, DAG_RUN_FAILED, {
      kind: failure.kind,
      failedTasks: head.failedTasks?.slice(0, MAX_INDEXED),
    });
    // Where in our code it was thrown says nothing about the run, and would be shown above what does.
    failed.stack = '';
    throw failed;
  }
  return { state, counts: head.counts };
}

/** What a child tells its parent; outputs that are no small message are stored first (R15). */
async function childEnd(
  { parent, prefix, shard }: DagRunInput,
  { state, outputs = {}, failure, counts }: RunHead,
): Promise<ChildEnd> {
  const final = state as FinalRunState;
  if (final !== 'success')
    return { state: final, failure, counts, ...(shard === undefined ? {} : { output: { value: outputs } }) };
  if (JSON.stringify(outputs).length <= parent!.inlineLimit) return { state: final, output: { value: outputs }, counts };
  const output = await atHand('outputs of the SubDAG', (objects) =>
    objects.storeJson({ key: `${prefix}${OUTPUTS_NAME}`, value: outputs, replace: true }),
  );
  return { state: final, output, counts };
}
