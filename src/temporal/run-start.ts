import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { DAG_RUN, type DagRunInput, RUN_MEMO } from '../../workflows/contract.js';
import { BACKFILL_RUN_PRIORITY } from '../dag/active-runs.js';
import { fairnessKey, runDetails, runMemo, runSummary } from './run-presentation.js';
import { runSearchAttributes } from './run-row.js';
import type { TemporalConnection } from './temporal-connection.js';
import { GRPC, grpcCode, TemporalUnavailableError } from './temporal-error.js';

/** Which runs of Temporal may bear the id already, so that another one of it is started (R4). */
export type IdReuse = 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE_FAILED_ONLY' | 'ALLOW_DUPLICATE';

/** Among runs that wait for a worker, 1 first: what is made up for comes after what is wanted now. */
const LIVE_PRIORITY = 3;

/** Starts the workflow of a run and returns its Temporal run id; `undefined` when Temporal knows the id already. */
export async function startRun(
  temporal: TemporalConnection,
  taskQueue: string,
  input: DagRunInput,
  /** Default `REJECT_DUPLICATE`: others only for a further execution (R4), or where what bears the id is known to be no run. */
  reuse: IdReuse = 'REJECT_DUPLICATE',
): Promise<string | undefined> {
  const { run } = input;
  try {
    const handle = await temporal.call(
      () =>
        temporal.client.workflow.start(DAG_RUN, {
          workflowId: run.runId,
          taskQueue,
          args: [input],
          workflowIdReusePolicy: reuse,
          workflowIdConflictPolicy: 'FAIL',
          memo: { [RUN_MEMO]: runMemo(run) },
          typedSearchAttributes: runSearchAttributes(run),
          priority: {
            priorityKey: run.scope.trigger === 'backfill' ? BACKFILL_RUN_PRIORITY : LIVE_PRIORITY,
            fairnessKey: fairnessKey(run.dagId),
          },
          staticSummary: runSummary(run),
          staticDetails: runDetails(run),
        }),
      { write: true },
    );
    return handle.firstExecutionRunId;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    if (grpcCode(error) === GRPC.INVALID_ARGUMENT && /search attribute/i.test(String((error as Error).cause))) {
      throw new TemporalUnavailableError('Temporal is not prepared yet: search attributes are missing.', false, 10, {
        cause: error,
      });
    }
    throw error;
  }
}
