import type { TaskCall, TaskReturn } from '../../activities/task-call.js';
import type { Json } from '../../src/dag/json.js';
import { type CallItem, itemName } from '../../src/dag/map/item-source.js';
import type { ActivityPlan, DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Evaluated, RunValues } from './run-values.js';
import { checkedEnding, endingOfReturn, failed, type TaskEnding } from './task-ending.js';

/** Foreign activities get JSON up to this size in bytes; above it the reference to the stored value (R15). */
const FOREIGN_ARGS_LIMIT = 1_500_000;

/** What an activity of our own worker is told: its body by reference, and what its expressions name. */
export function ownCall(
  plan: DagPlan,
  task: TaskPlan,
  { body = 0 }: ActivityPlan,
  prefix: string,
  values: Pick<RunValues, 'callValues'>,
  more: Pick<TaskCall, 'before' | 'rewinds' | 'item' | 'resources'> = {},
): TaskCall {
  return { task: task.id, body: plan.bodies[body]!, prefix, ...more, ...values.callValues(task) };
}

/** Workers of other languages get plain arguments, rendered in the run (R14). */
export function foreignArguments(
  values: RunValues,
  task: TaskPlan,
  args: readonly Json[],
  item?: CallItem,
): Evaluated | Promise<Evaluated> {
  return values.template(args, itemName(task.id, item), FOREIGN_ARGS_LIMIT, item);
}

/** The arguments that were rendered, a reference where they are long, or how the task ends where they could not be. */
export function argumentsIn(answer: Evaluated, name: string): readonly unknown[] | TaskEnding {
  if ('error' in answer) return failed('expression', `args of ${name}: ${answer.error}`);
  return 'value' in answer.output ? (answer.output.value as readonly Json[]) : [answer.output];
}

/** What an activity returned: one of our own worker an account of its attempts, a foreign one a plain value. */
export function endingOfResult(task: TaskPlan, { foreign }: ActivityPlan, result: unknown): TaskEnding {
  return foreign === undefined
    ? endingOfReturn(result as TaskReturn)
    : checkedEnding(task, { value: (result ?? null) as Json });
}
