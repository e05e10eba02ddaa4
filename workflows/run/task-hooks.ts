import { CancellationScope } from '@temporalio/workflow';
import type { Json } from '../../src/dag/json.js';
import { MAX_HOOK_MS } from '../../src/dag/limits.js';
import type { CallItem } from '../../src/dag/map/item-source.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { TaskHook } from '../../src/dag/spec.js';
import type { Attempt, HookRecord } from '../../src/dag/state.js';
import type { Rewinds } from './rewinds.js';
import { carryOutHook, type HookPlace, hookState } from './run-hooks.js';
import type { RunLedger } from './run-ledger.js';
import type { HookOf, RunValues } from './run-values.js';
import type { TaskEnding } from './task-ending.js';

/** Tasks whose hooks run at the same time; each is one activity, beside those of tasks. */
const MAX_AT_ONCE = 100;

/** Hooks that answer one end of a task, or of an attempt of it. */
interface Due {
  readonly task: number;
  readonly item?: CallItem;
  readonly on: TaskHook;
  readonly hooks: readonly TaskPlan[];
  readonly of: HookOf;
  readonly round: number;
  /** What they know. */
  values: RunValues;
  /** Called when the last of them is over. */
  readonly over?: () => void;
}

/**
 * The hooks of tasks that have ended: they hold nobody up, the run waits for them at its end, and a cancellation does not reach them.
 * They run in the walk, not in the task's activity, so that a task that found no worker, or lost it, has its failure hook too. Those
 * between attempts the activity carries out by itself, but for SubDAGs, which have none: theirs run here too, before the next attempt.
 * All answer an end even where a rejection sends the task back; it starts anew only when they are through.
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
    /** Writes down what became of a hook of an item. */
    private readonly noteOfItem: (task: number, item: CallItem, record: HookRecord) => void,
  ) {}

  /** Nothing waits or runs. */
  get isIdle(): boolean {
    return this.running.size === 0 && this.waiting.length === 0;
  }

  /** A task has ended: its hooks, if it has such, are due at the next {@link launch}. */
  ended(task: number, { id, hooks: all }: TaskPlan, ending: TaskEnding): void {
    const { state, failure = null, attempts = [] } = ending;
    const on = state === 'success' ? 'success' : state === 'failed' ? 'failure' : undefined;
    const hooks = on === undefined ? undefined : all?.[on];
    if (on === undefined || hooks === undefined) return;
    const self = { id, state, failure, attempts: attempts.at(-1)?.attempt ?? 0 };
    this.add({ task, on, hooks, of: { task: self as unknown as Json } });
  }

  /** An attempt of a SubDAG has failed and another one comes: resolves when its hooks are over. Undefined where there are none. */
  betweenAttempts(task: number, item: CallItem | undefined, attempts: readonly Attempt[]): Promise<void> | undefined {
    const { id, hooks: all } = this.plan.tasks[task]!;
    const hooks = all?.retry;
    if (hooks === undefined) return undefined;
    const { attempt: failedAttempt, failure = null } = attempts.at(-1)!;
    const self = { id, state: 'running', failure, attempts: attempts.length };
    const of = { task: self as unknown as Json, failedAttempt };
    return new Promise((over) => this.add({ task, item, on: 'retry', hooks, of, over }));
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
          due.over?.();
        });
      CancellationScope.nonCancellable(() => this.run(due)).then(over, over);
    }
  }

  private add(due: Omit<Due, 'round' | 'values'>): void {
    this.waiting.push({ ...due, round: this.rewinds.begun(due.task), values: this.values.inHookOf(due.of) });
  }

  private async run(due: Due): Promise<void> {
    const { task, item, on, hooks, of } = due;
    const attempt = of.failedAttempt === undefined ? {} : { attempt: of.failedAttempt };
    for (const [n, hook] of hooks.entries()) {
      const begun = { hook: on, ...(hooks.length > 1 ? { index: n } : {}), ...attempt, startedAt: Date.now() } as const;
      const run = { plan: this.plan, values: due.values, prefix: this.prefix, about: this.about(due, begun) };
      const outcome = await carryOutHook(run, hook, MAX_HOOK_MS);
      const { attempts, failure } = outcome;
      const record: HookRecord = { ...begun, state: hookState(outcome), endedAt: Date.now(), attempts, failure };
      this.tell(() => (item === undefined ? this.ledger.noteTaskHook(task, record) : this.noteOfItem(task, item, record)));
    }
  }

  /** Where the hook ran before, numbers of its attempts go on. */
  private about({ task, item, round }: Due, { hook, index }: Pick<HookRecord, 'hook' | 'index'>): HookPlace['about'] {
    const ran = item === undefined ? this.ledger.recordOf(task)?.hooks : undefined;
    const last = ran?.findLast((other) => other.hook === hook && other.index === index)?.attempts?.at(-1)?.attempt;
    return { item, rewinds: round === 0 ? undefined : round, before: last };
  }
}
