import type { TaskContext } from '../task-context.js';

/** What a process is told of the task that it is, by environment variables. */
export function taskFacts({ info }: TaskContext): { readonly [variable: string]: string } {
  return {
    BATON_RUN_ID: info.runId,
    BATON_TASK_ID: info.taskId,
    BATON_ATTEMPT: String(info.attempt),
    BATON_IDEMPOTENCY_KEY: info.idempotencyKey,
  };
}
