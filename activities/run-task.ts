import { Context } from '@temporalio/activity';
import { type ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { mergeReferences } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import { itemName } from '../src/dag/map/item-source.js';
import type { RetryPlan } from '../src/dag/plan.js';
import type { Attempt, CachedFrom, Failure, OutputValue } from '../src/dag/state.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { AttemptContext } from './attempt-context.js';
import { lostTooOften, timedOut } from './attempt-errors.js';
import { AttemptHistory, type HeartbeatDetails } from './attempt-history.js';
import { boundedWork } from './bounded-work.js';
import { checkOutput } from './check-output.js';
import { Heartbeats } from './heartbeats.js';
import { decideRetry } from './retry-decision.js';
import { type RetryHookRuntime, runRetryHooks } from './retry-hooks.js';
import { NO_SECRETS, SecretMask } from './secret-mask.js';
import { resolveSecrets } from './secrets.js';
import { StopSignal } from './stop-signal.js';
import { scopeOfCacheKey, TaskCache } from './task-cache.js';
import type { TaskCall, TaskFailedDetails, TaskReturn } from './task-call.js';
import type { TaskContext } from './task-context.js';
import { TaskError } from './task-error.js';
import { taskFailed } from './task-failed.js';
import { type TaskFailure, taskFailure } from './task-failure.js';
import type { TaskHandler } from './task-handler.js';
import { readTask, renderInput, type StoredHook, type StoredTask, taskScope } from './task-input.js';
import { TaskLog } from './task-log.js';
import { outputValue, toJson } from './task-output.js';

/** What the wrapper needs besides the call. */
export interface TaskRuntime extends RetryHookRuntime {
  readonly objects: ObjectStore;
  readonly worker: string;
  readonly bodies: JsonBlobs<ReadonlyMap<string, StoredTask>>;
}

/**
 * The Temporal activity around a handler: reads the body, renders its input, bounds its time, heartbeats, keeps the log, checks and
 * stores the output, records every attempt, decides about retries, and carries out the hooks between them (R12, R14, R15, R19, R20).
 */
export function taskActivity(handler: TaskHandler, runtime: TaskRuntime): (call: TaskCall) => Promise<TaskReturn> {
  return (call) => new TaskRun(handler, runtime, call).run();
}

class TaskRun {
  private readonly temporal = Context.current();
  private readonly history: AttemptHistory;
  private readonly heartbeats: Heartbeats;
  private readonly stop = new StopSignal(this.temporal.cancellationSignal);
  private mask = NO_SECRETS;
  private log?: TaskLog;
  private retry?: RetryPlan;
  private cache?: TaskCache;
  private cached?: CachedFrom;
  private hooks?: readonly StoredHook[];
  private made?: TaskContext;

  constructor(
    private readonly handler: TaskHandler,
    private readonly runtime: TaskRuntime,
    private readonly call: TaskCall,
  ) {
    const { info } = this.temporal;
    this.history = new AttemptHistory(info.attempt, info.heartbeatDetails, runtime.worker, Date.now(), call.before);
    this.heartbeats = new Heartbeats(
      (details) => this.temporal.heartbeat(details),
      this.history,
      info.heartbeatTimeoutMs,
      this.lastProgress,
    );
  }

  async run(): Promise<TaskReturn> {
    try {
      const output = await this.attempt();
      if (this.log?.isEmpty === false) await this.log.close();
      const { cached, history } = this;
      return { output, attempts: history.succeeded(Date.now()), ...history.hooks, ...(cached === undefined ? {} : { cached }) };
    } catch (error) {
      const outcome = await this.failed(error);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    } finally {
      this.heartbeats.stop();
    }
  }

  private async attempt(): Promise<OutputValue> {
    const { call, runtime } = this;
    // What is at hand is not awaited, here and below: each promise costs every task.
    const read = readTask(runtime.bodies, call);
    const task = read instanceof Promise ? await read : read;
    const { retry, timeoutMs, outputSchema } = task.body;
    this.retry = retry;
    if (this.history.infraFailures > retry.infraAttempts)
      throw lostTooOften(this.history.infraFailures, retry.infraAttempts, this.history.lastFailure);
    this.hooks = task.hooks;

    const input = task.input(this.handler);
    const { references } = input;
    const secrets = references.secrets.length === 0 ? {} : await resolveSecrets(runtime.secrets, references.secrets);
    if (references.secrets.length > 0) this.mask = new SecretMask(Object.values(secrets));
    const attempt = call.failedAttempt ?? this.history.current.attempt;
    const key = task.cacheKey();
    const named = key === undefined ? references : mergeReferences([references, key.references]);
    const known = taskScope(call, named, runtime.outputs, attempt, secrets);
    const scope = known instanceof Promise ? await known : known;
    const rendering = renderInput(input, scope, `with of task ${call.task}`);
    const rendered = rendering instanceof Promise ? await rendering : rendering;
    if (task.body.cache !== undefined) {
      const kept = await renderInput(key ?? input, scopeOfCacheKey(scope), `cache.key of task ${call.task}`);
      this.cache = new TaskCache(runtime.objects, task.body.cache, { id: call.task, type: task.body.type }, kept);
      const earlier = call.ignoreCache === true ? undefined : await this.earlierOutput(this.cache, outputSchema);
      if (earlier !== undefined) return earlier;
    }

    if (this.hooks !== undefined) await this.answerLostAttempt(this.hooks);
    const returned = await this.bounded(timeoutMs, (context) => this.handler.run(rendered, context));
    const output = this.mask.output(toJson(returned));
    checkOutput(outputSchema, output);
    if (this.cache !== undefined) await this.cache.keep(output, this.context());
    return outputValue(runtime.objects, call.prefix, itemName(call.task, call.item), output, call.inlineLimit);
  }

  /** The output of an earlier success with the same key, which makes it the cached output of this one. */
  private async earlierOutput(cache: TaskCache, outputSchema: Json | undefined): Promise<OutputValue | undefined> {
    const { call, runtime } = this;
    const entry = await cache.earlier(outputSchema, this.context().log);
    if (entry === undefined) return undefined;
    this.cached = { runId: entry.runId, storedAt: entry.storedAt };
    return outputValue(runtime.objects, call.prefix, call.task, entry.value, call.inlineLimit);
  }

  /** Runs the handler within the attempt's timeout and what is left of the total one; waits for its clean-up. */
  private bounded(timeoutMs: number, run: (context: TaskContext) => Promise<unknown>): Promise<unknown> {
    const left = this.deadline - Date.now();
    const context = this.context();
    const total = left < timeoutMs ? this.retry?.totalTimeoutMs : undefined;
    return boundedWork(
      Math.min(timeoutMs, left),
      this.stop,
      () => timedOut(timeoutMs, total),
      () => run(context),
    );
  }

  /** When the time for all attempts is over, epoch ms. */
  private get deadline(): number {
    const total = this.retry?.totalTimeoutMs;
    return total === undefined ? Number.POSITIVE_INFINITY : this.history.firstStartedAt + total;
  }

  /** The worker of the attempt before was lost, and with it nobody ran the hooks that follow it. */
  private async answerLostAttempt(hooks: readonly StoredHook[]): Promise<void> {
    const { lostBefore } = this.history;
    if (lostBefore === undefined) return;
    await this.runHooks(hooks, lostBefore);
    this.temporal.cancellationSignal.throwIfAborted();
    this.history.restart(Date.now());
  }

  private runHooks(hooks: readonly StoredHook[], failed: Attempt): Promise<void> {
    return runRetryHooks(hooks, this.runtime, {
      call: this.call,
      failed,
      attempts: this.history.attempts().length,
      context: this.context(),
      cancellation: this.temporal.cancellationSignal,
      deadline: this.deadline,
      beat: () => this.heartbeats.beat(),
      note: (record) => {
        this.history.noteHook(record);
        this.heartbeats.beat();
      },
    });
  }

  private context(): TaskContext {
    this.made ??= this.newContext();
    return this.made;
  }

  private newContext(): TaskContext {
    const { call, runtime, heartbeats, stop, lastProgress } = this;
    const { attempt } = this.history.current;
    const taskId = itemName(call.task, call.item);
    this.log = new TaskLog({ objects: runtime.objects, prefix: call.prefix, taskId, attempt, mask: this.mask });
    const runId = call.run?.id ?? this.temporal.info.workflowExecution?.workflowId ?? call.prefix;
    return new AttemptContext({
      call,
      attempt,
      runId,
      log: this.log,
      objects: runtime.objects,
      stop,
      heartbeats,
      lastProgress,
    });
  }

  private get lastProgress(): unknown {
    return (this.temporal.info.heartbeatDetails as Partial<HeartbeatDetails> | null | undefined)?.user;
  }

  /** Records the failed attempt and makes what Temporal shall be told of it: an error, or that the task is skipped. */
  private async failed(error: unknown): Promise<Error | TaskReturn> {
    const failed = this.classified(error);
    const { failure } = failed;
    this.log?.error(`attempt ${this.history.current.attempt} failed: ${failure.type ?? failure.kind}: ${failure.message}`);
    if (this.log !== undefined && error instanceof Error && !(error instanceof TaskError) && error.stack !== undefined)
      this.log.write('error', error.stack);
    await this.log?.close();
    if (failure.kind === 'worker_lost' && error instanceof TaskError) return this.final(failure);

    const now = Date.now();
    this.history.fail(failure, failed.by, now);
    const cancelled = failure.kind === 'cancelled';
    const decision =
      cancelled || this.retry === undefined
        ? { again: this.retry === undefined && failed.by === 'infrastructure' }
        : decideRetry({
            retry: this.retry,
            failed,
            userFailures: this.history.userFailures,
            infraFailures: this.history.infraFailures,
            firstStartedAt: this.history.firstStartedAt,
            now,
            random: Math.random(),
          });
    if (decision.again || cancelled) this.heartbeats.beat();
    if (cancelled) return new CancelledFailure(failure.message, [this.details(failure)]);
    if ('skip' in decision)
      return { output: { value: null }, attempts: this.history.attempts(), skipped: true, ...this.history.hooks };
    if (!decision.again) return this.final(failure);
    return this.again(failure, now, 'delayMs' in decision ? decision.delayMs : undefined);
  }

  /** What makes Temporal start another attempt, `delayMs` after `failedAt`, once the hooks between the two are over. */
  private async again(failure: Failure, failedAt: number, delayMs: number | undefined): Promise<Error> {
    const { cancellationSignal } = this.temporal;
    if (this.hooks === undefined || cancellationSignal.aborted)
      return taskFailed(this.details(failure), { nonRetryable: false, nextRetryDelay: delayMs });
    await this.runHooks(this.hooks, this.history.attempts().at(-1)!);
    await this.log?.close();
    if (cancellationSignal.aborted && this.temporal.cancellationDetails?.workerShutdown !== true) {
      const message = this.whyCancelled();
      return new CancelledFailure(message, [this.details({ kind: 'cancelled', message })]);
    }
    // The hooks took a part of the wait, or all of it.
    const now = Date.now();
    const left = Math.max(1, failedAt + (delayMs ?? 0) - now);
    if (now + left >= this.deadline) return this.final(failure);
    const nextRetryDelay = delayMs === undefined ? undefined : left;
    return taskFailed(this.details(failure), { nonRetryable: false, nextRetryDelay });
  }

  private classified(error: unknown): TaskFailure {
    const details = this.temporal.cancellationDetails;
    if (this.temporal.cancellationSignal.aborted) {
      if (details?.workerShutdown)
        return {
          failure: { kind: 'worker_lost', message: `worker ${this.runtime.worker} was shut down` },
          by: 'infrastructure',
          retryable: true,
        };
      return { failure: { kind: 'cancelled', message: this.whyCancelled() }, by: 'infrastructure', retryable: false };
    }
    return taskFailure(error, this.mask);
  }

  /** Also when the server has given the attempt up or an operator paused or reset it: Temporal decides what follows. */
  private whyCancelled(): string {
    const details = this.temporal.cancellationDetails;
    return details?.paused ? 'paused by an operator' : details?.reset ? 'reset by an operator' : 'cancelled';
  }

  private final(failure: Failure): ApplicationFailure {
    return taskFailed(this.details(failure), { nonRetryable: true });
  }

  private details(failure: Failure): TaskFailedDetails {
    return { failure, attempts: this.history.attempts(), ...this.history.hooks };
  }
}
