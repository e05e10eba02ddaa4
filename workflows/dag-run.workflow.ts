/**
 * `dagRun`: one run of any DAG. Loads the plan, drives the walk, and closes as the rules say: completed when the run
 * succeeded, failed with `DagRunFailed`, cancelled after clean-up (R23). Its last act writes the report (R3).
 */
import { CancellationScope, defineQuery, defineSignal, setCurrentDetails, setHandler, sleep } from '@temporalio/workflow';
import type { Json } from '../src/dag/json.js';
import { leftOutTasks } from '../src/dag/selected-tasks.js';
import type { Failure, FinalRunState } from '../src/dag/state.js';
import { Walk } from '../src/dag/walk.js';
import { beginAnew } from './begin-anew.js';
import {
  CHILD_ENDED_SIGNAL,
  type ChildEnded,
  type DagRunInput,
  ITEMS_QUERY,
  type ItemsQueryInput,
  type ItemsQueryResult,
  RUN_QUERY,
  RUN_WORD_SIGNAL,
  type RunFacts,
  type RunHead,
  type RunSummary,
  type RunWord,
  type ScheduledRunInput,
  type SkippedStart,
  TASKS_QUERY,
  type TasksQueryInput,
  type TasksQueryResult,
  WATCH_SIGNAL,
  type Watch,
} from './contract.js';
import { Allowance } from './run/allowance.js';
import { approvalDesk } from './run/approval-desk.js';
import { BUDGETS } from './run/budgets.js';
import { closeRun } from './run/close-run.js';
import { runDetails } from './run/details.js';
import { system } from './run/dispatch.js';
import { itemPrefix, itemRun } from './run/item-facts.js';
import { EarlierItems } from './run/map/kept-items.js';
import { watchParent } from './run/parent-link.js';
import type { RunContext } from './run/performers.js';
import { prepareRun } from './run/prepare-run.js';
import { tasksFailure, timeoutFailure } from './run/run-failure.js';
import { type HookRun, runHooks } from './run/run-hooks.js';
import { RunLedger } from './run/run-ledger.js';
import { RunLoop } from './run/run-loop.js';
import { computeOutputs } from './run/run-outputs.js';
import { RunPlace } from './run/run-place.js';
import { RunValues } from './run/run-values.js';
import { RunWatchers } from './run/run-watchers.js';
import { resolveStart } from './run/scheduled-start.js';
import { shielded } from './run/shielded.js';
import { snapshotRun } from './run/snapshot-run.js';
import { announceRun } from './run/tell-dag.js';

const runQuery = defineQuery<RunHead>(RUN_QUERY);
const itemsQuery = defineQuery<ItemsQueryResult, [ItemsQueryInput]>(ITEMS_QUERY);
const tasksQuery = defineQuery<TasksQueryResult, [TasksQueryInput]>(TASKS_QUERY);
const watchSignal = defineSignal<[Watch]>(WATCH_SIGNAL);
const runWordSignal = defineSignal<[RunWord]>(RUN_WORD_SIGNAL);
const childEndedSignal = defineSignal<[ChildEnded]>(CHILD_ENDED_SIGNAL);

export async function dagRun(given: DagRunInput | ScheduledRunInput): Promise<RunSummary | SkippedStart> {
  if (!('scheduled' in given)) return run(given);
  const start = await resolveStart(given);
  return 'skipped' in start ? start : run(start.input, start.failure);
}

/** `unable` = why it cannot begin. */
async function run(given: DagRunInput, unable?: Failure): Promise<RunSummary> {
  const startedAt = given.carried?.startedAt ?? Date.now();
  const desk = approvalDesk();
  const watchers = new RunWatchers(given.run, given.carried?.watches);
  setHandler(watchSignal, (watch) => watchers.hear(watch));
  watchers.send(announceRun(given));
  const { input, plan, dags, known, failure: broken } = await prepareRun(given, unable);
  const { carried } = input;
  const walk = new Walk(plan, known?.states, {
    failFastTripped: carried?.failFastTripped,
    stopped: carried?.stopped !== undefined,
    chosen: known?.chosen,
    leftOut: input.run.onlyTasks && leftOutTasks(plan, input.run.onlyTasks),
  });
  watchers.attach(plan, walk);
  const ledger = new RunLedger(input.run, plan, walk, startedAt, known?.revision);
  if (known !== undefined) ledger.restore(known.records);
  setHandler(runQuery, () => ledger.head());
  setHandler(tasksQuery, (query) => ledger.page(query));
  setCurrentDetails(whenAsked(() => runDetails(ledger.head(), ledger, plan, walk)));
  const place = new RunPlace(input, plan, ledger);
  if (broken !== undefined) return closeRun(input, ledger, 'failed', broken, place.leave, watchers);

  const values = new RunValues(itemRun(input), plan, walk, ledger, itemPrefix(input), system, new Allowance());
  const earlier = new EarlierItems(known?.items, ledger);
  const context: RunContext = { input, plan, walk, ledger, values, dags, earlier, watchers };
  const loop = new RunLoop(context, place);
  const { performers } = loop;
  setHandler(itemsQuery, (query) => {
    const parts = performers.shards.parts(query.taskId);
    return parts === undefined ? performers.maps.page(query) : { items: [], more: false, parts };
  });
  setHandler(childEndedSignal, (word) => performers.children.hear(word));
  setHandler(runWordSignal, (word) => performers.lookouts.hear(word));
  await performers.restore(known);
  // A cancellation reaches what runs by itself, and is a request to the loop, which stops in good order.
  CancellationScope.current().cancelRequested.catch(() => loop.stop('cancelled'));
  if (input.parent !== undefined)
    watchParent(input.parent, { ...BUDGETS, ...input.budgets }, system, () => loop.stop('cancelled'));
  loop.deadlines.begin(carried !== undefined || !place.isWanted);
  const refused = place.isWanted ? await place.take(loop.deadlines.stopping) : undefined;
  loop.deadlines.started();
  // Nothing of it begins, and it ends as a run that is stopped.
  if (refused !== undefined) loop.stop('cancelled');
  if (plan.timeoutMs !== undefined) stopAfter(ledger.startedAt + plan.timeoutMs, loop);
  for (;;) {
    desk.open(performers.approvals);
    const end = await loop.drive();
    desk.close();
    if (end === 'done') break;
    // What is decided while the snapshot is stored would be lost: the desk is closed.
    const next = await snapshotRun(context, loop);
    await watchers.settled();
    // What came in meanwhile, a child's end or a cancellation, is done first: the next execution would not hear of it.
    if (loop.isQuiet) return beginAnew<typeof dagRun>({ ...input, ...place.carried, carried: next });
  }

  const outcome = refused !== undefined && plan.onRunLimit === 'fail' ? 'failed' : outcomeOf(loop, walk);
  loop.deadlines.over(outcome);
  const failure = refused ?? (await failureOf(outcome, context, loop));
  const state: FinalRunState = failure === undefined || outcome === 'cancelled' ? outcome : 'failed';
  if (plan.hooks !== undefined) {
    ledger.failure = failure;
    await CancellationScope.nonCancellable(() => runHooks(hookRun(context, state), state));
  }
  await loop.deadlines.settled();
  return closeRun(input, ledger, state, failure, place.leave, watchers, plan.maxConsecutiveFailedRuns);
}

function outcomeOf({ stopped }: RunLoop, walk: Walk): FinalRunState {
  return stopped === 'cancelled' ? 'cancelled' : stopped === undefined ? walk.outcome()! : 'failed';
}

/** Why the run failed; of one that would be a success: the outputs that could not be computed. */
async function failureOf(
  outcome: FinalRunState,
  { plan, walk, ledger, values }: RunContext,
  { stopped, deadlines }: RunLoop,
): Promise<Failure | undefined> {
  if (stopped === 'timeout') return timeoutFailure(plan.timeoutMs!);
  if (stopped === 'deadline') return deadlines.reason;
  if (outcome === 'failed') return tasksFailure(plan, walk, ledger);
  return outcome === 'success' ? computeOutputs(plan, values, ledger) : undefined;
}

/** What the hooks of the DAG know: also how it ended, and why (R12). */
function hookRun({ input, plan, walk, ledger, values: { allowance } }: RunContext, state: FinalRunState): HookRun {
  const { run, prefix } = input;
  const { failedTasks = [], failure = null } = ledger.head();
  const facts: RunFacts = { ...run, scope: { ...run.scope, state, failedTasks, failure: failure as Json } };
  return { plan, ledger, values: new RunValues(facts, plan, walk, ledger, prefix, system, allowance), prefix };
}

/** The run's own limit of time is a timer, never Temporal's, which would run no clean-up (R23). */
function stopAfter(until: number, loop: RunLoop): void {
  const timer = (): Promise<void> => sleep(Math.max(1, until - Date.now()), { summary: 'timeout of the run' });
  void shielded(timer).then(() => loop.stop('timeout'));
}

/**
 * A text that is made when the query of the Web UI turns it into JSON, not at every turn of a run that nobody looks at. The SDK
 * does nothing else with it.
 */
function whenAsked(text: () => string): string {
  return { toJSON: text } as unknown as string;
}
