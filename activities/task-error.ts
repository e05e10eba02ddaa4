import type { Json } from '../src/dag/json.js';
import type { FailureKind } from '../src/dag/state.js';

export interface TaskErrorOptions extends ErrorOptions {
  /** Default `error`. */
  readonly kind?: FailureKind;
  readonly details?: Json;
  /** Default true: the task's retry policy decides. */
  readonly retryable?: boolean;
  /** The other side's own wish how long to wait, ms. */
  readonly retryAfterMs?: number;
}

/** How handlers fail on purpose: `type` is what `nonRetryableErrors` and people see (`HttpStatusError`). */
export class TaskError extends Error {
  readonly kind: FailureKind;
  readonly details?: Json;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;

  constructor(
    readonly type: string,
    message: string,
    options: TaskErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = type;
    this.kind = options.kind ?? 'error';
    this.details = options.details;
    this.retryable = options.retryable ?? true;
    this.retryAfterMs = options.retryAfterMs;
  }
}
