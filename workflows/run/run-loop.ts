import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import type { TaskCall, TaskReturn } from '../../activities/task-call.js';
import type { Json } from '../../src/dag/json.js';
import { validateJson } from '../../src/dag/json-schema.js';
import type { ActivityPlan, DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Failure, OutputValue } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../contract.js';
import { Approvals } from './approvals.js';
import { startActivity, system } from './dispatch.js';
import { QueueWatch } from './queue-watch.js';
import { Rewinds } from './rewinds.js';
import type { RunLedger, TaskEnding } from './run-ledger.js';
import { type Evaluated, FOREIGN_ARGS_LIMIT, type RunValues } from './run-values.js';
import type { Seat } from './seat.js';
import { clip, endingOfFailure } from './task-failure.js';
import { TaskHooks } from './task-hooks.js';
import { endingOfReturn } from './task-return.js';
import { Waits } from './waits.js';

/** Why the loop came back. */
export type LoopEnd = 'done' | 'continue_as_new';

/** Budgets of one execution and of one activation (measured limits of Temporal: pending activities, commands, history). */
const MAX_IN_FLIGHT = 500;
const MAX_COMMANDS = 200;
const MAX_INPUT_CHARS = 1024 * 1024;
/** Expressions one activation evaluates, at most: each is bounded by itself, their sum must stay far below five seconds. */
const MAX_EVALUATIONS = 100;
const CONTINUE_FROM_EVENTS = 4_096;
const DRAIN_FROM_EVENTS = 8_000;
const DRAIN_FROM_BYTES = 3 * 1024 * 1024;

/**
 * Drives the walk: starts what is ready within the budgets, waits for ONE thing, the inbox, and tells the walk what ended.
 * Everything it starts reports to the inbox and never throws into the loop.
 *
 * A long file on purpose: budgets, inbox and what is in flight are one bookkeeping.
 */
export class RunLoop {
  private readonly inbox: (() => void)[] = [];
  /** Ends the loop's wait for the inbox: a bare promise, since `condition` makes three of them. */
  private wake?: () => void;
  private inFlight = 0;
  /** How often what runs has been cancelled: what was asked before belongs to another time. */
  private cancellations = 0;
  private cancelWanted = false;
  private readonly watch: QueueWatch;
  private readonly hooks: TaskHooks;
  private readonly waits: Waits;
  /** The desk to which decisions about approvals go. */
  readonly approvals: Approvals;
  private readonly rewinds: Rewinds;
  private stopReason: 'cancelled' | 'timeout' | undefined;
  private failFastSeen = false;
  private commands = 0;
  private inputChars = 0;
  private evaluations = 0;

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly walk: Walk,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly prefix: string,
  ) {
    this.watch = new QueueWatch(system, (task, text) => this.tell(() => ledger.noteNotice(task, text)));
    this.hooks = new TaskHooks(plan, ledger, values, prefix, (what) => this.tell(what));
    this.failFastSeen = walk.failFastTripped;
    this.waits = new Waits(run, plan, ledger, values, prefix, this.seat());
    this.approvals = new Approvals(plan, ledger, this.seat(), (task) => this.rewind(task));
    this.rewinds = new Rewinds((task) => this.walk.putBack(task));
  }

  /** What stopped the run before its tasks were through, if anything did. */
  get stopped(): 'cancelled' | 'timeout' | undefined {
    return this.stopReason;
  }

  /** Graceful: nothing new starts, what runs is cancelled and waited for. The first reason stands. */
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
   * told from ours. The loop itself lives inside: a scope for each task costs three promises.
   */
  async drive(): Promise<LoopEnd> {
    const own = CancellationScope.current();
    let end = own.consideredCancelled || this.plan.failFast ? undefined : await this.driveWithin(own);
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
      if (this.walk.failFastTripped && !this.failFastSeen) {
        this.failFastSeen = true;
        this.cancelRunning();
      }
      if (this.cancelWanted) {
        this.cancelWanted = false;
        this.waits.cancel();
        this.approvals.cancel();
        scope.cancel();
        return undefined;
      }
      const mayContinue = this.isIdle && !this.walk.isDone && workflowInfo().historyLength >= CONTINUE_FROM_EVENTS;
      if (!mayContinue) this.launch();
      this.hooks.launch();
      this.ledger.noteChanges(Date.now());
      if (this.walk.isDone && this.isIdle) return 'done';
      if (this.isIdle && this.inbox.length === 0 && (mayContinue || this.mustDrain())) return 'continue_as_new';
      // A failure inside the walk itself may have tripped failFast just now.
      if (this.walk.failFastTripped && !this.failFastSeen) continue;
      // All that one activation brings is in the inbox before this goes on: it arrives some microtasks earlier.
      if (this.inbox.length === 0) await new Promise<void>((wake) => (this.wake = wake));
    }
  }

  /** Nothing is under way that an execution would lose by ending. */
  private get isIdle(): boolean {
    return this.inFlight === 0 && this.hooks.isIdle;
  }

  /** Puts something into the inbox: it is done at the next turn of the loop. */
  private tell(what: () => void): void {
    this.inbox.push(what);
    this.wake?.();
  }

  private mustDrain(): boolean {
    const { historyLength, historySize } = workflowInfo();
    return historyLength >= DRAIN_FROM_EVENTS || historySize >= DRAIN_FROM_BYTES;
  }

  private launch(): void {
    if (this.mustDrain()) return;
    while (this.inFlight < MAX_IN_FLIGHT) {
      if (this.commands >= MAX_COMMANDS || this.inputChars >= MAX_INPUT_CHARS || this.evaluations >= MAX_EVALUATIONS) {
        // More may be ready than one workflow task should hold: a timer makes the next one.
        const goOn = (): void => this.tell(() => {});
        void sleep(1, { summary: 'more tasks are ready' }).then(goOn, goOn);
        return;
      }
      const step = this.walk.next();
      if (step === undefined) return;
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
    if ('error' in answer)
      return this.end(index, failed({ kind: 'expression', message: `when of task ${task.id}: ${answer.error}` }));
    const value = 'value' in answer.output ? answer.output.value : undefined;
    if (value === true) this.walk.admit(index);
    else if (value === false) this.end(index, { state: 'skipped' });
    else {
      const got = value === undefined ? 'a large value' : JSON.stringify(value);
      this.end(
        index,
        failed({ kind: 'expression', message: `when of task ${task.id} must be true or false, got ${clip(got)}` }),
      );
    }
  }

  private carryOut(index: number, task: TaskPlan): void {
    if (!this.rewinds.mayStart(index)) return;
    this.walk.start(index);
    if (task.activity !== undefined) return this.dispatch(index, task, task.activity);
    if (task.wait !== undefined) return this.waits.begin(index, task.wait);
    if (task.approval !== undefined) return this.approvals.begin(index, task.approval);
    if (task.value === undefined) return this.end(index, { state: 'success', output: { value: null } });
    const startedAt = Date.now();
    this.settle(
      index,
      this.evaluated(() => this.values.template(task.value!, task.id)),
      (answer) => {
        const ending = 'error' in answer ? failed({ kind: 'expression', message: answer.error }) : this.checked(task, answer);
        this.end(index, { ...ending, startedAt, endedAt: Date.now() });
      },
    );
  }

  private dispatch(index: number, task: TaskPlan, activity: ActivityPlan): void {
    if (activity.foreign !== undefined) return this.dispatchForeign(index, task, activity, activity.foreign.args);
    const call: TaskCall = {
      task: task.id,
      body: this.plan.bodies[activity.body ?? 0]!,
      prefix: this.prefix,
      before: this.ledger.recordOf(index)?.attempts?.length,
      ...this.values.callValues(task),
    };
    this.send(index, task, activity, [call], (result) => endingOfReturn(result as TaskReturn));
  }

  /** Workers of other languages get plain arguments, rendered here (R14), and return a plain value. */
  private dispatchForeign(index: number, task: TaskPlan, activity: ActivityPlan, args: readonly Json[]): void {
    const { cancellations } = this;
    this.settle(
      index,
      this.evaluated(() => this.values.template(args, task.id, FOREIGN_ARGS_LIMIT)),
      (answer) => {
        if (cancellations !== this.cancellations) return this.end(index, { state: 'cancelled' });
        if ('error' in answer)
          return this.end(index, failed({ kind: 'expression', message: `arguments of task ${task.id}: ${answer.error}` }));
        const given = 'value' in answer.output ? (answer.output.value as readonly Json[]) : [answer.output];
        this.send(index, task, activity, given, (result) => this.foreignEnding(task, result));
      },
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
  ): void {
    this.commands++;
    this.inputChars += task.needs === undefined && activity.foreign === undefined ? 300 : JSON.stringify(args).length;
    this.inFlight++;
    if (activity.queue !== undefined) this.watch.sent(index, activity.queue, Date.now());
    const round = this.rewinds.round(index);
    const over = (result: () => TaskEnding): void =>
      this.tell(() => {
        this.inFlight--;
        if (activity.queue !== undefined) this.watch.ended(index, activity.queue);
        if (this.rewinds.counts(index, round)) this.end(index, result());
      });
    const queue = activity.queue ?? workflowInfo().taskQueue;
    startActivity(task, activity, args, this.run.dagId).then(
      (result) => over(() => ending(result)),
      (error: unknown) => over(() => endingOfFailure(error, { id: task.id, name: activity.name, queue })),
    );
  }

  /** The output of a task that the walk itself carried out, or that a foreign worker returned, checked and bounded. */
  private checked(task: TaskPlan, answer: { readonly output: OutputValue }): TaskEnding {
    if (task.outputSchema !== undefined && 'value' in answer.output) {
      const [problem] = validateJson(task.outputSchema, answer.output.value);
      if (problem !== undefined) {
        return failed({ kind: 'output_schema', message: `output of task ${task.id}${problem.pointer}: ${problem.message}` });
      }
    }
    return { state: 'success', output: answer.output };
  }

  private end(index: number, ending: TaskEnding): void {
    this.ledger.noteEnding(index, ending);
    const task = this.plan.tasks[index]!;
    if (task.hooks !== undefined) this.hooks.ended(index, task, ending);
    this.walk.finish(index, ending.state);
  }

  private evaluated(evaluate: () => Evaluated | Promise<Evaluated>): Evaluated | Promise<Evaluated> {
    this.evaluations++;
    return evaluate();
  }

  /** Goes on with an answer that is there, or, counted as in flight, when its activity has it. */
  private settle(index: number, answer: Evaluated | Promise<Evaluated>, then: (answer: Evaluated) => void): void {
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
        const { cancellations } = this;
        this.settle(
          task,
          this.evaluated(() => this.values.template(template, this.plan.tasks[task]!.id)),
          (answer) => (cancellations === this.cancellations ? then(answer) : this.end(task, { state: 'cancelled' })),
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
    for (const index of this.walk.rewind(to)) {
      const task = this.plan.tasks[index]!;
      const polled = this.waits.withdraw(index);
      this.approvals.withdraw(index);
      this.rewinds.rewound(index, running.has(index) && (polled || task.activity !== undefined || task.value !== undefined));
      this.ledger.noteRewound(index);
    }
    return true;
  }

  private cancelRunning(): void {
    this.cancellations++;
    this.cancelWanted = true;
  }
}

function failed(failure: Failure): TaskEnding {
  return { state: 'failed', failure };
}
