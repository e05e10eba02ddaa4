import type { Json } from '../../src/dag/json.js';
import type { TaskPlan } from '../../src/dag/plan.js';
import type { OutputValue } from '../../src/dag/state.js';
import type { TaskEnding } from './run-ledger.js';
import type { Evaluated } from './run-values.js';

/** What the loop lends to those who carry a task out in their own way: they report to its inbox and never throw into it. */
export interface Seat {
  /** Puts something into the inbox: it is done at the next turn of the loop. */
  tell(what: () => void): void;
  /** Ends a task, in the ledger and in the walk. */
  end(task: number, ending: TaskEnding): void;
  /** The ending of a task whose output the run itself made, checked against its `outputSchema`. */
  checked(task: TaskPlan, answer: { readonly output: OutputValue }): TaskEnding;
  /** Evaluates a template of a task and goes on with the answer, unless the task is cancelled meanwhile. */
  evaluate(task: number, template: Json, then: (answer: Evaluated) => void): void;
  /** To be asked when something is begun: the answer says, when it is over, whether it still counts or the task was rewound meanwhile. */
  claim(task: number): () => boolean;
  /** Counts a command with this much input against the budget of the activation. */
  sent(chars: number): void;
  /** Something began that must be over before the run may continue as new. */
  began(chars: number): void;
  /** It is over. Call it from within `tell`. */
  over(): void;
}
