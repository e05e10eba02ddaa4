import type { WorkflowService } from '@temporalio/client';
import type { LastAttempt } from '../../activities/system-calls.js';

/** Activities that end are among the newest events; what lies further back than this many pages was long ago. */
const MAX_PAGES = 50;
const PAGE_EVENTS = 200;

/** Which execution of a workflow. */
export interface ExecutionPlace {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * Which attempt was the last of activities that have ended, by their ids: it stands in the history, with who took it and when, and nowhere
 * else. Read from the newest event on, so it costs as much as has happened since. Absent = no worker ever took it, or it is not found.
 */
export async function lastAttempts(
  service: WorkflowService,
  { namespace, workflowId, runId }: ExecutionPlace,
  activityIds: readonly string[],
): Promise<ReadonlyMap<string, LastAttempt>> {
  const wanted = new Set(activityIds);
  const found = new Map<string, LastAttempt>();
  const started = new Map<string, LastAttempt>();
  let nextPageToken: Uint8Array | null | undefined;
  for (let page = 0; page < MAX_PAGES && wanted.size > 0; page++) {
    const answer = await service.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: PAGE_EVENTS,
      nextPageToken,
    });
    for (const event of answer.history?.events ?? []) {
      const begun = event.activityTaskStartedEventAttributes;
      if (begun) {
        started.set(String(begun.scheduledEventId), {
          attempt: begun.attempt ?? 1,
          startedAt: Number(event.eventTime?.seconds ?? 0) * 1000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6),
          ...(begun.identity ? { worker: begun.identity } : {}),
        });
      }
      const id = event.activityTaskScheduledEventAttributes?.activityId;
      if (!id || !wanted.delete(id)) continue;
      const attempt = started.get(String(event.eventId));
      if (attempt !== undefined) found.set(id, attempt);
    }
    nextPageToken = answer.nextPageToken;
    if (!nextPageToken?.length) break;
  }
  return found;
}
