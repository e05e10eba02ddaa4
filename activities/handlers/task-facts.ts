import type { TaskContext } from '../task-context.js';

/** Those that have a variable of their own name. */
const STANDARD: readonly string[] = ['cpu', 'memory', 'storage'];

/**
 * What a process is told of the task that it is, by environment variables. Resources are `BATON_CPU`, `BATON_MEMORY` and `BATON_STORAGE`
 * (bytes), named ones `BATON_RESOURCE_<name>`, where the task says them.
 */
export function taskFacts({ info }: TaskContext): { readonly [variable: string]: string } {
  const resources = Object.entries(info.resources).map(([name, amount]) => [
    STANDARD.includes(name) ? `BATON_${name.toUpperCase()}` : `BATON_RESOURCE_${name}`,
    String(amount),
  ]);
  return {
    BATON_RUN_ID: info.runId,
    BATON_TASK_ID: info.taskId,
    BATON_ATTEMPT: String(info.attempt),
    BATON_IDEMPOTENCY_KEY: info.idempotencyKey,
    ...Object.fromEntries(resources),
  };
}
