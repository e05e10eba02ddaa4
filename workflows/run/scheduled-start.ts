import { ApplicationFailure, setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { markdownText } from '../../src/dag/markdown-text.js';
import {
  type ResolvedStart,
  RUN_MEMO,
  SCHEDULED_TIME_ATTRIBUTE,
  type ScheduledRunInput,
  type SkippedStart,
} from '../contract.js';
import { atHand } from './dispatch.js';

/**
 * The first act of a run that a Temporal Schedule has started: finds out what it is, and shows it as a start over REST would have. One
 * that comes to nothing leaves no trace in the lists of runs; the Web UI says why.
 */
export async function resolveStart({ scheduled }: ScheduledRunInput): Promise<ResolvedStart | SkippedStart> {
  const { workflowId: runId, startTime, searchAttributes } = workflowInfo();
  const nominal = (searchAttributes[SCHEDULED_TIME_ATTRIBUTE] as Date[] | undefined)?.[0];
  if (nominal === undefined) throw ApplicationFailure.nonRetryable('only a Temporal Schedule starts runs in this way');
  const start = { dagId: scheduled.dagId, runId, nominal: nominal.getTime(), firedAt: startTime.getTime() };
  const answer = await atHand('version, dates and params of the run', (objects) => objects.resolveScheduled(start));
  if ('skipped' in answer) {
    setCurrentDetails(`Nothing to do. ${markdownText(answer.message)}`);
    upsertSearchAttributes({ DagRunState: [], DagTrigger: [], DagId: [] });
    return answer;
  }
  const { run } = answer.input;
  upsertMemo({ [RUN_MEMO]: answer.memo });
  upsertSearchAttributes({
    DagRunState: ['running'],
    DagLogicalDate: [new Date(run.scope.logicalDate)],
    DagStartedAt: [new Date(run.acceptedAt)],
    ...(run.tags?.length ? { DagTags: [...run.tags] } : {}),
  });
  return answer;
}
