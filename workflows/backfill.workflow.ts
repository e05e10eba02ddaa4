/**
 * `backfill`: runs the intervals of a DAG's past, as many at a time as may be. What is to be done is decided by a pure state machine;
 * this loop carries it out by one local activity a step, which any number of words of the pool share.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BackfillActivities } from '../activities/backfill-calls.js';
import type { BackfillProgress } from '../src/dag/backfill/backfill.js';
import { type BackfillStep, BackfillWalk, type BackfillWork } from '../src/dag/backfill/backfill-walk.js';
import type { Json } from '../src/dag/json.js';
import { markdownText } from '../src/dag/markdown-text.js';
import { beginAnew } from './begin-anew.js';
import {
  BACKFILL_CONTROL,
  BACKFILL_MEMO,
  BACKFILL_QUERY,
  type BackfillControl,
  type BackfillFacts,
  type BackfillInput,
  type BackfillReport,
  backfillHead,
  PLACE_SIGNAL,
  type PlaceSignal,
  REPORT_NAME,
} from './contract.js';
import { atHand } from './run/dispatch.js';

const progressQuery = defineQuery<BackfillProgress>(BACKFILL_QUERY);
const controlSignal = defineSignal<[BackfillControl]>(BACKFILL_CONTROL);
const placeSignal = defineSignal<[PlaceSignal]>(PLACE_SIGNAL);

/** Pauses between two looks at everything double as long as nothing happens, from the first to the longest. */
const FIRST_WATCH_MS = 15_000;
const LONGEST_WATCH_MS = 600_000;
const CONTINUE_FROM_EVENTS = 4_096;
/** Pauses after a step that failed double, from the first to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;

/** Type of the ApplicationFailure that a backfill closes with when runs of it failed. */
const BACKFILL_FAILED = 'BackfillFailed';

// Shorter than a workflow task may take; what an attempt has done another one finds done.
const { advanceBackfill } = proxyLocalActivities<BackfillActivities>({
  summary: 'plan, ask for places, start runs, see how they ended',
  startToCloseTimeout: '9 seconds',
  retry: { maximumAttempts: 1 },
});

// Without end: what was promised is begun, however long Temporal is busy.
const { startBackfill } = proxyActivities<BackfillActivities>({
  summary: 'the backfill that follows',
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' },
});

/** A cancellation from outside is a request to start nothing more and to let finish what runs. */
export async function backfill(input: BackfillInput): Promise<BackfillProgress> {
  const walk = new BackfillWalk(input.facts.terms, input.state);
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(() => {
    cancelRequested.catch(() => walk.cancel('finish'));
    return drive(input, walk);
  });
}

async function drive(input: BackfillInput, walk: BackfillWalk): Promise<BackfillProgress> {
  const { facts, watchMs = FIRST_WATCH_MS, continueFromEvents = CONTINUE_FROM_EVENTS } = input;
  /** Words have come since the last look: before the handlers, which are called at once with what came earlier. */
  let stirred = true;
  setHandler(progressQuery, () => walk.progress(Date.now()));
  setHandler(controlSignal, ({ order, runs = 'finish' }) => {
    if (order === 'cancel') walk.cancel(runs);
    else walk[order]();
  });
  setHandler(placeSignal, ({ words }) => {
    stirred = true;
    for (const { holder, word } of words) {
      // Runs of its own DAG bear their dates.
      if (holder.runId.includes('@')) {
        walk.hearOfValidation();
        continue;
      }
      const time = timeOf(holder.runId, facts.dagId);
      if (time !== undefined && (word === 'granted' || word === 'closed'))
        walk.hear({ time, execution: holder.execution }, word);
    }
  });
  setCurrentDetails({ toJSON: () => detailsOf(facts, walk.progress(Date.now())) } as unknown as string);
  const mustContinue = (): boolean => {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength >= continueFromEvents || continueAsNewSuggested;
  };
  // Whoever started it has shown its beginning.
  let shown = walk.state;
  /** Readers without a worker see the state as it was when it last changed. */
  const show = (): void => {
    if (walk.state === shown) return;
    const progress = walk.progress(Date.now());
    shown = progress.state;
    upsertMemo({ [BACKFILL_MEMO]: backfillHead(facts, progress) });
    upsertSearchAttributes({ DagRunState: [progress.state] });
  };
  let watching = false;
  let watchPause = watchMs;
  /** What others have done to its runs, and words that were lost, are found out about in this way alone. */
  const watch = (): void => {
    if (watching || !walk.isWaiting) return;
    watching = true;
    watchPause = stirred ? watchMs : Math.min(2 * watchPause, LONGEST_WATCH_MS);
    stirred = false;
    void sleep(watchPause, { summary: 'look after all that is under way' }).then(() => {
      watching = false;
      walk.lookAtAll();
    });
  };
  for (let pause = FIRST_PAUSE_MS; ; ) {
    walk.tick(Date.now());
    show();
    if (walk.outcome !== undefined) return close(input, walk.progress(Date.now()));
    // Nothing is half done here, and what comes in from now on is for the next execution.
    if (mustContinue()) return beginAnew<typeof backfill>({ ...input, state: walk.snapshot() });
    if (!walk.hasWork) {
      watch();
      const { state } = walk;
      await condition(() => walk.hasWork || walk.state !== state || mustContinue());
      continue;
    }
    const work = walk.work();
    const step = await tried(facts, work);
    if (step === undefined) {
      await sleep(pause, { summary: 'before it is tried again' });
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    } else {
      walk.did(work, step);
      pause = FIRST_PAUSE_MS;
    }
  }
}

/** Undefined where something was in the way: what of it was done another attempt finds done. */
async function tried(facts: BackfillFacts, work: BackfillWork): Promise<BackfillStep | undefined> {
  try {
    return await advanceBackfill({ facts, work });
  } catch {
    return undefined;
  }
}

/** What follows is started before the report is written: whoever reads that it succeeded finds it. */
async function startNext({ downstream = [] }: BackfillFacts): Promise<void> {
  const [next, ...rest] = downstream;
  if (next !== undefined) await startBackfill(rest.length === 0 ? next : { ...next, downstream: rest });
}

/** Its last act is the report, by which it is known when Temporal has forgotten it. */
async function close({ facts, prefix }: BackfillInput, progress: BackfillProgress): Promise<BackfillProgress> {
  if (progress.state === 'success') await startNext(facts);
  const report: BackfillReport = { format: 1, head: backfillHead(facts, progress) };
  await atHand('report of the backfill', (objects) =>
    objects.storeJson({ key: `${prefix}${REPORT_NAME}`, value: report as unknown as Json, replace: true }),
  );
  if (progress.state !== 'failed') return progress;
  const { failed, cancelled, total } = progress;
  const failure = ApplicationFailure.nonRetryable(
    `${failed} of ${total} intervals failed${cancelled === 0 ? '' : `, the runs of ${cancelled} were cancelled`}`,
    BACKFILL_FAILED,
    progress,
  );
  failure.stack = '';
  throw failure;
}

/** The nominal time in the id of a dated run of this DAG (R2). */
function timeOf(runId: string, dagId: string): number | undefined {
  const time = Date.parse(runId.slice(dagId.length + 1));
  return Number.isNaN(time) ? undefined : time;
}

const text = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The backfill in words, for the Web UI. */
function detailsOf({ dagId, version, reprocess, order, spans }: BackfillFacts, progress: BackfillProgress): string {
  const { state, total, success, failed, cancelled, running, left, out, pace, reason, validation, estimatedEndAt } = progress;
  const omitted = Object.entries(out).map(([why, count]) => `${count} ${why}`);
  return [
    `- **Backfill** of ${markdownText(dagId)}, version ${version}, ${text(spans[0]!.start)} to ${text(spans.at(-1)!.end)}`,
    `- **State** ${state}${reason === undefined ? '' : `: ${markdownText(reason)}`}`,
    `- **Intervals** ${total}: ${success} succeeded, ${failed} failed, ${cancelled} cancelled, ${running} at work, ${left} left`,
    ...(omitted.length === 0 ? [] : [`- **Left out** ${omitted.join(', ')}`]),
    `- **Pace** at most ${pace} at a time, ${order} first, reprocess ${reprocess}`,
    ...(validation === undefined
      ? []
      : [
          `- **Validation** of chunk ${validation.chunk}, ${text(validation.from)} to ${text(validation.to)}: ${validation.state}, run ${markdownText(validation.runId)}`,
        ]),
    ...(estimatedEndAt === undefined ? [] : [`- **Estimated end** ${text(estimatedEndAt)}`]),
    '\u00a0',
  ].join('\n');
}
