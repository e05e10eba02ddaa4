import type { DagPlan, TaskPlan } from '../plan.js';
import type { DagHook } from '../spec.js';
import type { FinalRunState, FinalTaskState, TaskState } from '../state.js';
import { Walk } from '../walk.js';
import type { WalkStates } from '../walk-states.js';
import type { KeptRun } from './script.js';
import type { RunPlace, SimulatedHook, SimulatedRun, SimulatedTask, StopReason } from './simulation.js';
import { pathBelow, type RunUnderway, type Underway, type World } from './underway.js';
import { runHooks } from './virtual-hooks.js';
import { VirtualTasks } from './virtual-tasks.js';

/** The hook that answers each end of a run; `exit` follows (R12). */
const ANSWERS: { readonly [state in FinalRunState]: DagHook } = { success: 'success', failed: 'failure', cancelled: 'cancel' };

/** One run in virtual time: drives the walk as the workflow does, and begins what the walk asks for. */
export class VirtualRun implements RunUnderway {
  private walk: Walk;
  private readonly tasks: VirtualTasks;
  private readonly underway = new Map<number, Underway>();
  /** What still runs of tasks that were rewound, whose hooks run, and who waits for either to end. */
  private readonly letGo = new Map<number, Underway>();
  private readonly answering = new Map<number, number>();
  private readonly parked = new Set<number>();
  private readonly times: { startedAt?: number; endedAt?: number }[];
  /** The state of each task that was noted last. */
  private readonly noted: TaskState[];
  /** Tasks that still have the result of the attempt before. */
  private readonly kept: Set<number>;
  private readonly hooks: SimulatedHook[] = [];
  private readonly startedAt: number;
  private turns = 0;
  private turning = false;
  private closing = false;
  private tripped = false;
  private stopped: SimulatedRun['stopped'];

  constructor(
    private readonly world: World,
    private readonly plan: DagPlan,
    private readonly place: RunPlace,
    private readonly done: (run: SimulatedRun) => void,
    kept?: KeptRun,
    private readonly leftOut?: ReadonlySet<number>,
  ) {
    this.startedAt = world.timeline.now;
    this.walk = new Walk(plan, kept?.states, { chosen: kept?.chosen, leftOut });
    this.tasks = new VirtualTasks(
      world,
      plan,
      place,
      {
        stateOf: (task) => this.walk.stateOf(task),
        isKept: (task) => this.kept.has(task),
        rewind: (task) => this.rewind(task),
        turn: (what) => this.turn(what),
      },
      kept,
    );
    this.times = plan.tasks.map(() => ({}));
    this.kept = new Set(plan.tasks.flatMap((_, i) => (kept === undefined || kept.states[i] === '.' ? [] : [i])));
    this.noted = plan.tasks.map((_, i): TaskState => (this.kept.has(i) ? this.walk.stateOf(i) : 'pending'));
  }

  /** `timeoutMs` holds beside that of the plan. Once. */
  begin(timeoutMs = Infinity): void {
    const limit = Math.min(timeoutMs, this.plan.timeoutMs ?? Infinity);
    if (limit < Infinity) this.world.timeline.after(limit, () => this.stop('timeout'));
    this.world.timeline.after(0, () => this.turn(() => this.note()));
  }

  stop(reason: StopReason): void {
    if (this.stopped !== undefined || this.closing) return;
    this.stopped = { reason, at: this.world.timeline.now, after: this.world.changes.length };
    this.turn(() => {
      this.walk.stop();
      this.note();
      this.cancelAll();
    });
  }

  /** Does something, and then all that may be done now. What that ends at once is part of the same turn. */
  private turn(what: () => void): void {
    if (this.turning) return what();
    this.turning = true;
    what();
    this.launch();
    this.turning = false;
    if (this.letGo.size === 0 && this.world.hops(this.turns++)) this.hop();
    if (this.closing || !this.walk.isDone || this.underway.size + this.letGo.size + this.answering.size > 0) return;
    this.closing = true;
    this.close();
  }

  private launch(): void {
    for (;;) {
      this.dropUnwanted();
      const step = this.walk.next();
      if (step === undefined) return this.note();
      if (step.step === 'when') this.answerWhen(step.task);
      else if (this.isHeldUp(step.task)) this.parked.add(step.task);
      else this.start(step.task);
    }
  }

  private answerWhen(index: number): void {
    const { when } = this.plan.tasks[index]!;
    const answer = typeof when === 'boolean' ? when : (this.tasks.scriptOf(index).when ?? true);
    if (answer === true) this.walk.admit(index);
    else this.end(index, answer === 'error' ? 'failed' : 'skipped');
  }

  private start(index: number): void {
    this.walk.start(index);
    this.note();
    this.times[index] = { startedAt: this.world.timeline.now };
    const part: Underway = this.tasks.begin(index, (state) => this.over(index, part, state));
    this.underway.set(index, part);
  }

  /** A part of this run has ended: that of a task as it is now, or what was left of an earlier life of it. */
  private over(index: number, part: Underway, state: FinalTaskState): void {
    this.turn(() => {
      if (this.letGo.get(index) === part) {
        this.letGo.delete(index);
        return this.release(index);
      }
      this.underway.delete(index);
      this.end(index, state);
    });
  }

  private end(index: number, state: FinalTaskState): void {
    this.walk.finish(index, state, this.tasks.chosenBy(index));
    this.note();
    const { hooks } = this.plan.tasks[index]!;
    const due = state === 'success' ? hooks?.success : state === 'failed' ? hooks?.failure : undefined;
    if (due === undefined) return;
    this.answering.set(index, (this.answering.get(index) ?? 0) + 1);
    this.runHooks(due, false, () =>
      this.turn(() => {
        const left = this.answering.get(index)! - 1;
        if (left > 0) return void this.answering.set(index, left);
        this.answering.delete(index);
        this.release(index);
      }),
    );
  }

  /** What still runs of what is to be done again is cancelled, but for clean-up; a task starts anew when all of its own is over. */
  private rewind(to: number): boolean {
    if (this.stopped !== undefined || this.walk.failFastTripped) return false;
    this.turn(() => {
      const again = this.walk.toRewind(to);
      this.walk.rewind(again);
      for (const index of again) {
        this.parked.delete(index);
        this.kept.delete(index);
        this.tasks.forget(index);
        this.times[index] = {};
        this.noteState(index, 'pending');
        const part = this.underway.get(index);
        if (part === undefined) continue;
        this.underway.delete(index);
        this.letGo.set(index, part);
        if (this.plan.tasks[index]!.teardown === undefined) part.cancel();
      }
      this.note();
    });
    return true;
  }

  private isHeldUp(index: number): boolean {
    return this.letGo.has(index) || this.answering.has(index);
  }

  private release(index: number): void {
    if (this.isHeldUp(index)) return;
    this.walk.giveBack(index);
    if (this.parked.delete(index)) this.walk.putBack(index);
  }

  /** Cancels what failFast (R22) or a join (R6) does not want any more. */
  private dropUnwanted(): void {
    for (;;) {
      const unwanted = this.walk.takeUnwanted();
      const trips = this.walk.failFastTripped && !this.tripped;
      if (unwanted.length === 0 && !trips) return;
      for (const task of unwanted) this.underway.get(task)?.cancel();
      if (!trips) continue;
      this.tripped = true;
      this.cancelAll();
    }
  }

  /** Ends what runs, but never a teardown (R11). */
  private cancelAll(): void {
    for (const [task, part] of [...this.underway]) if (this.plan.tasks[task]!.teardown === undefined) part.cancel();
  }

  private hop(): void {
    const { failFastTripped } = this.walk;
    this.walk = new Walk(this.plan, this.walk.snapshot(), {
      failFastTripped,
      stopped: this.stopped !== undefined,
      chosen: (branch) => this.tasks.chosenBy(branch),
      leftOut: this.leftOut,
    });
    this.note();
    this.tasks.hop();
  }

  private close(): void {
    const { reason } = this.stopped ?? {};
    const state = reason === 'cancelled' ? 'cancelled' : reason === 'timeout' ? 'failed' : this.walk.outcome()!;
    const due = (this.plan.hooks ?? []).filter(({ on }) => on === ANSWERS[state] || on === 'exit');
    this.runHooks(
      due.map(({ task }) => task),
      true,
      () => this.done(this.result(state)),
    );
  }

  private runHooks(hooks: readonly TaskPlan[], together: boolean, done: () => void): void {
    runHooks(this.world.timeline, this.world.script, hooks, {
      prefix: pathBelow(this.place, ''),
      together,
      began: (hook) => this.hooks.push(hook),
      done,
    });
  }

  /** The states of its tasks, for messages. */
  snapshot(): WalkStates {
    return this.walk.snapshot();
  }

  private result(state: FinalRunState): SimulatedRun {
    const { stopped, startedAt, hooks } = this;
    const endedAt = this.world.timeline.now;
    return {
      ...this.place,
      state,
      ...(stopped && { stopped }),
      startedAt,
      endedAt,
      counts: this.walk.counts(),
      tasks: this.results(),
      hooks,
    };
  }

  private results(): SimulatedTask[] {
    return this.plan.tasks.map(({ id }, i) => {
      const items = this.tasks.itemsOf(i);
      const chosen = this.tasks.chosenBy(i)?.map((each) => this.plan.tasks[each]!.id);
      return { id, state: this.walk.stateOf(i), ...this.times[i], ...(items && { items }), ...(chosen && { chosen }) };
    });
  }

  /** Notes what has changed since the last time. */
  private note(): void {
    for (const task of this.walk.takeChanges()) this.noteState(task, this.walk.stateOf(task));
  }

  private noteState(task: number, state: TaskState): void {
    if (state === this.noted[task]) return;
    this.noted[task] = state;
    const at = this.world.timeline.now;
    if (state !== 'pending' && state !== 'queued' && state !== 'running') this.times[task]!.endedAt ??= at;
    this.world.changes.push({ at, run: this.place.run, task, state });
  }
}
