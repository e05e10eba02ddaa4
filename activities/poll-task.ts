import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { Failure } from '../src/dag/state.js';
import type { PollPace } from '../src/dag/wait-plan.js';
import { checkOutput } from './check-output.js';
import { NotYet } from './handlers/not-yet.js';
import { idempotencyKey } from './idempotency-key.js';
import type { TaskRuntime } from './run-task.js';
import { NO_SECRETS, SecretMask } from './secret-mask.js';
import { resolveSecrets } from './secrets.js';
import { SilentLog } from './silent-log.js';
import type { PollCall, TaskFailedDetails, TaskReturn } from './task-call.js';
import { NO_RESOURCES, type TaskContext } from './task-context.js';
import { taskFailed } from './task-failed.js';
import { taskFailure } from './task-failure.js';
import type { TaskHandler } from './task-handler.js';
import { expressionFailure, readTask, renderInput, taskScope } from './task-input.js';
import { outputValue, toJson } from './task-output.js';

/** Longest poll, ms: one that takes longer counts as not yet. */
const POLL_MS = 120_000;
/** The last poll is made when the wait is over, and still gets this long, ms. */
const LAST_POLL_MS = 10_000;
const HEARTBEAT_MS = 5_000;
/** No pause is longer, whatever the other side asks for: a wait that goes on is looked at once a day. */
const LONGEST_PAUSE_MS = 86_400_000;

/**
 * The activity of a wait that looks again and again. Each attempt is one poll, and Temporal's own retry makes the next one: a
 * wait costs three events of history however long it takes, and holds nobody's place between two polls.
 */
export function pollActivity(handler: TaskHandler, runtime: TaskRuntime): (call: PollCall) => Promise<TaskReturn> {
  return (call) => new Poll(handler, runtime, call).run();
}

class Poll {
  private readonly temporal = Context.current();
  private mask = NO_SECRETS;

  constructor(
    private readonly handler: TaskHandler,
    private readonly runtime: TaskRuntime,
    private readonly call: PollCall,
  ) {}

  async run(): Promise<TaskReturn> {
    const beat = setInterval(() => this.temporal.heartbeat(), HEARTBEAT_MS).unref();
    const tooLong = AbortSignal.timeout(Math.min(POLL_MS, Math.max(LAST_POLL_MS, this.call.deadline - Date.now())));
    try {
      return await this.look(AbortSignal.any([this.temporal.cancellationSignal, tooLong]));
    } catch (error) {
      throw this.outcome(tooLong.aborted ? new NotYet('the poll took too long') : error);
    } finally {
      clearInterval(beat);
    }
  }

  private async look(signal: AbortSignal): Promise<TaskReturn> {
    const { call, runtime, handler } = this;
    const task = await readTask(runtime.bodies, call);
    const input = task.input(handler);
    const secrets = await resolveSecrets(runtime.secrets, input.references.secrets);
    this.mask = new SecretMask(Object.values(secrets));
    const { attempt } = this.temporal.info;
    const scope = await taskScope(call, input.references, runtime.outputs, attempt, secrets);
    const what = `with of task ${call.task}`;
    const rendered = await renderInput(input, scope, what);
    const context = this.context(signal, attempt);
    const returned = await handler.run(rendered, context).catch((error: unknown) => {
      throw expressionFailure(error, what);
    });
    const output = this.mask.output(toJson(returned));
    checkOutput(task.body.outputSchema, output);
    // Polls are no attempts: those that found nothing say nothing about the task.
    return { output: await outputValue(runtime.objects, call.prefix, call.task, output, call.inlineLimit), attempts: [] };
  }

  private context(signal: AbortSignal, attempt: number): TaskContext {
    const { call, runtime } = this;
    const { objects } = runtime;
    return {
      signal,
      log: new SilentLog({ objects, prefix: call.prefix, taskId: call.task, attempt, mask: this.mask }),
      objects,
      info: {
        runId: call.run?.id ?? this.temporal.info.workflowExecution?.workflowId ?? call.prefix,
        taskId: call.task,
        attempt,
        get idempotencyKey() {
          return idempotencyKey(call);
        },
        prefix: call.prefix,
        resources: NO_RESOURCES,
      },
      heartbeat: () => this.temporal.heartbeat(),
    };
  }

  /** What Temporal shall be told: look again later, or that the wait is over without having met anything. */
  private outcome(error: unknown): Error {
    const { cancellationSignal, cancellationDetails, info } = this.temporal;
    if (cancellationSignal.aborted && cancellationDetails?.workerShutdown !== true)
      return new CancelledFailure('cancelled', [this.details({ kind: 'cancelled', message: 'cancelled' })]);
    const { failure, by, retryable, retryAfterMs } = taskFailure(error, this.mask);
    if (!retryable && by === 'user') return taskFailed(this.details(failure), { nonRetryable: true });
    const left = this.call.deadline - Date.now();
    if (left <= 0) {
      const polls = `${info.attempt} ${info.attempt === 1 ? 'poll' : 'polls'}`;
      const late: Failure = { kind: 'timeout', message: `not met after ${polls}; the last one: ${failure.message}` };
      return taskFailed(this.details(late), { nonRetryable: true });
    }
    const asked = Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS);
    const pause = Math.max(asked, pauseAfter(this.call.pace, info.attempt));
    return taskFailed(this.details(failure), {
      nonRetryable: false,
      nextRetryDelay: Math.max(1, Math.min(pause, left)),
    });
  }

  private details(failure: Failure): TaskFailedDetails {
    return { failure, attempts: [] };
  }
}

/** The pause after the n-th poll, ms. */
export function pauseAfter({ everyMs, multiplier, maxIntervalMs }: PollPace, polls: number): number {
  return Math.round(Math.min(everyMs * multiplier ** (polls - 1), maxIntervalMs));
}
