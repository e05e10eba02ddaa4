import type { CallItem, ItemPlace } from '../../src/dag/map/item-source.js';
import type { TaskPlan } from '../../src/dag/plan.js';
import type { OutputValue } from '../../src/dag/state.js';
import type { TaskEnding } from './run-ledger.js';
import type { Evaluated } from './run-values.js';

/** What the loop offers to whoever carries out a kind of task for it. */
export interface LoopHost {
  /** Puts something into the inbox: it is done at the next turn of the loop. */
  tell(what: () => void): void;
  /** Something began that must be over before the run may continue as new. */
  began(): void;
  /** It is over. Call it from within `tell`. */
  over(): void;
  /** Evaluates for a task, here or in an activity, and goes on with the answer in a turn of the loop. */
  evaluate(task: number, ask: () => Evaluated | Promise<Evaluated>, then: (answer: Evaluated) => void, item?: CallItem): void;
  /** The ending of a task with this output, unless its `outputSchema` says no. */
  checked(task: TaskPlan, answer: { readonly output: OutputValue }): TaskEnding;
  /** The task has ended, or the item of it. */
  end(task: number, ending: TaskEnding, item?: ItemPlace): void;
  /** Says, when called later, whether what is asked for that task now is still to be done: false once it was cancelled. */
  wanted(task: number): () => boolean;
}
