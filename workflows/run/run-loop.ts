import { CancellationScope, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import type { TaskCall, TaskReturn } from '../../activities/task-call.js';
import type { Json } from '../../src/dag/json.js';
import { validateJson } from '../../src/dag/json-schema.js';
import { type CallItem, type ItemPlace, itemName } from '../../src/dag/map/item-source.js';
import type { ActivityPlan, BranchPlan, DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { ResourcesPlan } from '../../src/dag/resources.js';
import type { Failure, OutputValue } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { ChildRecord, DagRunInput, PinnedDag, RunBudgets, RunFacts } from '../contract.js';
import { Approvals } from './approvals.js';
import { chooseTargets } from './branch.js';
import { BUDGETS } from './budgets.js';
import { Children } from './children.js';
import { conditionAnswer } from './condition-answer.js';
import { startActivity, system } from './dispatch.js';
import { ForeignAttempts, withLastAttempt } from './foreign-attempts.js';
import { itemPrefix } from './item-facts.js';
import type { LoopHost } from './loop-host.js';
import type { EarlierItems } from './map/kept-items.js';
import { type MapHost, MapRuns } from './map/map-runs.js';
import { ShardRuns } from './map/shard-runs.js';
import { QueueWatch } from './queue-watch.js';
import { reaches } from './reach-of-cancel.js';
import { Rewinds } from './rewinds.js';
import type { RunLedger, TaskEnding } from './run-ledger.js';
import { type Evaluated, FOREIGN_ARGS_LIMIT, type RunValues } from './run-values.js';
import type { Seat } from './seat.js';
import { SubDags } from './sub-dags.js';
import { clip, endingOfFailure } from './task-failure.js';
import { TaskHooks } from './task-hooks.js';
import { givenResources } from './task-resources.js';
import { endingOfReturn } from './task-return.js';
import { TaskScopes } from './task-scopes.js';
import { Waits } from './waits.js';

/** Why the loop came back. */
export type LoopEnd = 'done' | 'continue_as_new';

/** Budgets of one execution and of one activation (measured limits of Temporal: pending activities, commands, history). */
const MAX_IN_FLIGHT = 500;
const MAX_COMMANDS = 200;
const MAX_INPUT_CHARS = 1024 * 1024;
/** Expressions one activation evaluates, at most: each is bounded by itself, their sum must stay far below five seconds. */
const MAX_EVALUATIONS = 100;

/**
 * Drives the walk: starts what is ready within the budgets, waits for ONE thing, the inbox, and tells the walk what ended.
 * Everything it starts reports to the inbox and never throws into the loop.
 *
 * One class on purpose, though a long one: all its methods count against the same budgets. What is more than a call stands elsewhere.
 */
export class RunLoop implements LoopHost {
  /** Children of this run, whatever they are for. */
  readonly children: Children;
  /** How often what runs has been cancelled: what was asked before belongs to another time. */
  private cancellations = 0;
  private readonly inbox: (() => void)[] = [];
  /** Ends the loop's wait for the inbox: a bare promise, since `condition` makes three of them. */
  private wake?: () => void;
  private readonly budgets: RunBudgets;
  private readonly run: RunFacts;
  private readonly prefix: string;
  private readonly subs: SubDags;
  private inFlight = 0;
  private cancelWanted = false;
  private readonly watch: QueueWatch;
  private readonly hooks: TaskHooks;
  private readonly waits: Waits;
  /** The desk to which decisions about approvals go. */
  readonly approvals: Approvals;
  private readonly rewinds: Rewinds;
  /** The maps that are under way. */
  readonly maps: MapRuns;
  /** Those that run in shards. */
  readonly shards: ShardRuns;
  private readonly scopes: TaskScopes;
  private readonly foreign = new ForeignAttempts();
  /** Tasks that a join does not want any more: what was asked for before need not start. */
  private readonly dropped = new Set<number>();
  private stopReason: 'cancelled' | 'timeout' | undefined;
  private failFastSeen = false;
  private commands = 0;
  private inputChars = 0;
  private evaluations = 0;

  constructor(
    input: DagRunInput,
    private readonly plan: DagPlan,
    private readonly walk: Walk,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    dags: { readonly [reference: string]: PinnedDag },
    earlier: EarlierItems,
  ) {
    this.stopReason = input.carried?.stopped;
    this.scopes = new TaskScopes(plan);
    this.run = input.run;
    this.prefix = itemPrefix(input);
    this.budgets = { ...BUDGETS, ...input.budgets };
    this.children = new Children(input, plan, this, this.budgets, system, (child, end, cancelled) =>
      this.shards.has(child.task) ? this.shards.ended(child, end) : this.subs.ended(child, end, cancelled),
    );
    this.hooks = new TaskHooks(
      plan,
      values,
      this.prefix,
      (what) => this.tell(what),
      (task, item, record) =>
        item === undefined ? ledger.noteTaskHook(task, record) : this.maps.noteHook(task, item.index, record),
    );
    this.subs = new SubDags(
      input.run,
      plan,
      this,
      this.children,
      values,
      ledger,
      dags,
      (task, item) => this.maps.callOf(task, item),
      (task, item, attempts) => this.hooks.betweenAttempts(task, item, attempts),
    );
    this.watch = new QueueWatch(system, (task, text) => this.tell(() => ledger.noteNotice(task, text)));
    this.failFastSeen = walk.failFastTripped;
    this.waits = new Waits(input.run, plan, ledger, values, this.prefix, this.seat());
    this.approvals = new Approvals(plan, ledger, this.seat(), (task) => this.rewind(task));
    this.rewinds = new Rewinds((task) => this.walk.putBack(task));
    const host: MapHost = {
      settle: (index, answer, then) => this.settle(index, answer, then),
      end: (index, ending) => this.end(index, ending),
      wanted: (index) => this.wanted(index),
      cancelChildren: (task) => {
        this.children.cancelAll(task);
        this.subs.cancelWaiting(task);
      },
      shard: (index, task, prepared) => this.shards.begin(index, task, prepared),
    };
    this.maps = new MapRuns(input, plan, ledger, values, host, earlier);
    this.shards = new ShardRuns(input, plan, ledger, values, this.children, host);
  }

  /** What stopped the run before its tasks were through, if anything did. */
  get stopped(): 'cancelled' | 'timeout' | undefined {
    return this.stopReason;
  }

  /** Nothing is waiting to be done: what happened while a snapshot was stored must not be lost. */
  get isQuiet(): boolean {
    return this.inbox.length === 0;
  }

  /** Children that run on, and further attempts that are waited for, over continue-as-new. */
  snapshotChildren(): ChildRecord[] {
    return [...this.children.snapshot(), ...this.subs.snapshot()];
  }

  restoreChildren(children: readonly ChildRecord[]): void {
    this.children.restore(children.filter(({ retryAt }) => retryAt === undefined));
    this.subs.restore(children.filter(({ retryAt }) => retryAt !== undefined));
  }

  /** Graceful: only teardowns start, what else runs is cancelled and waited for. The first reason stands. */
  stop(reason: 'cancelled' | 'timeout'): void {
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
    this.waits.resume(this.walk);
    this.approvals.resume(this.walk);
    for (;;) {
      this.commands = 0;
      this.inputChars = 0;
      this.evaluations = 0;
      for (const tell of this.inbox.splice(0)) tell();
      this.dropUnwanted();
      if (this.walk.failFastTripped && !this.failFastSeen) {
        this.failFastSeen = true;
        this.cancelRunning();
      }
      if (this.cancelWanted) {
        this.cancelWanted = false;
        scope.cancel();
        return undefined;
      }
      const mayContinue = this.mayContinue();
      if (!mayContinue) this.launch();
      this.hooks.launch();
      this.maps.noteProgress();
      this.approvals.noteAsking();
      this.ledger.noteChanges(Date.now());
      if (this.walk.isDone && this.isIdle) return 'done';
      if (this.isIdle && this.inbox.length === 0 && (mayContinue || this.mustDrain())) return 'continue_as_new';
      // Something inside the walk itself may have met a join or tripped failFast just now.
      if (this.dropUnwanted()) continue;
      if (this.walk.failFastTripped && !this.failFastSeen) continue;
      // All that one activation brings is in the inbox before this goes on: it arrives some microtasks earlier.
      if (this.inbox.length === 0) await new Promise<void>((wake) => (this.wake = wake));
    }
  }

  /** Nothing is under way that an execution would lose by ending. */
  private get isIdle(): boolean {
    return this.inFlight === 0 && this.hooks.isIdle;
  }

  private mayContinue(): boolean {
    return this.isIdle && !this.walk.isDone && workflowInfo().historyLength >= this.budgets.continueFromEvents;
  }

  began(chars: number): void {
    this.commands++;
    this.inputChars += chars;
    this.inFlight++;
  }

  over(): void {
    this.inFlight--;
  }

  evaluate(task: number, ask: () => Evaluated | Promise<Evaluated>, then: (answer: Evaluated) => void, item?: CallItem): void {
    this.settle(task, this.evaluated(ask), then, item);
  }

  /** Puts something into the inbox: it is done at the next turn of the loop. */
  tell(what: () => void): void {
    this.inbox.push(what);
    this.wake?.();
  }

  private mustDrain(): boolean {
    const { historyLength, historySize } = workflowInfo();
    return historyLength >= this.budgets.drainFromEvents || historySize >= this.budgets.drainFromBytes;
  }

  private launch(): void {
    if (this.mustDrain()) return;
    while (this.inFlight < MAX_IN_FLIGHT && !this.children.isFull) {
      if (this.commands >= MAX_COMMANDS || this.inputChars >= MAX_INPUT_CHARS || this.evaluations >= MAX_EVALUATIONS) {
        // More may be ready than one workflow task should hold: a timer makes the next one.
        const goOn = (): void => this.tell(() => {});
        void sleep(1, { summary: 'more tasks are ready' }).then(goOn, goOn);
        return;
      }
      // What answers a failure must not start before the others are cancelled: it would be cancelled with them.
      if (this.walk.failFastTripped && !this.failFastSeen) return;
      const step = this.walk.next();
      if (step === undefined) {
        const item = this.maps.next();
        if (item === undefined && this.shards.launch()) continue;
        if (item === undefined) return;
        const mapped = this.plan.tasks[item.task]!;
        if (mapped.map?.key !== undefined) this.evaluations++;
        if (item.failure === undefined) this.perform(item.task, mapped, item.call);
        else this.end(item.task, failed(item.failure), item.call);
        continue;
      }
      const task = this.plan.tasks[step.task]!;
      if (step.step === 'when') this.askWhen(step.task, task);
      else this.carryOut(step.task, task);
    }
  }

  private askWhen(index: number, task: TaskPlan): void {
    if (typeof task.when === 'boolean') return this.answerWhen(index, task, { output: { value: task.when } });
    this.settle(
      index,
      this.evaluated(() => this.values.expression(task.when as string, `${task.id}.when`)),
      (answer) => this.answerWhen(index, task, answer),
    );
  }

  private answerWhen(index: number, task: TaskPlan, answer: Evaluated): void {
    const condition = conditionAnswer(answer, `when of task ${task.id}`);
    if ('error' in condition) this.end(index, failed({ kind: 'expression', message: condition.error }));
    else if (condition.value) this.walk.admit(index);
    else this.end(index, { state: 'skipped' });
  }

  private carryOut(index: number, task: TaskPlan): void {
    if (!this.rewinds.mayStart(index)) return;
    this.walk.start(index);
    if (task.resources !== undefined) return this.provide(index, task, task.resources);
    this.begin(index, task);
  }

  private begin(index: number, task: TaskPlan): void {
    if (task.map !== undefined) return this.maps.begin(index, task);
    this.perform(index, task);
  }

  /** Finds out, once for all its items, what the task is given; its record keeps it (R14). */
  private provide(index: number, task: TaskPlan, resources: ResourcesPlan): void {
    const wanted = this.wanted(index);
    const evaluate = (template: Json, name: string): Evaluated | Promise<Evaluated> =>
      this.evaluated(() => this.values.template(template, name));
    this.settle(index, givenResources(task.id, resources, evaluate), (given) => {
      if (!wanted()) return this.end(index, { state: 'cancelled' });
      if ('error' in given) return this.end(index, failed({ kind: 'expression', message: given.error }));
      this.ledger.noteResources(index, given.amounts);
      this.begin(index, task);
    });
  }

  /** Does what a task is for, or one item of it. */
  private perform(index: number, task: TaskPlan, item?: CallItem): void {
    if (task.activity !== undefined) return this.dispatch(index, task, task.activity, item);
    if (task.sub !== undefined) return this.subs.carryOut(index, task.sub, item);
    if (task.branch !== undefined) return this.choose(index, task, task.branch);
    if (task.wait !== undefined) return this.waits.begin(index, task.wait);
    if (task.approval !== undefined) return this.approvals.begin(index, task.approval);
    if (task.value === undefined) return this.end(index, { state: 'success', output: { value: null } }, item);
    const startedAt = Date.now();
    this.settle(
      index,
      this.evaluated(() => this.values.template(task.value!, itemName(task.id, item), undefined, item)),
      (answer) => {
        const ending = 'error' in answer ? failed({ kind: 'expression', message: answer.error }) : this.checked(task, answer);
        this.end(index, { ...ending, startedAt, endedAt: Date.now() }, item);
      },
      item,
    );
  }

  private choose(index: number, task: TaskPlan, branch: BranchPlan): void {
    const startedAt = Date.now();
    chooseTargets(
      branch,
      task.id,
      (source, name, then) =>
        this.settle(
          index,
          this.evaluated(() => this.values.expression(source, name)),
          then,
        ),
      (choice) => {
        if ('error' in choice) return this.end(index, { ...failed({ kind: 'expression', message: choice.error }), startedAt });
        const chosen = choice.chosen.map((target) => this.plan.tasks[target]!.id);
        const ending = this.checked(task, { output: { value: { chosen } } });
        this.end(index, { ...ending, startedAt, chosen: choice.chosen });
      },
    );
  }

  private dispatch(index: number, task: TaskPlan, activity: ActivityPlan, item: CallItem | undefined): void {
    if (activity.foreign !== undefined) return this.dispatchForeign(index, task, activity, activity.foreign.args, item);
    const call: TaskCall = {
      task: task.id,
      body: this.plan.bodies[activity.body ?? 0]!,
      prefix: this.prefix,
      before: this.ledger.recordOf(index)?.attempts?.length,
      ...this.values.callValues(task),
      item,
      resources: task.resources === undefined ? undefined : this.ledger.recordOf(index)?.resources,
    };
    this.send(index, task, activity, [call], (result) => endingOfReturn(result as TaskReturn), item);
  }

  /** Workers of other languages get plain arguments, rendered here (R14), and return a plain value. */
  private dispatchForeign(
    index: number,
    task: TaskPlan,
    activity: ActivityPlan,
    args: readonly Json[],
    item: CallItem | undefined,
  ): void {
    const wanted = this.wanted(index);
    this.settle(
      index,
      this.evaluated(() => this.values.template(args, itemName(task.id, item), FOREIGN_ARGS_LIMIT, item)),
      (answer) => {
        if (!wanted()) return this.end(index, { state: 'cancelled' }, item);
        if ('error' in answer) {
          const message = `arguments of task ${task.id}: ${answer.error}`;
          return this.end(index, failed({ kind: 'expression', message }), item);
        }
        const given = 'value' in answer.output ? (answer.output.value as readonly Json[]) : [answer.output];
        this.send(index, task, activity, given, (result) => this.foreignEnding(task, result), item);
      },
      item,
    );
  }

  private foreignEnding(task: TaskPlan, result: unknown): TaskEnding {
    return this.checked(task, { output: { value: (result ?? null) as Json } });
  }

  private send(
    index: number,
    task: TaskPlan,
    activity: ActivityPlan,
    args: readonly unknown[],
    ending: (result: unknown) => TaskEnding,
    item: CallItem | undefined,
  ): void {
    this.commands++;
    const small = task.needs === undefined && activity.foreign === undefined && item === undefined;
    this.inputChars += small ? 300 : JSON.stringify(args).length;
    this.inFlight++;
    if (activity.queue !== undefined) this.watch.sent(index, activity.queue, Date.now());
    const round = this.rewinds.round(index);
    const over = (result: () => TaskEnding): void =>
      this.tell(() => {
        this.inFlight--;
        if (activity.queue !== undefined && item === undefined) this.watch.ended(index, activity.queue);
        if (this.rewinds.counts(index, round)) this.end(index, result(), item);
      });
    const before = this.ledger.recordOf(index)?.attempts?.at(-1)?.attempt ?? 0;
    const ended = (result: () => TaskEnding, error?: unknown): void => {
      if (activity.foreign === undefined || isCancellation(error)) return over(result);
      const endedAt = Date.now();
      void this.foreign.lastOf(itemName(task.id, item)).then((last) => {
        over(() => withLastAttempt(result(), last, before, endedAt));
      });
    };
    const queue = activity.queue ?? workflowInfo().taskQueue;
    const start = (): Promise<unknown> => startActivity(task, activity, args, this.run.dagId, item);
    const begin = item === undefined ? start : (): Promise<unknown> => this.maps.within(index, start);
    this.scopes.start(index, task, begin).then(
      (result) => ended(() => ending(result)),
      (error: unknown) =>
        ended(() => endingOfFailure(error, { id: itemName(task.id, item), name: activity.name, queue }), error),
    );
  }

  /** The output of a task that the walk itself carried out, or that a foreign worker returned, checked and bounded. */
  checked(task: TaskPlan, answer: { readonly output: OutputValue }): TaskEnding {
    if (task.outputSchema !== undefined && 'value' in answer.output) {
      const [problem] = validateJson(task.outputSchema, answer.output.value);
      if (problem !== undefined) {
        return failed({ kind: 'output_schema', message: `output of task ${task.id}${problem.pointer}: ${problem.message}` });
      }
    }
    return { state: 'success', output: answer.output };
  }

  end(index: number, ending: TaskEnding, item?: ItemPlace): void {
    if (item !== undefined) return this.maps.ended(index, item.index, ending);
    const task = this.plan.tasks[index]!;
    // While one item waits for a worker the others may have found one: only the end of them all is the end of waiting.
    if (task.map !== undefined && task.activity?.queue !== undefined) this.watch.ended(index, task.activity.queue);
    this.ledger.noteEnding(index, ending);
    if (task.hooks !== undefined) this.hooks.ended(index, task, ending);
    this.scopes.ended(index);
    this.walk.finish(index, ending.state, ending.chosen);
  }

  /** Cancels what a join does not wait for any more; all of it ends by itself, as any other task. True when there was something. */
  private dropUnwanted(): boolean {
    let found = false;
    // Giving one up may end it at once, and so decide another join.
    for (let unwanted = this.walk.takeUnwanted(); unwanted.length > 0; unwanted = this.walk.takeUnwanted()) {
      found = true;
      for (const task of unwanted) {
        this.dropped.add(task);
        this.scopes.cancel(task);
        this.cancelParts(task);
      }
    }
    return found;
  }

  /** Stops the children and the items of one task, or of all but teardowns (R11). */
  private cancelParts(task?: number): void {
    this.children.cancelAll(task);
    this.subs.cancelWaiting(task);
    this.maps.stop(task);
    this.shards.stop(task);
    this.waits.cancel(task);
    this.approvals.cancel(task);
  }

  wanted(task: number): () => boolean {
    const { cancellations } = this;
    return () => !this.dropped.has(task) && (cancellations === this.cancellations || !reaches(this.plan, task));
  }

  private evaluated(evaluate: () => Evaluated | Promise<Evaluated>): Evaluated | Promise<Evaluated> {
    this.evaluations++;
    return evaluate();
  }

  /** Goes on with an answer that is there, or, counted as in flight, when its activity has it. */
  private settle<T>(index: number, answer: T | Promise<T>, then: (answer: T) => void, item?: CallItem): void {
    if (!(answer instanceof Promise)) return then(answer);
    this.commands++;
    this.inFlight++;
    const round = this.rewinds.round(index);
    const over = (settled: () => void): void =>
      this.tell(() => {
        this.inFlight--;
        if (this.rewinds.counts(index, round)) settled();
      });
    answer.then(
      (value) => over(() => then(value)),
      (error: unknown) =>
        over(() =>
          this.end(
            index,
            failed({ kind: 'expression', message: clip(error instanceof Error ? error.message : String(error)) }),
            item,
          ),
        ),
    );
  }

  private seat(): Seat {
    return {
      tell: (what) => this.tell(what),
      end: (task, ending) => this.end(task, ending),
      checked: (task, answer) => this.checked(task, answer),
      evaluate: (task, template, then) => {
        const wanted = this.wanted(task);
        this.settle(
          task,
          this.evaluated(() => this.values.template(template, this.plan.tasks[task]!.id)),
          (answer) => (wanted() ? then(answer) : this.end(task, { state: 'cancelled' })),
        );
      },
      claim: (task) => {
        const round = this.rewinds.round(task);
        return () => this.rewinds.counts(task, round);
      },
      sent: (chars) => {
        this.commands++;
        this.inputChars += chars;
      },
    };
  }

  /** After a rejection: what of these tasks still runs is not waited for, but its task starts anew only when it has ended. */
  private rewind(to: number): boolean {
    if (this.stopReason !== undefined || this.walk.failFastTripped) return false;
    const running = new Set(this.walk.running());
    // What parts of a map or a SubDAG still run cannot be told from those of the next round.
    for (const index of this.walk.withDownstream(to)) {
      const { map, sub } = this.plan.tasks[index]!;
      if (running.has(index) && (map !== undefined || sub !== undefined)) return false;
    }
    for (const index of this.walk.rewind(to)) {
      const task = this.plan.tasks[index]!;
      const polled = this.waits.withdraw(index);
      this.approvals.withdraw(index);
      this.rewinds.rewound(index, running.has(index) && (polled || task.activity !== undefined || task.value !== undefined));
      this.ledger.noteRewound(index);
      this.dropped.delete(index);
    }
    return true;
  }

  private cancelRunning(): void {
    this.cancellations++;
    this.cancelWanted = true;
    this.cancelParts();
  }
}

function failed(failure: Failure): TaskEnding {
  return { state: 'failed', failure };
}
