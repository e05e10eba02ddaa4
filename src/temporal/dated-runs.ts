import { DAG_RUN } from '../../workflows/contract.js';
import type { RunState } from '../dag/state.js';
import { dated } from './run-list.js';
import { runState } from './run-row.js';
import type { TemporalConnection } from './temporal-connection.js';
import { allOf, before, compare, isNotNull, isNull, since, startsWith } from './visibility-query.js';

/** A run of a DAG for a date, as far as it is needed to see what became of the times of a schedule. Times are epoch ms. */
export interface DatedRun {
  readonly runId: string;
  readonly state: RunState;
  readonly startedAt: number;
  /** Absent while it is open. */
  readonly endedAt?: number;
}

/** The dated runs of a DAG with logical dates from `from` (inclusive) to `to` (exclusive), by id. Needs no worker; may lag about a second. */
export async function datedRuns(
  temporal: TemporalConnection,
  dagId: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ReadonlyMap<string, DatedRun>> {
  const query = allOf(
    compare('WorkflowType', '=', DAG_RUN),
    compare('DagId', '=', dagId),
    // Runs without a date have `@` behind the DAG's id (R2).
    startsWith('WorkflowId', `${dagId}-`),
    compare('ExecutionStatus', '!=', 'ContinuedAsNew'),
    isNull('ParentWorkflowId'),
    isNotNull('DagRunState'),
    dated(since, new Date(from)),
    dated(before, new Date(to)),
  );
  return temporal.call(async () => {
    const runs = new Map<string, DatedRun>();
    for await (const info of temporal.client.workflow.list({ query, pageSize: 1_000 })) {
      const attribute = (info.searchAttributes.DagRunState as string[] | undefined)?.[0];
      runs.set(info.workflowId, {
        runId: info.workflowId,
        state: runState(info.status.name, attribute),
        startedAt: info.startTime.getTime(),
        ...(info.closeTime === undefined ? {} : { endedAt: info.closeTime.getTime() }),
      });
    }
    return runs;
  });
}
