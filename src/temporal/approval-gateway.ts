import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { APPROVE_REFUSALS, APPROVE_UPDATE, type ApproveInput, type ApproveResult } from '../../workflows/contract.js';
import type { InputFault } from '../dag/typed-inputs.js';
import { CALL_DEADLINE_MS, type TemporalConnection } from './temporal-connection.js';
import { TemporalUnavailableError } from './temporal-error.js';

const TRY_AGAIN_MS = 150;

/** A run does not take a decision; nothing was changed. */
export class ApprovalRefusedError extends Error {
  override readonly name = 'ApprovalRefusedError';
  constructor(
    readonly refusal: 'notWaiting' | 'notApprover' | 'inputs',
    message: string,
    readonly faults: readonly InputFault[] = [],
  ) {
    super(message);
  }
}

/** Decisions about tasks that wait for approval, as updates of their runs (R29). */
export class ApprovalGateway {
  constructor(private readonly temporal: TemporalConnection) {}

  /**
   * `updateId` is made from the decision and its round, so that a repetition is answered and not done again.
   * @throws ApprovalRefusedError, TemporalUnavailableError (503)
   */
  async decide(runId: string, input: ApproveInput, updateId: string): Promise<ApproveResult> {
    for (const until = Date.now() + CALL_DEADLINE_MS; ; await delay(TRY_AGAIN_MS)) {
      try {
        return await this.temporal.call(
          () =>
            this.temporal.client.workflow
              .getHandle(runId)
              .executeUpdate<ApproveResult, [ApproveInput]>(APPROVE_UPDATE, { args: [input], updateId }),
          { write: true, deadlineMs: Math.max(1, until - Date.now()) },
        );
      } catch (error) {
        const known = refusalOf(error, runId);
        if (known !== 'later' || Date.now() + TRY_AGAIN_MS >= until)
          throw known === 'later' ? unconfirmed(runId, error) : known;
      }
    }
  }
}

function refusalOf(error: unknown, runId: string): unknown {
  if (error instanceof WorkflowNotFoundError) return new ApprovalRefusedError('notWaiting', `the run ${runId} is over`);
  if (!(error instanceof WorkflowUpdateFailedError)) return error;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure)) return unconfirmed(runId, error);
  switch (cause.type) {
    case APPROVE_REFUSALS.later:
      return 'later';
    case APPROVE_REFUSALS.notWaiting:
      return new ApprovalRefusedError('notWaiting', cause.message);
    case APPROVE_REFUSALS.notApprover:
      return new ApprovalRefusedError('notApprover', cause.message);
    case APPROVE_REFUSALS.inputs:
      return new ApprovalRefusedError('inputs', cause.message, (cause.details?.[0] ?? []) as readonly InputFault[]);
    default:
      return unconfirmed(runId, error);
  }
}

/** The run went on in a new execution, or ended, under the update. */
function unconfirmed(runId: string, cause: unknown): TemporalUnavailableError {
  const message = `The decision about a task of ${runId} was not confirmed; repeating the request is safe.`;
  return new TemporalUnavailableError(message, true, 2, { cause });
}
