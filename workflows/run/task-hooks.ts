import { CancellationScope } from '@temporalio/workflow';
import type { Json } from '../../src/dag/json.js';
import { MAX_HOOK_MS } from '../../src/dag/limits.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { HookRecord } from '../contract.js';
import type { Rewinds } from './rewinds.js';
import { carryOutHook, type HookPlace, hookState } from './run-hooks.js';
import type { RunLedger } from './run-ledger.js';
import type { RunValues } from './run-values.js';
import type { TaskEnding } from './task-ending.js';

/** Tasks whose hooks run at the same time; each is one activity, beside those of tasks. */
const MAX_AT_ONCE = 100;

/** Hooks that answer one end of a task. */
interface Due {
  readonly task: number;
  readonly on: 'success' | 'failure';
  readonly hooks: readonly TaskPlan[];
  readonly round: number;
  values: RunValues;
}

/**
 * The hooks of tasks that have ended: they hold nobody up, the run waits for them at its end, and a cancellation does not reach them.
 * They run in the walk, not in the task's activity, so that a task that found no worker, or lost it, has its failure hook too.
 * They answer an end even where a rejection sends the task back; it starts anew only when they are through.
 */
export class TaskHooks {
  private readonly waiting: Due[] = [];
  private readonly running = new Set<Due>();

  constructor(
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly prefix: string,
    private readonly rewinds: Rewinds,
    /** Puts something into the inbox of the loop. */
    private readonly tell: (what: () => void) => void,
  ) {}

  /** Nothing waits or runs. */
  get isIdle(): boolean {
    return this.running.size === 0 && this.waiting.length === 0;
  }

  /** A task has ended: its hooks, if it has such, are due at the next {@link launch}. */
  ended(index: number, { id, hooks: all }: TaskPlan, { state, failure, attempts }: TaskEnding): void {
    const on = state === 'success' ? 'success' : state === 'failed' ? 'failure' : undefined;
    const hooks = on === undefined ? undefined : all?.[on];
    if (on === undefined || hooks === undefined) return;
    const self = { id, state, failure: failure ?? null, attempts: attempts?.length ?? 0 };
    const values = this.values.inHookOf(self as unknown as Json);
    this.waiting.push({ task: index, on, hooks, round: this.rewinds.begun(index), values });
  }

  /** Tasks are about to be sent back: hooks that have not begun know of them what is known now. */
  hold(tasks: readonly number[]): void {
    for (const due of [...this.waiting, ...this.running]) due.values = due.values.holding(tasks);
  }

  /** Starts what is due, as far as there is room. */
  launch(): void {
    while (this.running.size < MAX_AT_ONCE) {
      const due = this.waiting.shift();
      if (due === undefined) return;
      this.running.add(due);
      const over = (): void =>
        this.tell(() => {
          this.running.delete(due);
          this.rewinds.over(due.task, due.round);
        });
      CancellationScope.nonCancellable(() => this.run(due)).then(over, over);
    }
  }

  private async run(due: Due): Promise<void> {
    const { task, on, hooks, round } = due;
    for (const [n, hook] of hooks.entries()) {
      const place = { hook: on, ...(hooks.length > 1 ? { index: n } : {}) } as const;
      const startedAt = Date.now();
      const run = { plan: this.plan, values: due.values, prefix: this.prefix, again: this.again(task, round, place) };
      const outcome = await carryOutHook(run, hook, MAX_HOOK_MS);
      const { attempts, failure } = outcome;
      const record: HookRecord = { ...place, startedAt, state: hookState(outcome), endedAt: Date.now(), attempts, failure };
      this.tell(() => this.ledger.noteTaskHook(task, record));
    }
  }

  private again(task: number, round: number, { hook, index }: Pick<HookRecord, 'hook' | 'index'>): HookPlace['again'] {
    if (round === 0) return undefined;
    const earlier = this.ledger.recordOf(task)?.hooks?.filter((other) => other.hook === hook && other.index === index) ?? [];
    return { rewinds: round, before: earlier.at(-1)?.attempts?.at(-1)?.attempt };
  }
}
