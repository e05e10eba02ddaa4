import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const UNHANDLED_COMMAND = proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;

/** What became of the workflow tasks of a run, by its history. */
export interface WorkflowTasks {
  /** Why some failed or took too long: Temporal tries those again, for ever where the run itself is the reason. */
  readonly troubles: readonly string[];
  /** The longest one, from its start to its completion, in ms. */
  readonly longestMs: number;
}

/** Reads the histories of a run from its first execution on, over continue-as-new, on a connection that takes pages of any size. */
export async function workflowTasks(address: string, workflowId: string, firstRunId: string): Promise<WorkflowTasks> {
  const connection = await Connection.connect({ address, channelArgs: { 'grpc.max_receive_message_length': -1 } });
  try {
    const troubles: string[] = [];
    let longestMs = 0;
    for (let runId: string | undefined = firstRunId; runId !== undefined; ) {
      const events = await eventsOf(connection, workflowId, runId);
      let startedAt = 0;
      for (const event of events) {
        const at = Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
        if (event.workflowTaskStartedEventAttributes) startedAt = at;
        if (event.workflowTaskCompletedEventAttributes) longestMs = Math.max(longestMs, at - startedAt);
        const failed = event.workflowTaskFailedEventAttributes;
        // Something happened just when the run was about to close: that is looked at, once.
        if (failed && failed.cause !== UNHANDLED_COMMAND)
          troubles.push(`failed: ${failed.failure?.message ?? 'unknown'} (cause ${failed.cause})`);
        const timedOut = event.workflowTaskTimedOutEventAttributes;
        if (timedOut) troubles.push(`timed out (type ${timedOut.timeoutType})`);
      }
      runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
    }
    return { troubles, longestMs };
  } finally {
    await connection.close();
  }
}

type Event = proto.temporal.api.history.v1.IHistoryEvent;

async function eventsOf(connection: Connection, workflowId: string, runId: string): Promise<Event[]> {
  const events: Event[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await connection.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId, runId },
      nextPageToken,
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return events;
}
