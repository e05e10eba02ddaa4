import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;

/** What Temporal itself recorded of a workflow, over all the executions that continue-as-new made of it. */
export interface RunHistory {
  /** From the start of the first execution to the close of the last, by the server's clock. */
  readonly ms: number;
  /** ActivityTaskCompleted events by activity type. */
  readonly completed: Readonly<Record<string, number>>;
  /** Events of each execution, in order. */
  readonly lengths: readonly number[];
  /** Bytes of the arguments and results of the activities, as they travelled: medians. */
  readonly inputBytes: number;
  readonly resultBytes: number;
  readonly closedBy: string;
}

/** Reads every event of every execution. `type` picks the activities whose payloads are measured. */
export async function readHistory(client: Client, workflowId: string, type: string): Promise<RunHistory> {
  const completed: Record<string, number> = {};
  const lengths: number[] = [];
  const inputs: number[] = [];
  const results: number[] = [];
  let begun: number | undefined;
  let ended = 0;
  let closedBy = '';
  for (let runId: string | undefined = await firstExecution(client, workflowId); runId !== undefined; ) {
    const events: Event[] = (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
    lengths.push(events.length);
    begun ??= millis(events[0]!);
    ended = millis(events.at(-1)!);
    const types = new Map<string, string>();
    for (const event of events) {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled) {
        types.set(String(event.eventId), scheduled.activityType?.name ?? '');
        if (scheduled.activityType?.name === type) inputs.push(size(scheduled.input?.payloads));
      }
      const done = event.activityTaskCompletedEventAttributes;
      if (done) {
        const name = types.get(String(done.scheduledEventId)) ?? '?';
        completed[name] = (completed[name] ?? 0) + 1;
        if (name === type) results.push(size(done.result?.payloads));
      }
    }
    const last = events.at(-1)!;
    closedBy = last.workflowExecutionCompletedEventAttributes ? 'completed' : `event type ${last.eventType}`;
    runId = last.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return { ms: ended - begun!, completed, lengths, inputBytes: median(inputs), resultBytes: median(results), closedBy };
}

async function firstExecution(client: Client, workflowId: string): Promise<string> {
  const { events } = await client.workflowService
    .getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: 1,
    })
    .then((page) => page.history ?? { events: [] });
  const first = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
  if (!first) throw new Error(`${workflowId} has no history`);
  return first;
}

function millis(event: Event): number {
  return Number(event.eventTime?.seconds ?? 0) * 1_000 + (event.eventTime?.nanos ?? 0) / 1e6;
}

function size(payloads: temporal.api.common.v1.IPayload[] | null | undefined): number {
  return (payloads ?? []).reduce((sum, payload) => sum + (payload.data?.length ?? 0), 0);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
