/** The entity of a DAG as a pure state machine: no clock, no Temporal. The workflow around it does the waiting. */
import {
  type AwaitRun,
  type CatchUpHead,
  type CatchUpInput,
  type CatchUpStep,
  type DagEntityInput,
  type DagHead,
  dagEntityId,
  MAX_VERSION_HEADERS,
  type PauseInput,
  type PutInput,
  type PutResult,
  type RunEnded,
  type ScheduleHead,
  type ScheduleOrder,
  type VersionHeader,
} from './contract.js';

/** Bytes of JSON that the memo may take; Temporal warns above 2 KiB. */
const HEAD_BYTES = 1_900;
/** Characters of a reason why catching up has stopped: it is in the memo, too. */
const MAX_PROBLEM = 100;

/** Why an update is refused, as data. */
export interface EntityRefusal {
  readonly kind: 'precondition' | 'notFound';
  readonly message: string;
}

/** What a DAG's entity knows between two updates. */
export interface DagEntityState {
  readonly dagId: string;
  readonly head?: DagHead;
  /** Newest first. */
  readonly versions: readonly VersionHeader[];
  /** Runs of the schedule that have failed since the last one that succeeded, or since the DAG was resumed. Absent = none. */
  readonly failures?: readonly string[];
  /** Who waits for runs to begin. Absent = nobody. */
  readonly awaiting?: readonly AwaitRun[];
}

export function dagEntityState({ dagId, head, versions = [], failures, awaiting }: DagEntityInput): DagEntityState {
  return {
    ...{ dagId, head, versions },
    ...(failures === undefined ? {} : { failures }),
    ...(awaiting === undefined ? {} : { awaiting }),
  };
}

/** Whether there is something to read: a version, and not deleted. */
export function isPresent({ head }: DagEntityState): boolean {
  return head !== undefined && !head.deleted;
}

/**
 * Why a put is refused, `undefined` when it is not. A put whose spec is the latest already is a repetition and passes its
 * `If-Match`, so that an unknown outcome can be repeated safely (R29); `none` (create only) is exact.
 */
export function putRefusal(state: DagEntityState, { expected, hash }: PutInput): EntityRefusal | undefined {
  const latest = isPresent(state) ? state.head?.latest : undefined;
  if (expected === undefined) return undefined;
  if (expected === 'none')
    return latest && { kind: 'precondition', message: `DAG ${state.dagId} exists already, as version ${latest.version}.` };
  if (latest === undefined) return { kind: 'precondition', message: `There is no DAG ${state.dagId} yet.` };
  if (expected === '*' || expected === latest.hash || hash === latest.hash) return undefined;
  return {
    kind: 'precondition',
    message: `DAG ${state.dagId} has changed: its version is ${latest.version} now, with another ETag. Read it again.`,
  };
}

export function absentRefusal(state: DagEntityState): EntityRefusal | undefined {
  return isPresent(state) ? undefined : { kind: 'notFound', message: `There is no DAG ${state.dagId}.` };
}

/** What a put leads to. `header` is absent when nothing changes; a put after a delete always makes a version. */
export function plannedVersion(state: DagEntityState, input: PutInput, at: number): VersionHeader | undefined {
  if (isPresent(state) && state.head?.latest.hash === input.hash) return undefined;
  const { hash, specKey, planKey, planBytes, by } = input;
  return {
    version: (state.versions[0]?.version ?? 0) + 1,
    hash,
    specKey,
    planKey,
    planBytes,
    createdAt: at,
    ...(by === undefined ? {} : { createdBy: by }),
  };
}

/** The state with a new version on top. */
export function withVersion(state: DagEntityState, input: PutInput, header: VersionHeader): DagEntityState {
  const versions = versionsWith(state, header);
  const head = shortened({
    dagId: state.dagId,
    latest: header,
    // A DAG that comes back from deletion is active, as a new one is (R30).
    paused: isPresent(state) ? (state.head?.paused ?? false) : false,
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(input.owner === undefined ? {} : { owner: input.owner }),
    ...(input.tags?.length ? { tags: input.tags } : {}),
    ...(input.timing === undefined ? {} : { schedule: scheduleHead(state, input, header.createdAt) }),
    ...(state.awaiting === undefined ? {} : { awaited: true as const }),
    updatedAt: header.createdAt,
  });
  return { ...state, head, versions };
}

/** The headers to keep once `header` is stored, newest first (R30). */
export function versionsWith(state: DagEntityState, header: VersionHeader): readonly VersionHeader[] {
  return [header, ...state.versions].slice(0, MAX_VERSION_HEADERS);
}

export function putResult(before: DagEntityState, after: DagEntityState): PutResult {
  const outcome = after === before ? 'unchanged' : isPresent(before) ? 'updated' : 'created';
  return { outcome, head: after.head! };
}

/** `why`: of a pause that nobody has asked for. Resumed, a DAG counts its failed runs anew. */
export function withPaused(state: DagEntityState, { paused, by }: PauseInput, at: number, why?: string): DagEntityState {
  const { head } = state;
  if (!head || head.paused === paused) return state;
  const { schedule } = head;
  const pause: ScheduleHead['pause'] = paused
    ? { from: at, ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) }
    : schedule?.pause && { ...schedule.pause, to: at };
  const catchUp = paused ? schedule?.catchUp : resumedCatchUp(schedule);
  const { failures: _, ...counted } = state;
  return {
    ...counted,
    head: { ...head, paused, ...(schedule && { schedule: { ...schedule, pause, catchUp } }), updatedAt: at },
  };
}

/**
 * The state after a run of the schedule: too many that failed one after another pause the DAG. What is said twice counts once, and what
 * ends while the DAG is paused does not count.
 */
export function withRunEnded(
  state: DagEntityState,
  { runId, execution, state: ended, limit }: RunEnded,
  at: number,
): DagEntityState {
  const { failures = [], ...without } = state;
  if (ended === 'success') return failures.length === 0 ? state : without;
  const name = `${runId}#${execution}`;
  const { head } = state;
  if (!isPresent(state) || head?.schedule === undefined || head.paused || failures.includes(name)) return state;
  const count = failures.length + 1;
  if (count < limit) return { ...state, failures: [...failures, name] };
  const what = count === 1 ? `run ${runId} failed` : `${count} runs failed one after another, the last one ${runId}`;
  return withPaused(state, { paused: true }, at, what);
}

/** The state with other waiters; its head says whether there are any, for those who start runs. */
export function withWaiters(state: DagEntityState, awaiting: readonly AwaitRun[]): DagEntityState {
  const { awaiting: _, ...without } = state;
  const next = awaiting.length === 0 ? without : { ...without, awaiting };
  const awaited = awaiting.length > 0;
  if (state.head === undefined || (state.head.awaited ?? false) === awaited) return next;
  const { awaited: __, ...head } = state.head;
  return { ...next, head: awaited ? { ...head, awaited } : head };
}

/** After a pause: the dates in it, behind those that were still to be made up for. */
function resumedCatchUp({ catchUp, pause }: Partial<ScheduleHead> = {}): CatchUpHead | undefined {
  if (catchUp === undefined || pause === undefined) return catchUp;
  const from = catchUp.state === 'done' ? pause.from : catchUp.from;
  return { state: 'running', ...(from === undefined ? {} : { from }) };
}

/** The state once the Temporal Schedule is in line: what it does not start is what is over by now. */
export function withCatchUpBegun(state: DagEntityState, at: number): DagEntityState {
  const { head } = state;
  if (head?.schedule?.catchUp?.to !== undefined || head?.schedule?.catchUp?.state !== 'running' || head.paused) return state;
  return withCatchUp(state, { ...head.schedule.catchUp, to: at });
}

/** What is to be made up for now; undefined = nothing. */
export function catchUpOrder(state: DagEntityState): { readonly key: object; readonly input: CatchUpInput } | undefined {
  const { head, dagId } = state;
  const catchUp = head?.schedule?.catchUp;
  if (head === undefined || head.deleted || head.paused || catchUp?.state !== 'running' || catchUp.to === undefined)
    return undefined;
  const { specKey, version } = head.latest;
  const { from, to } = catchUp;
  return { key: catchUp, input: { dagId, specKey, version, from, to, reply: dagEntityId(dagId) } };
}

/** The state after a step of catching up. */
export function withCatchUpStep(state: DagEntityState, step: CatchUpStep): DagEntityState {
  const catchUp = state.head?.schedule?.catchUp;
  if (catchUp === undefined) return state;
  const now = step.state === 'done' || step.state === 'stopped' ? step.state : 'running';
  const problem = step.state === 'stopped' ? { problem: step.problem.slice(0, MAX_PROBLEM) } : {};
  return withCatchUp(state, { state: now, from: step.from, to: catchUp.to, ...problem });
}

function withCatchUp(state: DagEntityState, catchUp: CatchUpHead): DagEntityState {
  const { head } = state;
  if (head?.schedule === undefined) return state;
  return { ...state, head: { ...head, schedule: { ...head.schedule, catchUp } } };
}

/** What the DAG's Temporal Schedule is to be; undefined before the first version. */
export function scheduleOrder({ dagId, head }: DagEntityState): ScheduleOrder | undefined {
  if (head === undefined) return undefined;
  const { schedule, deleted, paused, latest } = head;
  if (schedule === undefined || deleted) return { dagId };
  const { from, by, why } = schedule.pause ?? {};
  const pause = paused ? { pausedAt: from ?? head.updatedAt, pausedBy: by, pausedWhy: why } : {};
  return { dagId, wanted: { specKey: latest.specKey, timing: schedule.timing, ...pause } };
}

/** The state with what its readers are told of the schedule: `settled` = Temporal's is as it is to be. */
export function withScheduleState(state: DagEntityState, settled: boolean): DagEntityState {
  const { head } = state;
  if (head?.schedule === undefined) return state;
  const now: ScheduleHead['state'] = settled ? (head.paused ? 'paused' : 'active') : 'pending';
  return now === head.schedule.state ? state : { ...state, head: { ...head, schedule: { ...head.schedule, state: now } } };
}

/** A schedule that stays the same goes on with its past; a paused DAG that gets one is paused from then on. */
function scheduleHead(state: DagEntityState, { timing, catchup = false }: PutInput, at: number): ScheduleHead {
  const before = isPresent(state) ? state.head : undefined;
  const fresh: CatchUpHead | undefined = catchup ? { state: 'running' } : undefined;
  if (before?.schedule?.timing === timing) {
    const { catchUp } = before!.schedule!;
    // One that is stopped tries again with the new version; one under way goes by it from its next step on.
    const same = catchup && catchUp !== undefined && catchUp.state !== 'stopped';
    return { ...before!.schedule!, catchUp: same ? catchUp : fresh };
  }
  return {
    state: 'pending',
    timing: timing!,
    since: at,
    ...(before?.paused ? { pause: { from: at } } : {}),
    ...(fresh === undefined ? {} : { catchUp: fresh }),
  };
}

export function asDeleted(state: DagEntityState, at: number): DagEntityState {
  if (!state.head || state.head.deleted) return state;
  return { ...state, head: { ...state.head, deleted: true, updatedAt: at } };
}

/** Fits the memo: the description is cut first, then the owner, then tags go. The whole text is in the spec blob. */
function shortened(head: DagHead): DagHead {
  let fitting = head;
  for (const shorten of [
    cutDescription,
    (h: DagHead) => ({ ...h, owner: h.owner?.slice(0, 64) }),
    (h: DagHead) => ({ ...h, tags: h.tags?.slice(0, 8).map((tag) => tag.slice(0, 64)) }),
  ]) {
    if (jsonBytes(fitting) <= HEAD_BYTES) break;
    fitting = shorten(fitting);
  }
  return fitting;
}

function cutDescription(head: DagHead): DagHead {
  const spare = HEAD_BYTES - jsonBytes({ ...head, description: '…' });
  let description = head.description ?? '';
  // A character takes up to 6 bytes in JSON (`\u001f`), so this ends at the latest after a few halvings.
  while (description !== '' && jsonBytes(description) - 2 > spare)
    description = description.slice(
      0,
      Math.min(Math.max(0, spare), description.length - 1 - Math.floor(description.length / 8)),
    );
  return { ...head, description: description === '' ? undefined : `${description}…` };
}

function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
