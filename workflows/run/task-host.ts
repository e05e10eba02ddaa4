import type { CallItem, ItemPlace } from '../../src/dag/map/item-source.js';
import type { Evaluated } from './run-values.js';
import type { TaskEnding } from './task-ending.js';

/** What the loop lends to those who carry tasks out: they report to its inbox, and never throw into it. */
export interface TaskHost {
  /** Puts something into the inbox: it is done at the next turn of the loop. */
  tell(what: () => void): void;
  /** Something began that must be over before the run may continue as new. */
  began(): void;
  /** It is over. Call it from within {@link tell}. */
  over(): void;
  /** Goes on with an answer: now, or, in flight until then, in a turn of the loop. A rejection fails the task, or the item of it. */
  settle<T>(task: number, answer: T | Promise<T>, then: (answer: T) => void, item?: ItemPlace): void;
  /**
   * Evaluates something for a task that runs, or an item of it, here or in an activity, and goes on with the answer as {@link settle}
   * does; where it is cancelled meanwhile, it ends so.
   */
  evaluate(
    task: number,
    question: () => Evaluated | Promise<Evaluated>,
    then: (answer: Evaluated) => void,
    item?: CallItem,
  ): void;
  /** Says, when called later, whether what is asked for that task now is still to be done: false once it was cancelled. */
  wanted(task: number): () => boolean;
  /** The task has ended, or the item of it. */
  end(task: number, ending: TaskEnding, item?: ItemPlace): void;
}

/** Somebody who carries tasks out, as far as a cancel or a rejection concerns them. */
export interface TaskPart {
  /** What runs of one task, or of all that a cancel of the run reaches (R11), is asked to stop; it ends by itself. */
  cancel(only?: number): void;
  /** The task is sent back to be done again: what has not begun is forgotten, what runs is asked to stop and counts for nothing. */
  withdraw(task: number): void;
}
