import type { ApplicationFailure } from '@temporalio/common';
import { defineUpdate, setHandler } from '@temporalio/workflow';
import { APPROVE_REFUSALS, APPROVE_UPDATE, type ApproveInput, type ApproveResult } from '../contract.js';
import { type Approvals, refused } from './approvals.js';

const approveUpdate = defineUpdate<ApproveResult, [ApproveInput]>(APPROVE_UPDATE);

/** Where decisions about approvals come in. */
export interface ApprovalDesk {
  open(approvals: Approvals): void;
  close(): void;
}

/** Takes decisions from the first moment on; while the loop does not run they are asked to come again. */
export function approvalDesk(): ApprovalDesk {
  let open: Approvals | undefined;
  const later = (): ApplicationFailure => refused(APPROVE_REFUSALS.later, 'the run is between two executions, or about to end');
  setHandler(
    approveUpdate,
    (decision) => {
      if (open === undefined) throw later();
      return open.decide(decision);
    },
    {
      validator: (decision) => {
        const refusal = open === undefined ? later() : open.refusal(decision);
        if (refusal !== undefined) throw refusal;
      },
      description: 'Approves or rejects a task that waits for it.',
    },
  );
  return {
    open: (approvals) => (open = approvals),
    close: () => (open = undefined),
  };
}
