import { CancellationScope } from '@temporalio/workflow';
import type { SystemActivities } from '../../activities/system-calls.js';
import type { DeadlinePlan, DeadlineRecord } from '../../src/dag/deadline-plan.js';
import { formatDuration } from '../../src/dag/duration.js';
import { type Forecast, forecast } from '../../src/dag/forecast.js';
import { formatInstant, parseInstant } from '../../src/dag/instant.js';
import type { Json } from '../../src/dag/json.js';
import { MAX_HOOK_MS } from '../../src/dag/limits.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Failure, FinalRunState, TaskState } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../contract.js';
import { Alarm } from './alarm.js';
import type { RunContext } from './performers.js';
import { carryOutHook, hookState } from './run-hooks.js';
import type { RunLedger } from './run-ledger.js';
import type { RunValues } from './run-values.js';
import { shielded } from './shielded.js';
import type { TaskEnding } from './task-ending.js';

/** A forecast costs a look at each task: no two within this time, more where there are many tasks, in ms. */
const FORECAST_PAUSE_MS = 1_000;
const FORECAST_MS_PER_TASK = 5;

const OPEN: ReadonlySet<TaskState> = new Set<TaskState>(['pending', 'queued', 'running']);

/** What a deadline that is missed does. */
export interface DeadlineActs {
  /** Ends the run; it cleans up. */
  stop(reason: 'cancelled' | 'deadline'): void;
  /** Ends a task, whatever it is at, as cancelled, or as failed for that reason. */
  giveUp(task: number, failure: Failure | undefined): void;
}

/**
 * The deadlines of a run: one durable timer for the next moment that matters, hooks for what is missed, or will be if the rest takes as long as
 * it usually does. Begins before the run has its place: a queue makes late, too.
 */
export class Deadlines {
  private readonly records: DeadlineRecord[];
  private readonly alarm: Alarm;
  private usual: { readonly [taskId: string]: number } = {};
  private lastForecast = 0;
  private hooks = 0;
  private hasStarted = false;
  /** Deadlines whose hooks were called before they were missed. */
  private readonly foretold: Set<number>;
  private readonly waiters: (() => void)[] = [];
  private wakeStopped: () => void = () => undefined;
  /** Resolves when a deadline ends the run. */
  readonly stopping = new Promise<void>((resolve) => (this.wakeStopped = resolve));

  private readonly run: RunFacts;
  private readonly plan: DagPlan;
  private readonly walk: Walk;
  private readonly ledger: RunLedger;
  private readonly values: RunValues;

  constructor(
    { input, plan, walk, ledger, values }: Pick<RunContext, 'input' | 'plan' | 'walk' | 'ledger' | 'values'>,
    private readonly prefix: string,
    private readonly acts: DeadlineActs,
    /** Puts something into the inbox of the loop, or wakes it. */
    private readonly tell: (what: () => void) => void,
    private readonly system: (summary: string) => Pick<SystemActivities, 'usualDurations'>,
  ) {
    this.run = input.run;
    this.plan = plan;
    this.walk = walk;
    this.ledger = ledger;
    this.values = values;
    const { deadlines = [] } = plan;
    this.records = [...(input.carried?.deadlines ?? deadlines.map((deadline) => this.recordOf(deadline)))];
    this.foretold = new Set(this.records.flatMap(({ expectedAt }, i) => (expectedAt === undefined ? [] : [i])));
    // Not in turn of the loop, which does not run yet while the run waits for its place.
    this.alarm = new Alarm(
      (what) => {
        what();
        this.tell(() => undefined);
      },
      () => this.check(),
      () => 'next deadline',
    );
    this.show();
  }

  /** Begins to watch, once; `started` = the run has its place. */
  begin(started: boolean): void {
    this.hasStarted = started;
    if (this.records.length === 0) return;
    this.check();
    const { dagId, runId } = this.run;
    void shielded(() => this.system('usual durations').usualDurations({ dagId, runId })).then(
      (usual) =>
        this.tell(() => {
          this.usual = usual;
          this.check();
        }),
      // Nothing is foretold then.
      () => undefined,
    );
  }

  /** The run has its place, and begins to work. */
  started(): void {
    this.hasStarted = true;
    this.check();
  }

  /** No hook is under way. */
  get isIdle(): boolean {
    return this.hooks === 0;
  }

  /** Why the run has failed, where a deadline made it. */
  get reason(): Failure {
    const missed = this.records.find(
      ({ task, state, behavior }) => task === undefined && state === 'missed' && behavior === 'fail',
    );
    return { kind: 'deadline', message: missed === undefined ? 'a deadline was missed' : this.textOf(missed) };
  }

  snapshot(): readonly DeadlineRecord[] | undefined {
    return this.records.length === 0 ? undefined : this.records;
  }

  /** The run is over but for its hooks. */
  over(state: FinalRunState): void {
    this.check(state);
  }

  /** What has happened, or what time it is, may have met or missed some. `over` = how the run ended. */
  check(over?: FinalRunState): void {
    if (this.records.length === 0) return;
    const now = Date.now();
    let next = Infinity;
    let open = false;
    for (const [i, record] of this.records.entries()) {
      if (record.state !== 'pending' && record.state !== 'predicted') continue;
      const deadline = this.plan.deadlines![i]!;
      const dueAt = record.dueAt ?? this.dueOf(deadline);
      if (dueAt === undefined) {
        // A task that never began has no time to keep.
        if (over !== undefined || this.endOf(deadline) !== undefined)
          this.become(i, { state: this.endStateOf(deadline, over), at: now });
        continue;
      }
      if (record.dueAt === undefined) this.become(i, { dueAt });
      const endedAt = over !== undefined && deadline.task === undefined ? now : this.endOf(deadline);
      if (endedAt !== undefined && endedAt <= dueAt) this.become(i, { state: this.endStateOf(deadline, over), at: endedAt });
      else if (dueAt <= now) this.miss(i, deadline, dueAt, now);
      else {
        open = true;
        next = Math.min(next, dueAt);
      }
    }
    if (open && over === undefined) next = Math.min(next, this.foresee(now));
    if (next < Infinity && over === undefined) this.alarm.set(0, next);
    else this.alarm.clear(0);
  }

  /** Resolves when all hooks are over. */
  async settled(): Promise<void> {
    while (this.hooks > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Says what will be missed; returns when to look again. */
  private foresee(now: number): number {
    if (Object.keys(this.usual).length === 0) return Infinity;
    const pause = Math.max(FORECAST_PAUSE_MS, FORECAST_MS_PER_TASK * this.plan.tasks.length);
    if (now < this.lastForecast + pause) return this.lastForecast + pause;
    this.lastForecast = now;
    const seen = forecast({
      plan: this.plan,
      usual: (task) => this.usual[this.plan.tasks[task]!.id] ?? 0,
      stateOf: (task) => this.walk.stateOf(task),
      startedAt: (task) => this.ledger.recordOf(task)?.startedAt,
      now,
    });
    let slack = Infinity;
    this.records.forEach((record, i) => {
      if ((record.state !== 'pending' && record.state !== 'predicted') || record.dueAt === undefined) return;
      const { task } = this.plan.deadlines![i]!;
      const expectedAt = task === undefined ? seen.end : seen.endOf(task);
      if (expectedAt > record.dueAt) this.predict(i, seen, expectedAt, now);
      else slack = Math.min(slack, record.dueAt - expectedAt);
    });
    // Where nothing ends meanwhile, what is expected moves on with the clock at most.
    return now + Math.max(pause, slack + 1);
  }

  private predict(i: number, seen: Forecast, expectedAt: number, now: number): void {
    const deadline = this.plan.deadlines![i]!;
    const cause = seen.because(deadline.task);
    const isNew = this.records[i]!.state === 'pending';
    this.become(i, {
      ...{ state: 'predicted', expectedAt },
      ...(isNew ? { at: now } : {}),
      ...(cause === undefined ? {} : { because: this.plan.tasks[cause]!.id }),
    });
    if (isNew) this.callHook(i, deadline);
  }

  private miss(i: number, { behavior, task, ...deadline }: DeadlinePlan, dueAt: number, now: number): void {
    // One that had passed before anybody could do anything is told to nobody: dates of the past are made up for.
    if (dueAt <= this.run.acceptedAt && this.records[i]!.state === 'pending')
      return this.become(i, { state: 'passed', at: now });
    this.become(i, { state: 'missed', at: now });
    this.callHook(i, deadline);
    const failure: Failure = { kind: 'deadline', message: this.textOf(this.records[i]!) };
    if (behavior === undefined) return;
    if (task !== undefined) return this.acts.giveUp(task, behavior === 'fail' ? failure : undefined);
    this.acts.stop(behavior === 'fail' ? 'deadline' : 'cancelled');
    this.wakeStopped();
  }

  private callHook(i: number, { hook }: Pick<DeadlinePlan, 'hook'>): void {
    if (hook === undefined) return;
    const values = this.values.inHookOf({ deadline: this.factsOf(this.records[i]!) });
    this.hooks++;
    this.become(i, { hook: { state: 'running' } });
    const over = (ending: TaskEnding | undefined): void => {
      this.hooks--;
      const { failure } = ending ?? {};
      const state = ending === undefined ? 'failed' : hookState(ending);
      this.become(i, { hook: { state: state as 'success', ...(failure === undefined ? {} : { message: failure.message }) } });
      for (const wake of this.waiters.splice(0)) wake();
      this.tell(() => undefined);
    };
    // The call before and the one after are two activities, and have keys of their own.
    const about = this.foretold.has(i) ? { rewinds: 1 } : {};
    if (this.records[i]!.state === 'predicted') this.foretold.add(i);
    const run = { plan: this.plan, values, prefix: this.prefix, about };
    CancellationScope.nonCancellable(() => carryOutHook(run, hook, MAX_HOOK_MS)).then(over, () => over(undefined));
  }

  private become(i: number, change: Partial<DeadlineRecord>): void {
    this.records[i] = { ...this.records[i]!, ...change };
    this.show();
  }

  private show(): void {
    if (this.records.length > 0) this.ledger.noteDeadlines([...this.records]);
  }

  private recordOf({ task, reference, behavior }: DeadlinePlan): DeadlineRecord {
    const of = task === undefined ? {} : { task: this.plan.tasks[task]!.id };
    return { ...of, reference, behavior: behavior ?? 'alert', state: 'pending' };
  }

  private endStateOf({ task }: DeadlinePlan, over: FinalRunState | undefined): 'met' | 'ended' {
    return (task === undefined ? over : this.walk.stateOf(task)) === 'success' ? 'met' : 'ended';
  }

  /** When it is due; undefined while what it counts from has not happened. */
  private dueOf({ task, reference, intervalMs, at }: DeadlinePlan): number | undefined {
    const from = this.referenceOf(task, reference, at);
    return from === undefined ? undefined : from + intervalMs;
  }

  private referenceOf(
    task: number | undefined,
    reference: DeadlinePlan['reference'],
    at: Json | undefined,
  ): number | undefined {
    switch (reference) {
      case 'logicalDate':
        return parseInstant(this.run.scope.logicalDate);
      case 'fixed':
        return this.fixed(at);
      case 'queued':
        if (task === undefined) return this.run.acceptedAt;
        // A task that starts at once was never seen in line.
        return this.ledger.recordOf(task)?.queuedAt ?? this.ledger.recordOf(task)?.startedAt;
      case 'start':
        if (task !== undefined) return this.ledger.recordOf(task)?.startedAt;
        return this.hasStarted ? this.ledger.startedAt : undefined;
    }
  }

  /** A moment that cannot be evaluated at once, or is none, is never due; the spec was checked for what can be known. */
  private fixed(at: Json | undefined): number | undefined {
    const answer = at === undefined ? undefined : this.values.template(at, 'deadline');
    if (answer === undefined || answer instanceof Promise || 'error' in answer || !('value' in answer.output)) return undefined;
    const { value } = answer.output;
    return typeof value === 'string' ? parseInstant(value) : undefined;
  }

  /** When its task has ended; of the run: never, from in here. */
  private endOf({ task }: DeadlinePlan): number | undefined {
    if (task === undefined || OPEN.has(this.walk.stateOf(task))) return undefined;
    return this.ledger.recordOf(task)?.endedAt ?? Date.now();
  }

  /** What expressions of its hook know as `deadline`. */
  private factsOf(record: DeadlineRecord): Json {
    const { task = null, reference, behavior, state, dueAt, expectedAt, because = null, at = Date.now() } = record;
    const late = dueAt === undefined ? undefined : Math.max(0, (state === 'predicted' ? (expectedAt ?? dueAt) : at) - dueAt);
    return {
      ...{ task, reference, behavior, state, because },
      dueAt: instantOf(dueAt),
      expectedAt: instantOf(expectedAt),
      lateBy: late === undefined ? null : formatDuration(Math.ceil(late / 1_000) * 1_000),
      text: this.textOf(record),
    };
  }

  private textOf({ task, reference, state, dueAt, expectedAt, because }: DeadlineRecord): string {
    const what = task === undefined ? `run ${this.run.runId}` : `task ${task} of run ${this.run.runId}`;
    const due = `its deadline of ${instantOf(dueAt)} (by ${reference})`;
    if (state !== 'predicted') return `${what} has missed ${due}`;
    const late = formatDuration(Math.ceil(((expectedAt ?? 0) - (dueAt ?? 0)) / 1_000) * 1_000);
    return `${what} will miss ${due} by ${late}, it ends about ${instantOf(expectedAt)}${because === undefined ? '' : `, mostly because of task ${because}`}`;
  }
}

function instantOf(ms: number | undefined): string | null {
  return ms === undefined ? null : (formatInstant(ms) ?? null);
}
