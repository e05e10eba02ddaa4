import { CancellationScope } from '@temporalio/workflow';
import type { Json } from '../../src/dag/json.js';
import { MAX_HOOK_MS } from '../../src/dag/limits.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { HookRecord } from '../contract.js';
import { carryOutHook, hookState } from './run-hooks.js';
import type { RunLedger, TaskEnding } from './run-ledger.js';
import type { RunValues } from './run-values.js';

/** Tasks whose hooks run at the same time; each is one activity, beside those of tasks. */
const MAX_AT_ONCE = 100;

interface Due {
  readonly task: number;
  readonly on: 'success' | 'failure';
  readonly hooks: readonly TaskPlan[];
  readonly ending: TaskEnding;
}

/**
 * The hooks of tasks that have ended: they hold nobody up, the run waits for them at its end, and a cancellation does not reach them.
 * They run in the walk, not in the task's activity, so that a task that found no worker, or lost it, has its failure hook too.
 */
export class TaskHooks {
  private readonly waiting: Due[] = [];
  private running = 0;

  constructor(
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly prefix: string,
    /** Puts something into the inbox of the loop. */
    private readonly tell: (what: () => void) => void,
  ) {}

  /** Nothing waits or runs. */
  get isIdle(): boolean {
    return this.running === 0 && this.waiting.length === 0;
  }

  /** A task has ended: its hooks, if it has such, are due at the next {@link launch}. */
  ended(index: number, task: TaskPlan, ending: TaskEnding): void {
    const on = ending.state === 'success' ? 'success' : ending.state === 'failed' ? 'failure' : undefined;
    const hooks = on === undefined ? undefined : task.hooks?.[on];
    if (on !== undefined && hooks !== undefined) this.waiting.push({ task: index, on, hooks, ending });
  }

  /** Starts what is due, as far as there is room. */
  launch(): void {
    while (this.running < MAX_AT_ONCE) {
      const due = this.waiting.shift();
      if (due === undefined) return;
      this.running++;
      const over = (): void => this.tell(() => void this.running--);
      CancellationScope.nonCancellable(() => this.run(due)).then(over, over);
    }
  }

  private async run({ task, on, hooks, ending }: Due): Promise<void> {
    const { failure = null, attempts } = ending;
    const self = { id: this.plan.tasks[task]!.id, state: ending.state, failure, attempts: attempts?.length ?? 0 };
    const values = this.values.inHookOf(self as unknown as Json);
    for (const [n, hook] of hooks.entries()) {
      const begun = { hook: on, ...(hooks.length > 1 ? { index: n } : {}), startedAt: Date.now() } as const;
      const outcome = await carryOutHook({ plan: this.plan, values, prefix: this.prefix }, hook, MAX_HOOK_MS);
      const record: HookRecord = {
        ...begun,
        state: hookState(outcome),
        endedAt: Date.now(),
        attempts: outcome.attempts,
        failure: outcome.failure,
      };
      this.tell(() => this.ledger.noteTaskHook(task, record));
    }
  }
}
