import { CancellationScope } from '@temporalio/workflow';
import type { Json } from '../../src/dag/json.js';
import { MAX_HOOK_MS } from '../../src/dag/limits.js';
import type { CallItem } from '../../src/dag/map/item-source.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { TaskHook } from '../../src/dag/spec.js';
import type { Attempt, HookRecord } from '../../src/dag/state.js';
import { carryOutHook, hookState } from './run-hooks.js';
import type { TaskEnding } from './run-ledger.js';
import type { HookOf, RunValues } from './run-values.js';

/** Tasks whose hooks run at the same time; each is one activity, beside those of tasks. */
const MAX_AT_ONCE = 100;

interface Due {
  readonly task: number;
  readonly item?: CallItem;
  readonly on: TaskHook;
  readonly hooks: readonly TaskPlan[];
  readonly of: HookOf;
  /** Called when the last of them is over. */
  readonly over?: () => void;
}

/**
 * The hooks of tasks that have ended: they hold nobody up, the run waits for them at its end, and a cancellation does not reach them.
 * They run in the walk, not in the task's activity, so that a task that found no worker, or lost it, has its failure hook too. Those
 * between attempts the activity carries out by itself, but for SubDAGs, which have none: theirs run here too, before the next attempt.
 */
export class TaskHooks {
  private readonly waiting: Due[] = [];
  private running = 0;

  constructor(
    private readonly plan: DagPlan,
    private readonly values: RunValues,
    private readonly prefix: string,
    /** Puts something into the inbox of the loop. */
    private readonly tell: (what: () => void) => void,
    /** Writes down what became of a hook. */
    private readonly note: (task: number, item: CallItem | undefined, record: HookRecord) => void,
  ) {}

  /** Nothing waits or runs. */
  get isIdle(): boolean {
    return this.running === 0 && this.waiting.length === 0;
  }

  /** A task has ended: its hooks, if it has such, are due at the next {@link launch}. */
  ended(index: number, task: TaskPlan, ending: TaskEnding): void {
    const { state, failure = null, attempts = [] } = ending;
    const on = state === 'success' ? 'success' : state === 'failed' ? 'failure' : undefined;
    const hooks = on === undefined ? undefined : task.hooks?.[on];
    if (on === undefined || hooks === undefined) return;
    const self = { id: task.id, state, failure, attempts: attempts.at(-1)?.attempt ?? 0 };
    this.waiting.push({ task: index, on, hooks, of: { task: self as unknown as Json } });
  }

  /** An attempt of a SubDAG has failed and another one comes: resolves when its hooks are over. Undefined where there are none. */
  betweenAttempts(index: number, item: CallItem | undefined, attempts: readonly Attempt[]): Promise<void> | undefined {
    const { id, hooks } = this.plan.tasks[index]!;
    const due = hooks?.retry;
    if (due === undefined) return undefined;
    const { attempt: failedAttempt, failure = null } = attempts.at(-1)!;
    const self = { id, state: 'running', failure, attempts: attempts.length };
    return new Promise((over) =>
      this.waiting.push({
        task: index,
        ...(item === undefined ? {} : { item }),
        on: 'retry',
        hooks: due,
        of: { task: self as unknown as Json, failedAttempt },
        over,
      }),
    );
  }

  /** Starts what is due, as far as there is room. */
  launch(): void {
    while (this.running < MAX_AT_ONCE) {
      const due = this.waiting.shift();
      if (due === undefined) return;
      this.running++;
      const over = (): void =>
        this.tell(() => {
          this.running--;
          due.over?.();
        });
      CancellationScope.nonCancellable(() => this.run(due)).then(over, over);
    }
  }

  private async run({ task, item, on, hooks, of }: Due): Promise<void> {
    const place = { plan: this.plan, values: this.values.inHookOf(of), prefix: this.prefix, item };
    const attempt = of.failedAttempt === undefined ? {} : { attempt: of.failedAttempt };
    for (const [n, hook] of hooks.entries()) {
      const begun = { hook: on, ...(hooks.length > 1 ? { index: n } : {}), ...attempt, startedAt: Date.now() } as const;
      const outcome = await carryOutHook(place, hook, MAX_HOOK_MS);
      const record: HookRecord = {
        ...begun,
        state: hookState(outcome),
        endedAt: Date.now(),
        attempts: outcome.attempts,
        failure: outcome.failure,
      };
      this.tell(() => this.note(task, item, record));
    }
  }
}
