import { evaluateExpression, type References } from '../src/dag/expression/index.js';
import type { Json } from '../src/dag/json.js';
import type { RetryHookBody } from '../src/dag/plan.js';
import type { Scope } from '../src/dag/scope.js';
import type { Attempt, Failure, HookRecord } from '../src/dag/state.js';
import type { JsonBlobs } from '../src/objects/json-blobs.js';
import { boundedWork } from './bounded-work.js';
import { HookLog } from './hook-log.js';
import { idempotencyKey } from './idempotency-key.js';
import { NO_SECRETS, SecretMask } from './secret-mask.js';
import { resolveSecrets, type SecretSource } from './secrets.js';
import { StopSignal } from './stop-signal.js';
import type { TaskCall } from './task-call.js';
import { NO_RESOURCES, type TaskContext } from './task-context.js';
import { TaskError } from './task-error.js';
import { taskFailure } from './task-failure.js';
import type { TaskHandler } from './task-handler.js';
import { expressionFailure, type StoredHook, taskScope } from './task-input.js';

/** What carries out hooks between attempts, on a worker. */
export interface RetryHookRuntime {
  readonly secrets: SecretSource;
  readonly outputs: JsonBlobs;
  /** The handler of a type, or of the activity that a hook names. */
  handlerOf(hook: RetryHookBody): TaskHandler;
}

/** Between which attempts of which task. */
export interface BetweenAttempts {
  readonly call: TaskCall;
  /** The one that has failed, and how many there were with it. */
  readonly failed: Attempt;
  readonly attempts: number;
  /** Of the attempt that this worker has or had: hooks write into its log. */
  readonly context: TaskContext;
  /** Aborted when the task is cancelled or the worker shuts down. */
  readonly cancellation: AbortSignal;
  /** No attempt begins after it, so no hook does. Epoch ms; default: none. */
  readonly deadline?: number;
  /** Tells the server that the worker lives. */
  beat(): void;
  /** Told when a hook begins, and when it has ended. */
  note(record: HookRecord): void;
}

/**
 * Runs the hooks of a task between two of its attempts, one after the other, each once and within its own timeout (R12). Whatever
 * becomes of one is noted and changes nothing. Ends early when the task is cancelled. Never throws.
 */
export async function runRetryHooks(
  hooks: readonly StoredHook[],
  runtime: RetryHookRuntime,
  between: BetweenAttempts,
): Promise<void> {
  const { failed, cancellation, deadline = Number.POSITIVE_INFINITY, note } = between;
  for (const [n, hook] of hooks.entries()) {
    const startedAt = Date.now();
    if (cancellation.aborted || startedAt >= deadline) return;
    const begun = { hook: 'retry', ...(hooks.length > 1 ? { index: n } : {}), attempt: failed.attempt, startedAt } as const;
    note({ ...begun, state: 'running' });
    const outcome = await new RetryHook(hook, runtime, between).run(Math.min(hook.body.timeoutMs, deadline - startedAt));
    note({ ...begun, ...outcome, endedAt: Date.now() });
  }
}

type Outcome = Pick<HookRecord, 'state' | 'failure'>;

class RetryHook {
  private readonly stop: StopSignal;
  private mask = NO_SECRETS;

  constructor(
    private readonly hook: StoredHook,
    private readonly runtime: RetryHookRuntime,
    private readonly between: BetweenAttempts,
  ) {
    this.stop = new StopSignal(between.cancellation);
  }

  async run(limitMs: number): Promise<Outcome> {
    try {
      const tooLate = (): TaskError =>
        new TaskError('Timeout', `${this.hook.body.name} took longer than the ${limitMs} ms that it had`, { kind: 'timeout' });
      return { state: await boundedWork(limitMs, this.stop, tooLate, () => this.work()) };
    } catch (error) {
      const failure = this.failureOf(error);
      const log = new HookLog(this.between.context.log, this.hook.body.name, this.mask);
      log.error(`failed: ${failure.type ?? failure.kind}: ${failure.message}`);
      return { state: 'failed', failure };
    }
  }

  private async work(): Promise<'success' | 'skipped'> {
    const { hook, runtime } = this;
    this.between.cancellation.throwIfAborted();
    if (!(await this.isWanted())) return 'skipped';
    const handler = runtime.handlerOf(hook.body);
    const input = hook.input(handler);
    const names = input.references.secrets;
    const secrets = names.length === 0 ? {} : await resolveSecrets(runtime.secrets, names);
    this.mask = new SecretMask(Object.values(secrets));
    const rendered = input.render(await this.scope(input.references, secrets));
    const context = this.context();
    await handler.run(rendered, context);
    return 'success';
  }

  private async isWanted(): Promise<boolean> {
    const { condition } = this.hook;
    if (typeof condition === 'boolean') return condition;
    const value = evaluateExpression(condition, await this.scope(condition.references, {}));
    if (typeof value === 'boolean') return value;
    throw new TaskError(
      'ExpressionError',
      `when of ${this.hook.body.name} must be true or false, got ${JSON.stringify(value).slice(0, 200)}`,
      { kind: 'expression' },
    );
  }

  private scope(references: References, secrets: { readonly [name: string]: string }): Scope | Promise<Scope> {
    const { call, failed, attempts } = this.between;
    const { failure = null } = failed;
    const task = { id: call.task, state: 'running', failure, attempts } as unknown as Json;
    return taskScope({ ...call, hookOf: task }, references, this.runtime.outputs, failed.attempt, secrets);
  }

  private context(): TaskContext {
    const { call, failed, context } = this.between;
    const { stop, mask } = this;
    const { name } = this.hook.body;
    return {
      get signal() {
        return stop.signal;
      },
      log: new HookLog(context.log, name, mask),
      objects: context.objects,
      info: {
        runId: context.info.runId,
        taskId: name,
        ...(context.info.item === undefined ? {} : { item: context.info.item }),
        attempt: failed.attempt,
        // Other work than the task, and after each attempt again.
        get idempotencyKey() {
          return idempotencyKey({ prefix: call.prefix, task: name, item: call.item, failedAttempt: failed.attempt });
        },
        prefix: call.prefix,
        resources: NO_RESOURCES,
      },
      // Its marks are not those of the task, which another attempt may go on from.
      heartbeat: () => this.between.beat(),
    };
  }

  private failureOf(error: unknown): Failure {
    if (this.between.cancellation.aborted) return { kind: 'cancelled', message: 'asked to stop' };
    return taskFailure(expressionFailure(error), this.mask).failure;
  }
}
