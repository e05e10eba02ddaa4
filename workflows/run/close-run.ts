import { ApplicationFailure, CancelledFailure, upsertSearchAttributes } from '@temporalio/workflow';
import type { LeavePlace } from '../../activities/place-calls.js';
import type { ChildEnd } from '../../src/dag/child-end.js';
import type { Json } from '../../src/dag/json.js';
import type { Failure, FinalRunState } from '../../src/dag/state.js';
import { DAG_RUN_FAILED, type DagRunInput, REPORT_NAME, type RunHead, type RunReport, type RunSummary } from '../contract.js';
import { atHand } from './dispatch.js';
import { tellParent } from './parent-link.js';
import type { RunLedger } from './run-ledger.js';
import type { RunWatchers } from './run-watchers.js';
import { storeRecords } from './stored-records.js';
import { tellDag } from './tell-dag.js';

/** Name of the outputs of a child below its prefix, where they are too large for a message. */
const OUTPUTS_NAME = 'outputs.json';
/** Failed tasks named in the search attribute: visibility is an index, not a report. */
const MAX_INDEXED = 20;

/**
 * The last act of a run: writes its report (R3), gives its place back, tells its parent, and closes as the rules say (R23).
 *
 * @throws ApplicationFailure `DagRunFailed` where the run failed, CancelledFailure where it was cancelled.
 */
export async function closeRun(
  input: DagRunInput,
  ledger: RunLedger,
  state: FinalRunState,
  failure: Failure | undefined,
  leave: LeavePlace | undefined,
  watchers: RunWatchers,
  maxConsecutiveFailedRuns?: number,
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
  const failedTasks = head.failedTasks?.slice(0, MAX_INDEXED);
  upsertSearchAttributes({
    DagRunState: [state],
    ...(failedTasks === undefined ? {} : { DagFailedTasks: failedTasks }),
  });
  if (input.parent !== undefined && end !== undefined) await tellParent(input.parent, end);
  await watchers.close(state);
  await tellDag(input, state, maxConsecutiveFailedRuns);
  if (state === 'cancelled') throw new CancelledFailure(`run ${input.run.runId} was cancelled`);
  if (failure !== undefined) {
    const failed = ApplicationFailure.nonRetryable(failure.message.toWellFormed(), DAG_RUN_FAILED, {
      kind: failure.kind,
      failedTasks,
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
