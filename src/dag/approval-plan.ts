import type { Json, JsonObject } from './json.js';
import type { OnTimeout } from './wait-plan.js';

/** A task that waits for somebody's decision; carried out by the run itself. Takes no place (R13). */
export interface ApprovalPlan {
  /** What is asked: a template. */
  readonly message: Json;
  /** Name -> JSON Schema of what the decision must come with; one with a `default` may be left out. Default: nothing. */
  readonly inputs?: { readonly [name: string]: JsonObject };
  /** Who may decide. Default: everybody. */
  readonly approvers?: readonly string[];
  readonly onReject: OnTimeout;
  /** The upstream task to go back to after a rejection, by index. */
  readonly rewindTo?: number;
  /** How often it goes back; then `onReject` holds. */
  readonly maxRewinds: number;
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}
