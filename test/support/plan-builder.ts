import type { DagPlan, EdgePlan, TaskPlan } from '../../src/dag/plan.js';
import { ON_COMPLETION, ON_FAILURE, ON_SKIPPED, ON_SUCCESS } from '../../src/dag/plan.js';
import type { TriggerRule } from '../../src/dag/spec.js';

const BITS: { readonly [on: string]: number } = {
  success: ON_SUCCESS,
  completion: ON_COMPLETION,
  failure: ON_FAILURE,
  skipped: ON_SKIPPED,
};

/**
 * A plan from text, one task a line, upstream tasks first: `c <- a, b:failure [one_success] {noop} ?` where `:failure`
 * (or `:failure|skipped`) is the edge's condition, `[…]` the trigger rule, `{noop}` another type than an activity, `!2` the priority
 * and `?` a `when`.
 */
export function planOf(text: string, options: Partial<DagPlan> = {}): DagPlan {
  const index = new Map<string, number>();
  const tasks = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line, i): TaskPlan => {
      const [, id] = /^(\S+)/.exec(line)!;
      const upstream = /<-\s*([^[{?!]+)/.exec(line)?.[1];
      const rule = /\[(\w+)\]/.exec(line)?.[1];
      const type = /\{(\w+)\}/.exec(line)?.[1];
      const priority = /!(\d)/.exec(line)?.[1];
      const when = line.endsWith('?') ? true : undefined;
      const edges = upstream
        ?.trim()
        .split(/\s*,\s*/)
        .map((part): EdgePlan => {
          const [name, on] = part.split(':');
          const at = index.get(name!) ?? fail(`${line}: no task ${name} above`);
          return on === undefined ? at : [at, on.split('|').reduce((bits, word) => bits | BITS[word]!, 0)];
        });
      index.set(id!, i);
      return {
        id: id!,
        ...taskOf((type ?? 'activity') as 'activity' | 'noop'),
        upstream: edges,
        rule: rule as TriggerRule | undefined,
        priority: priority === undefined ? undefined : Number(priority),
        when: when === undefined ? undefined : 'true',
      };
    });
  return { format: 1, dagId: 'test', maxActiveTasks: 1000, failFast: false, bodies: ['b'], tasks, ...options };
}

/** The part of a task plan that its type decides: an activity named `work`, or nothing at all. */
export function taskOf(type: 'activity' | 'noop'): Pick<TaskPlan, 'type' | 'activity'> {
  if (type === 'noop') return { type };
  return {
    type,
    activity: {
      name: 'work',
      body: 0,
      timeoutMs: 60_000,
      heartbeatTimeoutMs: 30_000,
      retry: { maxAttempts: 1, infraAttempts: 3, intervalMs: 1000, multiplier: 2, maxIntervalMs: 60_000, jitter: 0 },
    },
  };
}

function fail(what: string): never {
  throw new Error(`not a task line: ${what}`);
}
