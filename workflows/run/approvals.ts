import { ApplicationFailure } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { ApprovalPlan } from '../../src/dag/approval-plan.js';
import { formatDuration } from '../../src/dag/duration.js';
import { formatInstant } from '../../src/dag/instant.js';
import type { JsonObject } from '../../src/dag/json.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Attempt, Failure } from '../../src/dag/state.js';
import { typedInputs } from '../../src/dag/typed-inputs.js';
import type { Walk } from '../../src/dag/walk.js';
import { APPROVE_REFUSALS, type ApproveInput, type ApproveResult, WAITING_FOR_APPROVAL } from '../contract.js';
import { Alarm } from './alarm.js';
import { reaches } from './reach-of-cancel.js';
import type { Rewinds } from './rewinds.js';
import type { RunLedger } from './run-ledger.js';
import type { Evaluated, RunValues } from './run-values.js';
import { checkedEnding, failed, type TaskEnding, timeoutEnding } from './task-ending.js';
import { clip } from './task-failure.js';
import type { TaskHost, TaskPart } from './task-host.js';

/** Approvers named beside the question. */
const NAMED_APPROVERS = 5;

/** A decision as it is kept: in the output of the task, or in the details of its failure. */
interface Decision extends JsonObject {
  readonly decision: 'approve' | 'reject';
  readonly by: string | null;
  readonly at: string | null;
  readonly comment: string | null;
  readonly inputs: JsonObject;
}

/**
 * The approvals of a run: who may decide now, and what a decision makes of its task. Decisions come by update and are taken in
 * at once; nothing here blocks. Each round of asking is an attempt of the task.
 */
export class Approvals implements TaskPart {
  private readonly alarm: Alarm;
  private readonly waiting = new Set<number>();
  private readonly index: ReadonlyMap<string, number>;
  private resumed = false;

  constructor(
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly host: TaskHost,
    private readonly rewinds: Rewinds,
    /** Sends a task and all downstream of it back to run again; false when the run is being stopped. */
    private readonly sendBack: (to: number) => boolean,
  ) {
    this.index = new Map(plan.tasks.flatMap((task, i) => (task.approval === undefined ? [] : [[task.id, i] as const])));
    this.alarm = new Alarm(
      (what) => host.tell(what),
      (task) => this.timedOut(task),
      (task) => `timeout of ${plan.tasks[task]!.id}`,
    );
  }

  /** Begins to ask; the task has been started. */
  begin(task: number, approval: ApprovalPlan): void {
    const deadline = Date.now() + approval.timeoutMs;
    this.host.evaluate(
      task,
      () => this.values.template(approval.message, this.plan.tasks[task]!.id),
      (answer) => {
        const message = messageIn(answer, this.plan.tasks[task]!.id);
        if (typeof message !== 'string') return this.host.end(task, message);
        const { approvers = [] } = approval;
        const by = approvers.length === 0 ? '' : ` by ${approvers.slice(0, NAMED_APPROVERS).join(' or ')}`;
        this.ledger.noteWaiting(task, { deadline }, `waiting for approval${by}: ${message}`);
        this.ask(task, deadline);
      },
    );
  }

  /** Asks again what an earlier execution of the run was asking. Once. */
  resume(walk: Walk): void {
    if (this.resumed || this.index.size === 0) return;
    this.resumed = true;
    for (const task of walk.running()) {
      const waiting = this.ledger.recordOf(task)?.waiting;
      if (waiting !== undefined && this.plan.tasks[task]!.approval !== undefined) this.ask(task, waiting.deadline ?? 0);
    }
  }

  cancel(only?: number): void {
    for (const task of this.waiting) {
      if (!reaches(this.plan, task, only)) continue;
      this.withdraw(task);
      this.host.end(task, { state: 'cancelled' });
    }
  }

  /** Nobody is asked any more. */
  withdraw(task: number): void {
    this.waiting.delete(task);
    this.alarm.clear(task);
  }

  /** Why a decision cannot be taken, undefined when it can: asked by the validator, and again by the handler. */
  refusal({ taskId, decision, by, inputs = {} }: ApproveInput): ApplicationFailure | undefined {
    const task = this.index.get(taskId);
    if (task === undefined || !this.waiting.has(task))
      return refused(APPROVE_REFUSALS.notWaiting, `task ${taskId} does not wait for approval now`);
    const { approvers, inputs: schemas = {} } = this.plan.tasks[task]!.approval!;
    if (approvers !== undefined && (by === undefined || !approvers.includes(by)))
      return refused(
        APPROVE_REFUSALS.notApprover,
        `${by === undefined ? 'it is not known who decides' : `${by} is not among the approvers of task ${taskId}`}; it asks for ${approvers.join(', ')}`,
      );
    if (decision !== 'approve' && decision !== 'reject')
      return refused(APPROVE_REFUSALS.inputs, 'a decision is approve or reject', [{ pointer: '', message: 'not a decision' }]);
    const { faults } = typedInputs(schemas, inputs, { partial: decision === 'reject' });
    return faults.length === 0
      ? undefined
      : refused(APPROVE_REFUSALS.inputs, faults.map((fault) => fault.message).join('; '), faults);
  }

  /** Takes a decision; the rest is done in the turn of the loop. Throws what {@link refusal} gives. */
  decide(input: ApproveInput): ApproveResult {
    const refusal = this.refusal(input);
    if (refusal !== undefined) throw refusal;
    const task = this.index.get(input.taskId)!;
    const { inputs: schemas = {} } = this.plan.tasks[task]!.approval!;
    const now = Date.now();
    const decision: Decision = {
      decision: input.decision,
      by: input.by ?? null,
      at: formatInstant(now) ?? null,
      comment: input.comment ?? null,
      inputs: typedInputs(schemas, input.inputs ?? {}, { partial: input.decision === 'reject' }).values,
    };
    this.withdraw(task);
    const round = this.rewinds.begun(task);
    this.host.tell(() => {
      if (this.rewinds.over(task, round)) this.settle(task, decision, now);
    });
    return { taskId: input.taskId, decision: input.decision, at: now };
  }

  /** Lets lists find a run that asks somebody. Once a turn of the loop: it costs an event of history whenever that changes. */
  noteAsking(): void {
    const waitingFor = this.waiting.size > 0 ? 'approval' : undefined;
    if (waitingFor === this.ledger.waitingFor) return;
    this.ledger.noteWaitingFor(waitingFor);
    upsertSearchAttributes({ DagRunState: [waitingFor === undefined ? 'running' : WAITING_FOR_APPROVAL] });
  }

  private ask(task: number, deadline: number): void {
    this.waiting.add(task);
    this.alarm.set(task, deadline);
  }

  private settle(index: number, decision: Decision, endedAt: number): void {
    const task = this.plan.tasks[index]!;
    const { onReject, rewindTo, maxRewinds } = task.approval!;
    const record = this.ledger.recordOf(index);
    const earlier = record?.attempts ?? [];
    const attempt: Attempt = { attempt: (earlier.at(-1)?.attempt ?? 0) + 1, startedAt: record?.startedAt, endedAt };
    if (decision.decision === 'approve') return this.goOn(index, decision, attempt);

    const rewinds = earlier.filter(({ failure }) => failure?.kind === 'rejected').length;
    const spent = rewindTo !== undefined && rewinds >= maxRewinds;
    const failure = rejection(decision, spent ? `, after it went back ${rewinds} times` : '');
    const rejected = { ...attempt, failure };
    if (rewindTo !== undefined && !spent && this.sendBack(rewindTo)) return this.ledger.noteAttempts(index, [rejected]);
    if (onReject === 'fail') this.host.end(index, { state: 'failed', failure, attempts: [rejected], endedAt });
    else if (onReject === 'skip') this.host.end(index, { state: 'skipped', attempts: [rejected], endedAt });
    else this.goOn(index, decision, rejected);
  }

  private goOn(index: number, decision: Decision, attempt: Attempt): void {
    const ending = checkedEnding(this.plan.tasks[index]!, { value: decision });
    this.host.end(index, { ...ending, attempts: [attempt], endedAt: attempt.endedAt });
  }

  private timedOut(index: number): void {
    if (!this.waiting.delete(index)) return;
    const task = this.plan.tasks[index]!;
    const { timeoutMs, onTimeout } = task.approval!;
    const message = `nobody decided about task ${task.id} within its timeout of ${formatDuration(timeoutMs)}`;
    const output = { decision: 'timeout', by: null, at: formatInstant(Date.now()) ?? null, comment: null, inputs: {} };
    this.host.end(index, timeoutEnding(task, onTimeout, message, output));
  }
}

/** Failure of an update that is refused; `details` name what does not fit. */
export function refused(type: string, message: string, details?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: message.toWellFormed(),
    nonRetryable: true,
    details: details === undefined ? [] : [details],
  });
}

function rejection(decision: Decision, how: string): Failure {
  const { by, comment } = decision;
  const message = `rejected${by === null ? '' : ` by ${by}`}${how}${comment === null ? '' : `: ${comment}`}`;
  return { kind: 'rejected', type: 'Rejected', message, details: decision };
}

function messageIn(answer: Evaluated, id: string): string | TaskEnding {
  if ('error' in answer) return failed('expression', `message of task ${id}: ${answer.error}`);
  if (!('value' in answer.output)) return failed('expression', `message of task ${id} is too long`);
  const { value } = answer.output;
  return clip(typeof value === 'string' ? value : JSON.stringify(value));
}
