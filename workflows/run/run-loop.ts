import { CancellationScope } from '@temporalio/workflow';
import type { CallItem, ItemPlace } from '../../src/dag/map/item-source.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { rewindable } from '../../src/dag/rewind-scope.js';
import type { Failure } from '../../src/dag/state.js';
import type { Step, Walk } from '../../src/dag/walk.js';
import type { Allowance } from './allowance.js';
import { BUDGETS } from './budgets.js';
import { Deadlines } from './deadlines.js';
import { system } from './dispatch.js';
import { ExecutionBudget } from './execution-budget.js';
import { itemPrefix } from './item-facts.js';
import { Performers, type RunContext } from './performers.js';
import { reaches } from './reach-of-cancel.js';
import { Rewinds } from './rewinds.js';
import type { RunLedger } from './run-ledger.js';
import type { RunPlace } from './run-place.js';
import type { Evaluated } from './run-values.js';
import type { RunWatchers } from './run-watchers.js';
import { failed, type TaskEnding } from './task-ending.js';
import { clip, messageOf } from './task-failure.js';
import type { TaskHost } from './task-host.js';

/** Why the loop came back. */
export type LoopEnd = 'done' | 'continue_as_new';

/**
 * Drives the walk: starts what is ready within the budgets, waits for ONE thing, the inbox, and tells the walk what ended.
 * Everything it starts reports to the inbox and never throws into the loop.
 */
export class RunLoop implements TaskHost {
  /** All who carry the tasks out. */
  readonly performers: Performers;
  readonly deadlines: Deadlines;
  private readonly plan: DagPlan;
  private readonly walk: Walk;
  private readonly ledger: RunLedger;
  private readonly watchers: RunWatchers;
  private readonly inbox: (() => void)[] = [];
  /** Ends the loop's wait for the inbox: a bare promise, since `condition` makes three of them. */
  private wake?: () => void;
  private readonly budget: ExecutionBudget;
  private readonly allowance: Allowance;
  /** The next workflow task is waited for, to start more. */
  private goesOn = false;
  private readonly rewinds: Rewinds;
  /** How often what runs has been cancelled: what was asked before belongs to another time. */
  private cancellations = 0;
  private cancelWanted = false;
  /** Tasks that a join does not want any more: what was asked for before need not start. */
  private readonly dropped = new Set<number>();
  /** Tasks that a deadline ends, and why they have failed. */
  private readonly givenUp = new Map<number, Failure>();
  private stopReason: 'cancelled' | 'timeout' | 'deadline' | undefined;
  private failFastSeen: boolean;

  constructor(
    context: RunContext,
    private readonly place: RunPlace,
  ) {
    const { input, plan, walk, ledger, watchers } = context;
    this.watchers = watchers;
    this.plan = plan;
    this.walk = walk;
    this.ledger = ledger;
    this.stopReason = input.carried?.stopped;
    this.failFastSeen = walk.failFastTripped;
    const budgets = { ...BUDGETS, ...input.budgets };
    this.budget = new ExecutionBudget(budgets);
    this.allowance = context.values.allowance;
    const mayBeSentBack = rewindable(plan);
    this.rewinds = new Rewinds(mayBeSentBack, (task) => ledger.recordOf(task)?.rewinds ?? 0, walk);
    const acts = {
      stop: (reason: 'cancelled' | 'deadline') => this.stop(reason),
      giveUp: (task: number, failure: Failure | undefined) => this.tell(() => this.giveUp(task, failure)),
    };
    this.deadlines = new Deadlines(context, itemPrefix(input), acts, (what) => this.tell(what), system);
    this.performers = new Performers(context, budgets, this.rewinds, mayBeSentBack, this, (to) => this.sendBack(to));
  }

  /** What stopped the run before its tasks were through, if anything did. */
  get stopped(): 'cancelled' | 'timeout' | 'deadline' | undefined {
    return this.stopReason;
  }

  /** Nothing is waiting to be done: what happened while a snapshot was stored must not be lost. */
  get isQuiet(): boolean {
    return this.inbox.length === 0;
  }

  /** Graceful: only teardowns start, what else runs is cancelled and waited for. The first reason stands. */
  stop(reason: 'cancelled' | 'timeout' | 'deadline'): void {
    this.tell(() => {
      if (this.stopReason !== undefined) return;
      this.stopReason = reason;
      this.walk.stop();
      this.cancelRunning();
    });
  }

  /**
   * Until all is over, or the history is long and nothing is in flight. What starts belongs to a scope, and cancelling that
   * reaches every running task: first the one of the workflow, which need not be entered (see `shielded`), then one after the
   * other for what still runs after a cancellation. With failFast never that one: a cancellation from outside must still be
   * told from ours; nor when the run only cleans up, which no further one reaches. The loop itself lives inside: a scope for each
   * task costs three promises.
   */
  async drive(): Promise<LoopEnd> {
    const own = CancellationScope.current();
    const mine = !own.consideredCancelled && !this.plan.failFast && this.stopReason === undefined;
    let end = mine ? await this.driveWithin(own) : undefined;
    while (end === undefined) {
      end = await CancellationScope.nonCancellable(() => {
        const scope = new CancellationScope();
        return scope.run(() => this.driveWithin(scope));
      });
    }
    return end;
  }

  /** Undefined when the scope was cancelled and the rest of the run needs a new one. */
  private async driveWithin(scope: CancellationScope): Promise<LoopEnd | undefined> {
    this.performers.resume(this.walk);
    for (;;) {
      for (const tell of this.inbox.splice(0)) tell();
      this.dropUnwanted();
      if (this.failFastIsNew) {
        this.failFastSeen = true;
        this.cancelRunning();
      }
      if (this.cancelWanted) {
        this.cancelWanted = false;
        scope.cancel();
        return undefined;
      }
      const mayContinue = this.isIdle && !this.walk.isDone && this.budget.isLong;
      if (!mayContinue) this.launch();
      this.performers.hooks.launch();
      this.performers.maps.noteProgress();
      this.performers.approvals.noteAsking();
      this.ledger.noteChanges(Date.now());
      this.watchers.noteChanges();
      this.deadlines.check();
      // A child may be left whose task was sent back, and has come to another end.
      if (this.walk.isDone && this.isIdle && this.performers.children.size === 0) return 'done';
      if (this.isIdle && this.isQuiet && (mayContinue || this.budget.mustDrain)) return 'continue_as_new';
      // Something inside the walk itself may have met a join or tripped failFast just now.
      if (this.dropUnwanted() || this.failFastIsNew) continue;
      if (this.hasNoUseForItsPlace) this.place.park(this);
      // All that one activation brings is in the inbox before this goes on: it arrives some microtasks earlier.
      if (this.isQuiet) await new Promise<void>((wake) => (this.wake = wake));
    }
  }

  /** Nothing is under way that an execution would lose by ending. */
  private get isIdle(): boolean {
    return this.budget.isIdle && this.performers.hooks.isIdle && this.deadlines.isIdle;
  }

  /** All that is left waits for the run before this one, or for what waits for that. */
  private get hasNoUseForItsPlace(): boolean {
    const { place, performers, walk } = this;
    if (!place.isHeld || !performers.isHeldBack || !this.isIdle || !this.isQuiet) return false;
    return performers.children.size === 0 && !this.mayHaveMore && (walk.counts().running ?? 0) === 0;
  }

  private get failFastIsNew(): boolean {
    return this.walk.failFastTripped && !this.failFastSeen;
  }

  private launch(): void {
    if (this.budget.mustDrain) return;
    const { performers } = this;
    while (!this.budget.isFull && !performers.children.isFull) {
      if (this.allowance.isSpent) return this.goOn();
      // What answers a failure must not start before the others are cancelled: it would be cancelled with them.
      if (this.failFastIsNew) return;
      const step = this.walk.next();
      if (step !== undefined) {
        if (!this.take(step)) return;
      } else if (!this.launchItem() && !performers.shards.launch()) return;
    }
  }

  /** What else is ready starts in the next workflow task. */
  private goOn(): void {
    if (this.goesOn || !this.mayHaveMore) return;
    this.goesOn = true;
    void this.allowance.room().then(() =>
      this.tell(() => {
        this.goesOn = false;
      }),
    );
  }

  private get mayHaveMore(): boolean {
    return this.walk.mayHaveNext || this.performers.maps.mayHaveNext || this.performers.shards.mayHaveNext;
  }

  /** False when nothing may start now. */
  private take({ task: index, step }: Step): boolean {
    const task = this.plan.tasks[index]!;
    if (step === 'when') this.performers.askWhen(index, task);
    else if (this.rewinds.mayStart(index) && this.performers.mayStart(index)) {
      if (this.place.isParked) {
        this.walk.putBack(index);
        this.place.takeBack(this);
        return false;
      }
      this.walk.start(index);
      this.performers.begin(index, task);
    }
    return true;
  }

  /** Starts the next item of a map; false when none can start now. */
  private launchItem(): boolean {
    const item = this.performers.maps.next();
    if (item === undefined) return false;
    const { task, call, failure } = item;
    const mapped = this.plan.tasks[task]!;
    if (failure === undefined) this.performers.perform(task, mapped, call);
    else this.end(task, { state: 'failed', failure }, call);
    return true;
  }

  tell(what: () => void): void {
    this.inbox.push(what);
    this.wake?.();
  }

  began(): void {
    this.budget.began();
  }

  over(): void {
    this.budget.over();
  }

  settle<T>(task: number, answer: T | Promise<T>, then: (answer: T) => void, item?: ItemPlace): void {
    if (!(answer instanceof Promise)) return then(answer);
    this.began();
    const round = this.rewinds.begun(task);
    const over = (settled: () => void): void =>
      this.tell(() => {
        this.over();
        if (this.rewinds.over(task, round)) settled();
      });
    answer.then(
      (value) => over(() => then(value)),
      (error: unknown) => over(() => this.end(task, failed('expression', messageOf(error)), item)),
    );
  }

  evaluate(
    task: number,
    question: () => Evaluated | Promise<Evaluated>,
    then: (answer: Evaluated) => void,
    item?: CallItem,
  ): void {
    const answer = question();
    if (!(answer instanceof Promise)) return then(answer);
    const wanted = this.wanted(task);
    this.settle(task, answer, (value) => (wanted() ? then(value) : this.end(task, { state: 'cancelled' }, item)), item);
  }

  wanted(task: number): () => boolean {
    const { cancellations } = this;
    return () => !this.dropped.has(task) && (cancellations === this.cancellations || !reaches(this.plan, task));
  }

  end(index: number, told: TaskEnding, item?: ItemPlace): void {
    const failure = item === undefined && told.state === 'cancelled' ? this.givenUp.get(index) : undefined;
    const ending = clipped(failure === undefined ? told : { ...told, state: 'failed', failure });
    if (item !== undefined) return this.performers.maps.ended(index, item.index, ending);
    const task = this.plan.tasks[index]!;
    this.ledger.noteEnding(index, ending);
    this.performers.ended(index, task, ending);
    this.walk.finish(index, ending.state, ending.chosen);
  }

  /** A deadline ends a task: as cancelled, or as failed for that reason. */
  private giveUp(task: number, failure: Failure | undefined): void {
    const state = this.walk.stateOf(task);
    if (state === 'pending' || state === 'queued')
      return this.end(task, failure === undefined ? { state: 'cancelled' } : { state: 'failed', failure });
    if (state !== 'running') return;
    if (failure !== undefined) this.givenUp.set(task, failure);
    this.dropped.add(task);
    this.performers.cancel(task);
  }

  private cancelRunning(): void {
    this.cancellations++;
    this.cancelWanted = true;
    this.performers.cancel();
  }

  /** Cancels what a join does not wait for any more; all of it ends by itself, as any other task. True when there was something. */
  private dropUnwanted(): boolean {
    let found = false;
    // Giving one up may end it at once, and so decide another join.
    for (let unwanted = this.walk.takeUnwanted(); unwanted.length > 0; unwanted = this.walk.takeUnwanted()) {
      found = true;
      for (const task of unwanted) {
        this.dropped.add(task);
        this.performers.cancel(task);
      }
    }
    return found;
  }

  /**
   * After a rejection. What still runs of these tasks is asked to stop, clean-up excepted, and counts for nothing; each starts anew
   * when all of its own is over.
   */
  private sendBack(to: number): boolean {
    if (this.stopReason !== undefined || this.walk.failFastTripped) return false;
    const again = this.walk.toRewind(to);
    this.performers.hooks.hold(again);
    this.walk.rewind(again);
    for (const task of again) {
      this.rewinds.rewound(task);
      this.performers.withdraw(task);
      this.ledger.noteRewound(task);
      this.dropped.delete(task);
      this.givenUp.delete(task);
    }
    return true;
  }
}

function clipped(ending: TaskEnding): TaskEnding {
  const { failure } = ending;
  return failure === undefined ? ending : { ...ending, failure: { ...failure, message: clip(failure.message) } };
}
