import { Injectable } from '@nestjs/common';
import type { ApproveInput } from '../../../workflows/contract.js';
import type { JsonObject } from '../../dag/json.js';
import { ApprovalGateway, ApprovalRefusedError } from '../../temporal/approval-gateway.js';
import { runPath } from '../base-path.js';
import { Problem } from '../errors/problem.js';
import { ApiSettings } from '../settings.js';
import { deciderOf, isRepetition, updateIdOf } from './decision.js';
import type { DecideDto, DecidedDto } from './dto/approval.dto.js';
import type { RunName } from './run-id.js';
import { RunsService } from './runs.service.js';

/** Inputs are kept in the output of the task, inside the run: this many characters of JSON. */
const MAX_INPUTS_CHARS = 16 * 1024;

/** Decisions about tasks that wait for approval. */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly runs: RunsService,
    private readonly approvals: ApprovalGateway,
    private readonly settings: ApiSettings,
  ) {}

  /**
   * Takes a decision; the same one again is answered as before. `user`: whom the request is from, as what stands in front of
   * the service says. Throws 404 for run and task, 409 when it does not wait, 403 and 422.
   */
  async decide(run: RunName, taskId: string, request: DecideDto, user: string | undefined): Promise<DecidedDto> {
    const { head, task } = await this.runs.task(run, taskId);
    const input: ApproveInput = {
      taskId,
      decision: request.decision,
      by: deciderOf(request.by, user, this.settings.authenticatesOutside),
      comment: request.comment,
      inputs: checkedSize(request.inputs),
    };
    const answer: DecidedDto = {
      runId: run.runId,
      taskId,
      decision: input.decision,
      by: input.by,
      links: { run: runPath(run.runId), task: `${runPath(run.runId)}/tasks/${encodeURIComponent(taskId)}` },
    };
    if (task.state !== 'running') {
      if (isRepetition(task, input)) return answer;
      throw notWaiting(`The task ${taskId} does not wait for approval: its state is ${task.state}.`);
    }
    if (head.endedAt !== undefined) throw notWaiting(`The run ${run.runId} is over.`);
    try {
      await this.approvals.decide(run.runId, input, updateIdOf(input, task.attempts?.length ?? 0));
    } catch (error) {
      throw error instanceof ApprovalRefusedError ? problemOfRefusal(error) : error;
    }
    return answer;
  }
}

function checkedSize(inputs: JsonObject | undefined): JsonObject | undefined {
  if (inputs === undefined || JSON.stringify(inputs).length <= MAX_INPUTS_CHARS) return inputs;
  const detail = `inputs have more than ${MAX_INPUTS_CHARS} characters of JSON: give the place of the data instead`;
  throw new Problem('invalid_inputs', `${detail}.`, { errors: [{ pointer: '/inputs', detail }] });
}

function notWaiting(detail: string): Problem {
  return new Problem('not_waiting', detail);
}

function problemOfRefusal({ refusal, message, faults }: ApprovalRefusedError): Problem {
  const detail = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  if (refusal === 'notApprover') return new Problem('not_an_approver', detail);
  if (refusal === 'notWaiting') return notWaiting(detail);
  return new Problem('invalid_inputs', detail, {
    errors: faults.map((fault) => ({ pointer: `/inputs${fault.pointer}`, detail: fault.message })),
  });
}
