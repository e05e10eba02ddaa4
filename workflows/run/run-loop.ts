import { CancellationScope, condition, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import type { TaskCall, TaskReturn } from '../../activities/task-call.js';
import type { Json } from '../../src/dag/json.js';
import { validateJson } from '../../src/dag/json-schema.js';
import type { ActivityPlan, BranchPlan, DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Failure, OutputValue } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../contract.js';
import { chooseTargets } from './branch.js';
import { conditionAnswer } from './condition-answer.js';
import { startActivity, system } from './dispatch.js';
import { QueueWatch } from './queue-watch.js';
import type { RunLedger, TaskEnding } from './run-ledger.js';
import type { Evaluated, RunValues } from './run-values.js';
import { clip, endingOfFailure } from './task-failure.js';
import { TaskScopes } from './task-scopes.js';

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
 */
export class RunLoop {
  private readonly inbox: (() => void)[] = [];
  private inFlight = 0;
  /** How often what runs has been cancelled: what was asked before belongs to another time. */
  private cancellations = 0;
  private cancelWanted = false;
  private readonly watch: QueueWatch;
  private readonly scopes: TaskScopes;
  /** Tasks that a join does not want any more, before their activity could be started. */
  private readonly dropped = new Set<number>();
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
    stopped?: 'cancelled' | 'timeout',
  ) {
    this.stopReason = stopped;
    this.scopes = new TaskScopes(plan);
    this.watch = new QueueWatch(system, (task, text) => this.tell(() => ledger.noteNotice(task, text)));
    this.failFastSeen = walk.failFastTripped;
  }

  /** What stopped the run before its tasks were through, if anything did. */
  get stopped(): 'cancelled' | 'timeout' | undefined {
    return this.stopReason;
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
      const mayContinue = this.inFlight === 0 && !this.walk.isDone && workflowInfo().historyLength >= CONTINUE_FROM_EVENTS;
      if (!mayContinue) this.launch();
      this.ledger.noteChanges(Date.now());
      if (this.walk.isDone && this.inFlight === 0) return 'done';
      if (this.inFlight === 0 && this.inbox.length === 0 && (mayContinue || this.mustDrain())) return 'continue_as_new';
      // Something inside the walk itself may have tripped failFast or met a join just now.
      this.dropUnwanted();
      if (this.walk.failFastTripped && !this.failFastSeen) continue;
      await this.news();
    }
  }

  private async news(): Promise<void> {
    try {
      await condition(() => this.inbox.length > 0);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      this.stop('cancelled');
    }
  }

  /** Puts something into the inbox: it is done at the next turn of the loop. */
  private tell(what: () => void): void {
    this.inbox.push(what);
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
      // What answers a failure must not start before the others are cancelled: it would be cancelled with them.
      if (this.walk.failFastTripped && !this.failFastSeen) return;
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
    const condition = conditionAnswer(answer, `when of task ${task.id}`);
    if ('error' in condition) this.end(index, failed({ kind: 'expression', message: condition.error }));
    else if (condition.value) this.walk.admit(index);
    else this.end(index, { state: 'skipped' });
  }

  private carryOut(index: number, task: TaskPlan): void {
    this.walk.start(index);
    if (task.activity !== undefined) return this.dispatch(index, task, task.activity);
    if (task.branch !== undefined) return this.choose(index, task, task.branch);
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
        this.end(index, { ...this.checked(task, { output: { value: { chosen } } }), startedAt }, choice.chosen);
      },
    );
  }

  private dispatch(index: number, task: TaskPlan, activity: ActivityPlan): void {
    if (activity.foreign !== undefined) return this.dispatchForeign(index, task, activity, activity.foreign.args);
    const call: TaskCall = {
      task: task.id,
      body: this.plan.bodies[activity.body ?? 0]!,
      prefix: this.prefix,
      ...this.values.callValues(task),
    };
    this.send(index, task, activity, [call], (result) => {
      const { output, attempts } = result as TaskReturn;
      return { state: 'success', output, attempts, startedAt: attempts[0]?.startedAt, endedAt: attempts.at(-1)?.endedAt };
    });
  }

  /** Workers of other languages get plain arguments, rendered here (R14), and return a plain value. */
  private dispatchForeign(index: number, task: TaskPlan, activity: ActivityPlan, args: readonly Json[]): void {
    const { cancellations } = this;
    this.settle(
      index,
      this.evaluated(() => this.values.template(args, task.id, FOREIGN_ARGS_LIMIT)),
      (answer) => {
        const cancelled = cancellations !== this.cancellations && task.teardown === undefined;
        if (cancelled || this.dropped.has(index)) return this.end(index, { state: 'cancelled' });
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
    const over = (result: () => TaskEnding): void =>
      this.tell(() => {
        this.inFlight--;
        this.scopes.ended(index);
        if (activity.queue !== undefined) this.watch.ended(index, activity.queue);
        this.end(index, result());
      });
    const queue = activity.queue ?? workflowInfo().taskQueue;
    const start = (): Promise<unknown> => startActivity(task, activity, args, this.run.dagId);
    this.scopes.start(index, task, start).then(
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

  private end(index: number, ending: TaskEnding, chosen?: readonly number[]): void {
    this.ledger.noteEnding(index, ending);
    this.walk.finish(index, ending.state, chosen);
  }

  /** Cancels what a join does not wait for any more; all of it ends by itself, as any other task. */
  private dropUnwanted(): void {
    for (const task of this.walk.takeUnwanted()) if (!this.scopes.cancel(task)) this.dropped.add(task);
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
    const over = (settled: () => void): void =>
      this.tell(() => {
        this.inFlight--;
        settled();
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

  private cancelRunning(): void {
    this.cancellations++;
    this.cancelWanted = true;
  }
}

/** Foreign activities get JSON up to this size in bytes; above it the reference to the stored value (R15). */
const FOREIGN_ARGS_LIMIT = 1_500_000;

function failed(failure: Failure): TaskEnding {
  return { state: 'failed', failure };
}
