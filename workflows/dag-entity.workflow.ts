import { defineSearchAttributeKey } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { OBJECT_CONFLICT, type SystemActivities } from '../activities/system-calls.js';
import { markdownText } from '../src/dag/markdown-text.js';
import { beginAnew } from './begin-anew.js';
import {
  AWAIT_RUN_UPDATE,
  type AwaitRun,
  CHECK_SCHEDULE_SIGNAL,
  DAG_HEAD_MEMO,
  type DagEntityInput,
  type DagHead,
  ENTITY_REFUSALS,
  PAUSE_UPDATE,
  type PauseInput,
  PUT_UPDATE,
  type PutInput,
  type PutResult,
  REMOVE_UPDATE,
  type RemoveInput,
  RUN_BEGAN_SIGNAL,
  RUN_ENDED_SIGNAL,
  RUN_WORD_SIGNAL,
  type RunBegan,
  type RunEnded,
  type RunWord,
  type ScheduleHead,
  SEARCH_ATTRIBUTES,
  VERSIONS_QUERY,
  type VersionHeader,
  versionsBlobKey,
} from './contract.js';
import { toldOf, withAwaiting } from './dag-awaiting.js';
import { CatchUpKeeper } from './dag-catch-up.js';
import {
  absentRefusal,
  asDeleted,
  catchUpOrder,
  type DagEntityState,
  dagEntityState,
  type EntityRefusal,
  isPresent,
  plannedVersion,
  putRefusal,
  putResult,
  scheduleOrder,
  versionsWith,
  withCatchUpBegun,
  withCatchUpStep,
  withPaused,
  withRunEnded,
  withScheduleState,
  withVersion,
  withWaiters,
} from './dag-entity.js';
import { ScheduleKeeper } from './dag-schedule.js';
import { sendWord } from './run/send-word.js';

const putUpdate = defineUpdate<PutResult, [PutInput]>(PUT_UPDATE);
const pauseUpdate = defineUpdate<DagHead, [PauseInput]>(PAUSE_UPDATE);
const removeUpdate = defineUpdate<DagHead, [RemoveInput]>(REMOVE_UPDATE);
const checkScheduleSignal = defineSignal(CHECK_SCHEDULE_SIGNAL);
const runEndedSignal = defineSignal<[RunEnded]>(RUN_ENDED_SIGNAL);
const awaitRunUpdate = defineUpdate<void, [AwaitRun]>(AWAIT_RUN_UPDATE);
const runBeganSignal = defineSignal<[RunBegan]>(RUN_BEGAN_SIGNAL);
const versionsQuery = defineQuery<readonly VersionHeader[]>(VERSIONS_QUERY);

const dagIdKey = defineSearchAttributeKey('DagId', SEARCH_ATTRIBUTES.DagId);
const dagTagsKey = defineSearchAttributeKey('DagTags', SEARCH_ATTRIBUTES.DagTags);

/** An entity that got no version by then ends: it was started for a put that was refused. */
const EMPTY_FOR = '1 minute';

// No limit of attempts: a failed update is remembered under its id and would fail every repetition; one that waits is applied.
const { storeJson } = proxyActivities<SystemActivities>({
  summary: 'list of versions',
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
});

/**
 * One DAG: its versions, whether it is paused or deleted. Changes come as updates and are carried out one by one; reads need
 * only the memo and the blobs (R28, R29, R30).
 */
export async function dagEntity(input: DagEntityInput): Promise<void> {
  let state: DagEntityState = dagEntityState(input);
  let turn: Promise<void> = Promise.resolve();

  const inTurn = async <T>(work: () => Promise<T> | T): Promise<T> => {
    const before = turn;
    let end!: () => void;
    turn = new Promise((resolve) => (end = resolve));
    await before;
    try {
      return await work();
    } finally {
      end();
    }
  };

  const keeper = new ScheduleKeeper(() => scheduleOrder(state), {
    // After a lost entity was revived nothing is known of its Schedule; of a new one, that there is none.
    applied: input.schedule ?? (input.head === undefined ? ScheduleKeeper.nothing : undefined),
    checkMs: input.scheduleCheckMs,
    onSettled: () => become(state),
  });
  /** Takes over a state and shows it. `tags` only where they changed. */
  const become = (next: DagEntityState, tags?: readonly string[]): void => {
    const before = state;
    state = next;
    keeper.changed();
    state = withScheduleState(state, keeper.isSettled);
    if (keeper.isSettled) state = withCatchUpBegun(state, Date.now());
    if (state !== before || tags !== undefined) publish(state, tags);
  };
  /** The answer to an update: what it came to, and how far Temporal is with the schedule. */
  const settled = async (head: DagHead): Promise<DagHead> => {
    await keeper.settle();
    return head.schedule === undefined || head.updatedAt !== state.head?.updatedAt ? head : state.head;
  };

  setHandler(
    putUpdate,
    async (put) => {
      const result = await inTurn(async () => {
        // Asked again: others may have been before us since the validator.
        refuseIf(putRefusal(state, put));
        const planned = plannedVersion(state, put, Date.now());
        if (planned === undefined) return putResult(state, state);
        const before = state;
        const header = await storeVersions(before, planned);
        become(withVersion(before, put, header), put.tags ?? []);
        return putResult(before, state);
      });
      return { ...result, head: await settled(result.head) };
    },
    { validator: (put) => refuseIf(putRefusal(state, put)), description: 'Stores a version of the DAG.' },
  );
  setHandler(
    pauseUpdate,
    async (pause) => {
      const head = await inTurn(() => {
        refuseIf(absentRefusal(state));
        become(withPaused(state, pause, Date.now()));
        return state.head!;
      });
      return settled(head);
    },
    { validator: (_pause) => refuseIf(absentRefusal(state)), description: 'Pauses or resumes the DAG.' },
  );
  setHandler(
    removeUpdate,
    async () => {
      const head = await inTurn(() => {
        refuseIf(absentRefusal(state));
        become(asDeleted(state, Date.now()), []);
        return state.head!;
      });
      return settled(head);
    },
    { validator: (_remove) => refuseIf(absentRefusal(state)), description: 'Deletes the DAG; its version counter stays.' },
  );
  setHandler(checkScheduleSignal, () => keeper.look(), {
    description: 'Looks whether the Temporal Schedule is as it is to be.',
  });
  setHandler(
    runEndedSignal,
    async (word) =>
      inTurn(() => {
        const next = withRunEnded(state, word, Date.now());
        // What is only counted is nobody else's business.
        if (next.head === state.head) state = next;
        else become(next);
      }),
    { description: 'How a run of the schedule has ended, where failed ones are counted.' },
  );
  /** Takes over who waits; readers are told only where that there is anybody is new. */
  const becomeAwaited = (awaiting: readonly AwaitRun[]): void => {
    const next = withWaiters(state, awaiting);
    if (next.head === state.head) state = next;
    else become(next);
  };
  setHandler(
    awaitRunUpdate,
    async (asked) =>
      inTurn(() => {
        refuseIf(absentRefusal(state));
        becomeAwaited(withAwaiting(state.awaiting ?? [], asked, Date.now()));
      }),
    { validator: (_asked) => refuseIf(absentRefusal(state)), description: 'Asks to be told when a run of the DAG begins.' },
  );
  setHandler(
    runBeganSignal,
    async (began) => {
      const told = await inTurn(() => {
        const { told, left } = toldOf(state.awaiting ?? [], began, Date.now());
        becomeAwaited(left);
        return told;
      });
      for (const { waiter } of told) await sendWord<RunWord>(waiter.workflowId, RUN_WORD_SIGNAL, { token: waiter.token });
    },
    { description: 'A run of the DAG has begun, where somebody waits for one.' },
  );
  setHandler(versionsQuery, () => state.versions);
  const past = new CatchUpKeeper(
    () => catchUpOrder(state),
    { dagId: state.dagId, onStep: (step) => become(withCatchUpStep(state, step)) },
    input.askedFor,
  );

  // After a lost entity was revived the memo of the new execution is empty; the details are in each of them.
  if (state.head !== undefined) {
    if (workflowInfo().continuedFromExecutionRunId === undefined) become(state, state.head.tags ?? []);
    else setCurrentDetails(entityDetails(state.head));
  }

  while (!(await condition(() => state.head !== undefined, EMPTY_FOR))) {
    if (allHandlersFinished()) return;
  }
  const { continueFromEvents = Number.POSITIVE_INFINITY } = input;
  const isLong = (): boolean => {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return (continueAsNewSuggested || historyLength >= continueFromEvents) && allHandlersFinished();
  };
  const catchingUp = past.keep(isLong);
  await keeper.keep(() => isLong() && !past.isBusy);
  await catchingUp;
  // A change may have come with the last step.
  await condition(allHandlersFinished);
  await beginAnew<typeof dagEntity>({
    dagId: state.dagId,
    head: state.head,
    versions: state.versions,
    failures: state.failures,
    awaiting: state.awaiting,
    schedule: keeper.known,
    askedFor: past.askedFor,
    scheduleCheckMs: input.scheduleCheckMs,
    continueFromEvents: input.continueFromEvents,
  });
}

/**
 * Writes the list of versions as it is with `planned`, before anything is acknowledged. Another list under that key was left by
 * an entity that was ended from outside: its number stays used, since the counter never goes back.
 */
async function storeVersions(state: DagEntityState, planned: VersionHeader): Promise<VersionHeader> {
  for (let version = planned.version; ; version++) {
    const header = { ...planned, version };
    try {
      await storeJson({
        key: versionsBlobKey(state.dagId, version),
        value: JSON.parse(JSON.stringify(versionsWith(state, header))),
      });
      return header;
    } catch (error) {
      if (
        !(error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === OBJECT_CONFLICT)
      )
        throw error;
    }
  }
}

/** Shows the state to readers: the memo, the list of DAGs, the Web UI. `tags` only where they changed. */
function publish(state: DagEntityState, tags?: readonly string[]): void {
  const { head } = state;
  if (head === undefined) return;
  upsertMemo({ [DAG_HEAD_MEMO]: head });
  if (tags !== undefined) {
    const present = isPresent(state);
    upsertSearchAttributes([
      { key: dagIdKey, value: present ? state.dagId : null },
      { key: dagTagsKey, value: present && tags.length > 0 ? [...tags] : null },
    ]);
  }
  setCurrentDetails(entityDetails(head));
}

const SCHEDULE_STATES = {
  active: 'active; it is the Temporal Schedule of the same id',
  paused: 'paused with the DAG',
  pending: 'being brought in line',
} as const;

/** The DAG in words, for the Web UI. Its runs are workflows of their own. */
function entityDetails({ dagId, latest, paused, deleted, description, owner, schedule }: DagHead): string {
  const stored = `${new Date(latest.createdAt).toISOString().slice(0, 19)}Z`;
  return [
    ...(description === undefined ? [] : [markdownText(description)]),
    [
      `- **State** ${deleted ? 'deleted; it comes back when it is stored again' : paused ? pausedText(schedule) : 'active'}`,
      `- **Latest version** ${latest.version}, stored ${stored}`,
      ...(schedule === undefined || deleted ? [] : [`- **Schedule** ${SCHEDULE_STATES[schedule.state]}`]),
      ...(owner === undefined ? [] : [`- **Owner** ${markdownText(owner)}`]),
      `- **Runs** are workflows with this DAG's id in front: list them by \`DagId = "${dagId}"\``,
    ].join('\n'),
    '\u00a0',
  ].join('\n\n');
}

function pausedText({ pause }: Partial<ScheduleHead> = {}): string {
  return pause?.why === undefined ? 'paused' : `paused: ${markdownText(pause.why)}`;
}

function refuseIf(refusal: EntityRefusal | undefined): void {
  if (refusal)
    throw ApplicationFailure.create({ type: ENTITY_REFUSALS[refusal.kind], message: refusal.message, nonRetryable: true });
}
