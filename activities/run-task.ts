import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { mergeReferences } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import { itemName } from '../src/dag/map/item-source.js';
import type { RetryPlan } from '../src/dag/plan.js';
import type { Scope } from '../src/dag/scope.js';
import type { CachedFrom, Failure, OutputValue } from '../src/dag/state.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import type { ObjectStore } from '../src/objects/object-store.js';
import { AttemptHistory, type HeartbeatDetails } from './attempt-history.js';
import { checkOutput } from './check-output.js';
import { Heartbeats } from './heartbeats.js';
import { idempotencyKey } from './idempotency-key.js';
import { decideRetry } from './retry-decision.js';
import { SecretMask } from './secret-mask.js';
import { resolveSecrets, type SecretSource } from './secrets.js';
import { StopSignal } from './stop-signal.js';
import { TaskCache } from './task-cache.js';
import { TASK_FAILED, type TaskCall, type TaskFailedDetails, type TaskReturn } from './task-call.js';
import { runInTask, type TaskContext } from './task-context.js';
import { TaskError } from './task-error.js';
import { type TaskFailure, taskFailure } from './task-failure.js';
import type { TaskHandler } from './task-handler.js';
import { expressionFailure, readTask, type StoredTask, taskScope } from './task-input.js';
import { TaskLog } from './task-log.js';
import { outputValue, toJson } from './task-output.js';

/** How long a handler may clean up after its timeout; the workflow's own limit is timeout + 10 s. */
const CLEAN_UP_MS = 8000;
/** Node's timers know no longer time; beyond it (24 days) the workflow's own limit holds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What the wrapper needs besides the call. */
export interface TaskRuntime {
  readonly objects: ObjectStore;
  readonly secrets: SecretSource;
  readonly worker: string;
  readonly bodies: JsonBlobs<ReadonlyMap<string, StoredTask>>;
  readonly outputs: JsonBlobs;
}

/**
 * The Temporal activity around a handler: reads the body, renders its input, bounds its time, heartbeats, keeps the log, checks and
 * stores the output, records every attempt, and decides about retries (R14, R15, R19, R20).
 */
export function taskActivity(handler: TaskHandler, runtime: TaskRuntime): (call: TaskCall) => Promise<TaskReturn> {
  return (call) => new TaskRun(handler, runtime, call).run();
}

class TaskRun {
  private readonly temporal = Context.current();
  private readonly history: AttemptHistory;
  private readonly heartbeats: Heartbeats;
  private readonly stop = new StopSignal();
  private mask = new SecretMask([]);
  private log?: TaskLog;
  private retry?: RetryPlan;
  private cache?: TaskCache;
  private cached?: CachedFrom;
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
    const onCancel = (): void => this.stop.stop(this.temporal.cancellationSignal.reason);
    const { cancellationSignal } = this.temporal;
    if (cancellationSignal.aborted) onCancel();
    else cancellationSignal.addEventListener('abort', onCancel, { once: true });
    try {
      const output = await this.attempt();
      await this.log?.close();
      const attempts = this.history.succeeded(Date.now());
      return this.cached === undefined ? { output, attempts } : { output, attempts, cached: this.cached };
    } catch (error) {
      const outcome = await this.failed(error);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    } finally {
      cancellationSignal.removeEventListener('abort', onCancel);
      this.heartbeats.stop();
    }
  }

  private async attempt(): Promise<OutputValue> {
    const { call, runtime } = this;
    const task = await readTask(runtime.bodies, call);
    const { retry, timeoutMs, outputSchema } = task.body;
    this.retry = retry;
    if (this.history.infraFailures > retry.infraAttempts)
      throw lostTooOften(this.history.infraFailures, retry.infraAttempts, this.history.lastFailure);

    const input = task.input(this.handler);
    const { references } = input;
    const secrets = references.secrets.length === 0 ? {} : await resolveSecrets(runtime.secrets, references.secrets);
    this.mask = new SecretMask(Object.values(secrets));
    const { attempt } = this.history.current;
    const key = task.cacheKey();
    const named = key === undefined ? references : mergeReferences([references, key.references]);
    const scope = await taskScope(call, named, runtime.outputs, attempt, secrets);
    const rendered = attemptOrThrow(() => input.render(scope), expressionFailure);
    if (task.body.cache !== undefined) {
      const kept = attemptOrThrow(() => (key ?? input).render(withoutSecrets(scope)), expressionFailure);
      this.cache = new TaskCache(runtime.objects, task.body.cache, { id: call.task, type: task.body.type }, kept);
      const earlier = call.ignoreCache === true ? undefined : await this.earlierOutput(this.cache, outputSchema);
      if (earlier !== undefined) return earlier;
    }

    const returned = await this.bounded(timeoutMs, (context) => this.handler.run(rendered, context));
    const output = this.mask.output(toJson(returned));
    checkOutput(outputSchema, output);
    await this.cache?.keep(output, this.context());
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
  private async bounded(timeoutMs: number, run: (context: TaskContext) => Promise<unknown>): Promise<unknown> {
    const total = this.retry?.totalTimeoutMs;
    const left = total === undefined ? Number.POSITIVE_INFINITY : this.history.firstStartedAt + total - Date.now();
    const limit = Math.max(0, Math.min(timeoutMs, left));
    const context = this.context();
    let giveUp: NodeJS.Timeout | undefined;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const expire = (): void => {
        const timeout = timedOut(timeoutMs, left < timeoutMs ? total : undefined);
        this.stop.stop(timeout);
        giveUp = setTimeout(() => reject(timeout), CLEAN_UP_MS);
      };
      timer = setTimeout(expire, Math.min(limit, MAX_TIMER_MS));
    });
    try {
      return await Promise.race([runInTask(context, async () => run(context)), tooLate]);
    } catch (error) {
      throw this.stop.reason instanceof TaskError ? this.stop.reason : error;
    } finally {
      clearTimeout(timer);
      clearTimeout(giveUp);
    }
  }

  private context(): TaskContext {
    this.made ??= this.newContext();
    return this.made;
  }

  private newContext(): TaskContext {
    const { call, runtime, heartbeats } = this;
    const { attempt } = this.history.current;
    const name = itemName(call.task, call.item);
    this.log = new TaskLog({ objects: runtime.objects, prefix: call.prefix, taskId: name, attempt, mask: this.mask });
    const { stop } = this;
    return {
      get signal() {
        return stop.signal;
      },
      log: this.log,
      objects: runtime.objects,
      info: {
        runId: call.run?.id ?? this.temporal.info.workflowExecution?.workflowId ?? call.prefix,
        taskId: call.task,
        ...(call.item === undefined ? {} : { item: { index: call.item.index, key: call.item.key } }),
        attempt,
        // Made when looked at: few tasks do.
        get idempotencyKey() {
          return idempotencyKey(call);
        },
        prefix: call.prefix,
      },
      heartbeat: (progress) => heartbeats.userBeat(progress),
      lastProgress: this.lastProgress,
    };
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
    if ('skip' in decision) return { output: { value: null }, attempts: this.history.attempts(), skipped: true };
    if (!decision.again) return this.final(failure);
    return this.applicationFailure(failure, false, 'delayMs' in decision ? decision.delayMs : undefined);
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
      // Also when the server has given the attempt up or an operator paused or reset it: Temporal decides what follows.
      const message = details?.paused ? 'paused by an operator' : details?.reset ? 'reset by an operator' : 'cancelled';
      return { failure: { kind: 'cancelled', message }, by: 'infrastructure', retryable: false };
    }
    return taskFailure(error, this.mask);
  }

  private final(failure: Failure): ApplicationFailure {
    return this.applicationFailure(failure, true);
  }

  private applicationFailure(failure: Failure, nonRetryable: boolean, nextRetryDelay?: number): ApplicationFailure {
    // Benign: the failure of a task is no trouble of the worker, which would log it as one. The task's own log has the stack.
    const error = ApplicationFailure.create({
      type: TASK_FAILED,
      message: failure.message,
      nonRetryable,
      nextRetryDelay,
      details: [this.details(failure)],
      category: ApplicationFailureCategory.BENIGN,
    });
    error.stack = `${failure.type ?? failure.kind}: ${failure.message}`;
    return error;
  }

  private details(failure: Failure): TaskFailedDetails {
    return { failure, attempts: this.history.attempts() };
  }
}

/** Equal work has equal keys: a secret counts by its name, and every attempt is the first. */
function withoutSecrets(scope: Scope): Scope {
  const names = Object.keys(scope.secrets ?? {});
  return { ...scope, attempt: 1, secrets: Object.fromEntries(names.map((name) => [name, `secret ${name}`])) };
}

/** `total`: what ended it is the timeout over all attempts, so another attempt has no time either. */
function timedOut(timeoutMs: number, total: number | undefined): TaskError {
  const bound =
    total === undefined ? `its timeout of ${timeoutMs} ms` : `its total timeout allows (${total} ms over all attempts)`;
  return new TaskError('Timeout', `it took longer than ${bound}`, { kind: 'timeout', retryable: total === undefined });
}

function lostTooOften(lost: number, allowed: number, last: Failure | undefined): TaskError {
  return new TaskError(
    'WorkerLost',
    `${lost} attempts were lost, more than infraAttempts (${allowed}) allows; the last one: ${last?.message ?? 'unknown'}`,
    { kind: 'worker_lost', retryable: false },
  );
}

/** Runs `act`, and renames what it throws. */
export function attemptOrThrow<T>(act: () => T, name: (error: unknown) => unknown): T {
  try {
    return act();
  } catch (error) {
    throw name(error);
  }
}
