import { formatDuration } from '../../src/dag/duration.js';
import type { JsonObject } from '../../src/dag/json.js';
import { type DagPlan, ON_COMPLETION, ON_FAILURE, ON_SUCCESS, type TaskPlan } from '../../src/dag/plan.js';
import type { TaskState } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { MapProgress, TaskRecord } from '../contract.js';
import type { RunLedger } from './run-ledger.js';

/** Upstream tasks named on one line. */
const NAMED = 5;

/** What is known of a run, to say why its tasks are as they are. */
export interface Known {
  readonly plan: DagPlan;
  readonly walk: Walk;
  readonly ledger: RunLedger;
}

/** What came of a task that succeeded, where that is more than its success: a choice, a count, who approved, where it was taken from. */
export function whatCame({ plan, ledger }: Known, task: number): string | undefined {
  const record = ledger.recordOf(task);
  if (record?.cached !== undefined) return `taken over from run ${record.cached.runId}`;
  if (record?.map !== undefined) return progressOf(record.map);
  const { type } = plan.tasks[task]!;
  const output = smallOutput(record);
  if (type === 'branch')
    return listed('chose ', (output?.['chosen'] as readonly string[] | undefined) ?? []) ?? 'chose nothing';
  if (type === 'approval') return decisionOf(output);
  if (type === 'wait' && output?.['timedOut'] === true) return 'went on after its timeout, not met';
  const attempts = record?.attempts?.at(-1)?.attempt ?? 0;
  return attempts > 1 ? `after ${attempts} attempts` : undefined;
}

/** Why a task was skipped, as far as that is certain. */
export function whySkipped(known: Known, task: number): string | undefined {
  const { plan, walk, ledger } = known;
  if (walk.isLeftOut(task)) return 'not one of the tasks that this run is for, nor needed by them';
  const record = ledger.recordOf(task);
  const own = plan.tasks[task]!;
  const failure = record?.attempts?.at(-1)?.failure;
  if (failure !== undefined) return failure.message;
  if (record?.map?.total === 0) return 'there were no items';
  const bound = own.wait ?? own.approval;
  if (bound !== undefined && record?.startedAt !== undefined) return `its timeout of ${formatDuration(bound.timeoutMs)} passed`;
  const missedBy = upstreamOf(own).filter((upstream) => {
    const chosen = plan.tasks[upstream]!.branch && smallOutput(ledger.recordOf(upstream))?.['chosen'];
    return walk.stateOf(upstream) === 'success' && Array.isArray(chosen) && !chosen.includes(own.id);
  });
  if (missedBy.length > 0) return listed('not chosen by ', idsOf(plan, missedBy));
  const skipped = among(known, own, ['skipped', 'cancelled']);
  if (skipped.length > 0 && own.rule === undefined && own.join === undefined) return listed('after ', skipped);
  const missed = unmetConditions(known, own);
  if (missed.length > 0) return missed.slice(0, NAMED).join(', ');
  const allWell = upstreamOf(own).every((upstream) => walk.stateOf(upstream) === 'success');
  if (own.when !== undefined && allWell && !walk.failFastTripped) return 'its `when` is false';
  if (own.join !== undefined) return 'its join cannot be met any more';
  return own.rule === undefined || walk.failFastTripped ? undefined : `by its rule ${own.rule}`;
}

/** Which of the tasks before it kept a task from running. */
export function whyNotRun(known: Known, task: number): string | undefined {
  return listed('after ', among(known, known.plan.tasks[task]!, ['failed', 'upstream_failed']));
}

/** For which join a task was cancelled, where that is the reason. */
export function whyCancelled({ plan, walk }: Known, task: number): string | undefined {
  const joins = plan.tasks.flatMap(({ join }, index) => {
    const losers = join !== undefined && 'losers' in join ? (join.losers ?? []) : [];
    return losers.includes(task) && walk.stateOf(index) !== 'pending' ? [index] : [];
  });
  return listed('no longer needed by ', idsOf(plan, joins));
}

/** Which of the tasks before it have not ended. */
export function whatItWaitsFor(known: Known, task: number): string | undefined {
  return listed('after ', among(known, known.plan.tasks[task]!, ['pending', 'queued', 'running']));
}

/** How far a map is, in words. */
export function progressOf({ total, counts }: MapProgress): string {
  const { pending = 0, running = 0, failed } = counts;
  const open = pending + running;
  const ended = open === 0 ? `${total} items` : `${total - open} of ${total} items`;
  return failed === undefined ? ended : `${ended}, ${failed} failed`;
}

/** What an approval asks, and what became of it the last time it was asked. */
export function whatIsAsked({ ledger }: Known, task: number): string | undefined {
  const { notice, attempts } = ledger.recordOf(task) ?? {};
  const before = attempts?.at(-1)?.failure?.message;
  const asked = notice?.replace(/^waiting for approval:? /, '');
  return before === undefined ? asked : `${asked} (asked again; before it was ${before})`;
}

function decisionOf(output: JsonObject | undefined): string | undefined {
  const { decision, by, comment } = output ?? {};
  const words = { approve: 'approved', reject: 'rejected', timeout: 'nobody decided in time' }[String(decision)];
  if (words === undefined) return undefined;
  return `${words}${typeof by === 'string' ? ` by ${by}` : ''}${typeof comment === 'string' ? `: ${comment}` : ''}`;
}

/** The output of a task, where it is a map and travels in the record. */
function smallOutput(record: TaskRecord | undefined): JsonObject | undefined {
  const output = record?.output;
  const value = output !== undefined && 'value' in output ? output.value : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

function upstreamOf({ upstream = [] }: TaskPlan): readonly number[] {
  return upstream.map((edge) => (typeof edge === 'number' ? edge : edge[0]));
}

function among({ plan, walk }: Known, task: TaskPlan, states: readonly TaskState[]): readonly string[] {
  return idsOf(
    plan,
    upstreamOf(task).filter((upstream) => states.includes(walk.stateOf(upstream))),
  );
}

/** Edges that wait for a failure or a skip of a task that was a success. */
function unmetConditions({ plan, walk }: Known, { upstream = [] }: TaskPlan): readonly string[] {
  return upstream.flatMap((edge) => {
    if (typeof edge === 'number' || walk.stateOf(edge[0]) !== 'success') return [];
    const [task, on] = edge;
    if ((on & (ON_SUCCESS | ON_COMPLETION)) !== 0) return [];
    const { id } = plan.tasks[task]!;
    return [(on & ON_FAILURE) === 0 ? `${id} was not skipped` : `${id} did not fail`];
  });
}

function idsOf(plan: DagPlan, tasks: readonly number[]): readonly string[] {
  return tasks.map((task) => plan.tasks[task]!.id);
}

/** `after a, b and 3 more`; undefined for none. */
function listed(words: string, ids: readonly string[]): string | undefined {
  if (ids.length === 0) return undefined;
  const rest = ids.length - NAMED;
  return `${words}${ids.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
