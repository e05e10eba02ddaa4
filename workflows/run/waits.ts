import { CancellationScope } from '@temporalio/workflow';
import type { PollCall, TaskReturn } from '../../activities/task-call.js';
import { formatDuration, parseDuration } from '../../src/dag/duration.js';
import { formatInstant, parseInstant } from '../../src/dag/instant.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { PollPlan, WaitPlan } from '../../src/dag/wait-plan.js';
import type { Walk } from '../../src/dag/walk.js';
import { Alarm } from './alarm.js';
import { startPoll } from './dispatch.js';
import { reaches } from './reach-of-cancel.js';
import type { Rewinds } from './rewinds.js';
import type { RunLedger } from './run-ledger.js';
import type { Evaluated, RunValues } from './run-values.js';
import { checkedEnding, failed, type TaskEnding, timeoutEnding } from './task-ending.js';
import { endingOfFailure } from './task-failure.js';
import type { TaskHost, TaskPart } from './task-host.js';

/** Waits that are polled at the same time; Temporal takes 2,000 pending activities, 500 of which are the tasks'. The others wait in line. */
const MAX_POLLED = 1_000;

/** Characters of a call that names nothing: counted without being written out. */
const SMALL_CALL = 400;

/** What a wait gives that goes on after its timeout: the fields of R17, empty. */
const NOTHING_MET: { readonly [what in PollPlan['what']]: JsonObject } = {
  file: { files: [] },
  http: { status: null, headers: {}, body: null },
  sql: { value: null, rowCount: 0 },
};

/** A wait whose polls are under way. */
interface Poll {
  readonly scope: CancellationScope;
  cancelled: boolean;
}

/**
 * The waits of a run. Timers share one clock, polls are attempts of one activity each; none takes a place (R13), and none keeps
 * the run from going on in a new execution: what they wait for stands in their records, and is begun again from there.
 */
export class Waits implements TaskPart {
  private readonly alarm: Alarm;
  private readonly timers = new Set<number>();
  private readonly polls = new Map<number, Poll>();
  private readonly line: number[] = [];
  private resumed = false;

  constructor(
    private readonly dagId: string,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly prefix: string,
    private readonly host: TaskHost,
    private readonly rewinds: Rewinds,
  ) {
    this.alarm = new Alarm(
      (what) => host.tell(what),
      (task) => this.ring(task),
      (task) => {
        const { at = 0, deadline = 0 } = ledger.recordOf(task)?.waiting ?? {};
        return at > deadline ? `timeout of ${plan.tasks[task]!.id}` : plan.tasks[task]!.id;
      },
    );
  }

  /** Begins a wait whose task has been started. */
  begin(task: number, wait: WaitPlan): void {
    const deadline = Date.now() + wait.timeoutMs;
    if (wait.poll !== undefined) {
      this.ledger.noteWaiting(task, { deadline }, undefined);
      return this.poll(task, wait.poll, deadline);
    }
    const { timer } = wait;
    if (timer === undefined) return;
    this.host.evaluate(
      task,
      () => this.values.template(timer.value, this.plan.tasks[task]!.id),
      (answer) => this.setTimer(task, timer, deadline, answer),
    );
  }

  /** Begins again what an earlier execution of the run was waiting for. Once. */
  resume(walk: Walk): void {
    if (this.resumed) return;
    this.resumed = true;
    for (const task of walk.running()) {
      const waiting = this.ledger.recordOf(task)?.waiting;
      const wait = this.plan.tasks[task]!.wait;
      if (waiting === undefined || wait === undefined || wait.run !== undefined) continue;
      const { deadline = 0, at = deadline } = waiting;
      if (wait.poll !== undefined) this.poll(task, wait.poll, deadline);
      else this.setAlarm(task, at, deadline);
    }
  }

  /** Timers end here, polls once Temporal says so. */
  cancel(only?: number): void {
    for (const task of [...this.timers, ...this.line, ...this.polls.keys()]) {
      if (!reaches(this.plan, task, only)) continue;
      this.withdraw(task);
      if (!this.polls.has(task)) this.host.end(task, { state: 'cancelled' });
    }
  }

  withdraw(task: number): void {
    this.timers.delete(task);
    this.alarm.clear(task);
    const at = this.line.indexOf(task);
    if (at >= 0) this.line.splice(at, 1);
    const poll = this.polls.get(task);
    if (poll === undefined || poll.cancelled) return;
    poll.cancelled = true;
    // From now on in flight: a new execution of the run would take it for one that goes on.
    this.host.began();
    poll.scope.cancel();
  }

  private setTimer(task: number, { by }: NonNullable<WaitPlan['timer']>, deadline: number, answer: Evaluated): void {
    const { id } = this.plan.tasks[task]!;
    const at = 'error' in answer ? answer.error : momentOf(by, 'value' in answer.output ? answer.output.value : null);
    if (typeof at === 'string') return this.host.end(task, failed('expression', `${by} of task ${id}: ${at}`));
    const bound = at > deadline ? `; its timeout ends it at ${formatInstant(deadline) ?? ''}` : '';
    this.ledger.noteWaiting(task, { deadline, at }, `waits until ${formatInstant(at) ?? ''}${bound}`);
    this.setAlarm(task, at, deadline);
  }

  private setAlarm(task: number, at: number, deadline: number): void {
    this.timers.add(task);
    this.alarm.set(task, Math.min(at, deadline));
  }

  private ring(task: number): void {
    if (!this.timers.delete(task)) return;
    const { at = 0, deadline = 0 } = this.ledger.recordOf(task)?.waiting ?? {};
    if (at > deadline) return this.timedOut(task, { at: formatInstant(deadline) ?? null });
    const output: Json = { timedOut: false, at: formatInstant(at) ?? null };
    this.host.end(task, checkedEnding(this.plan.tasks[task]!, { value: output }));
  }

  private poll(index: number, poll: PollPlan, deadline: number): void {
    if (this.polls.size >= MAX_POLLED) {
      this.line.push(index);
      return;
    }
    const task = this.plan.tasks[index]!;
    const call: PollCall = {
      task: task.id,
      body: this.plan.bodies[poll.body]!,
      prefix: this.prefix,
      deadline,
      pace: poll.pace,
      rewinds: this.ledger.recordOf(index)?.rewinds,
      ...this.values.callValues(task),
    };
    const chars = task.needs === undefined ? SMALL_CALL : JSON.stringify(call).length;
    const begin = (): Promise<TaskReturn> => startPoll(task, poll, call, this.dagId, Date.now());
    const scope = new CancellationScope();
    const polling: Poll = { scope, cancelled: false };
    this.polls.set(index, polling);
    const round = this.rewinds.begun(index);
    const over = (ending: () => TaskEnding): void =>
      this.host.tell(() => {
        if (polling.cancelled) this.host.over();
        this.polls.delete(index);
        this.pollNext();
        if (!this.rewinds.over(index, round)) return;
        const end = ending();
        if (end.failure?.kind === 'timeout') this.timedOut(index, NOTHING_MET[poll.what], end.failure.message);
        else this.host.end(index, end);
      });
    scope
      .run(() => this.values.allowance.begin(chars, begin))
      .then(
        ({ output }) => over(() => ({ state: 'success', output })),
        (error: unknown) =>
          over(() => endingOfFailure(error, { id: task.id, name: 'wait', queue: poll.queue ?? 'of the run' })),
      );
  }

  private pollNext(): void {
    const next = this.line.shift();
    if (next === undefined) return;
    const { deadline = 0 } = this.ledger.recordOf(next)!.waiting!;
    this.poll(next, this.plan.tasks[next]!.wait!.poll!, deadline);
  }

  private timedOut(index: number, met: JsonObject, why?: string): void {
    const task = this.plan.tasks[index]!;
    const { timeoutMs, onTimeout } = task.wait!;
    const message = `task ${task.id} waited for its whole timeout of ${formatDuration(timeoutMs)}${why === undefined ? '' : `: ${why}`}`;
    this.host.end(index, timeoutEnding(task, onTimeout, message, { timedOut: true, ...met }));
  }
}

/** The moment that a value names, in epoch ms, or why it names none. */
function momentOf(by: 'duration' | 'until', value: Json): number | string {
  if (typeof value !== 'string')
    return `must be a text such as ${by === 'duration' ? '1h30m' : '2024-01-31T06:00:00Z'}, not ${JSON.stringify(value).slice(0, 100)}`;
  if (by === 'until')
    return parseInstant(value) ?? `${JSON.stringify(value.slice(0, 60))} is no instant; write one as 2024-01-31T06:00:00Z`;
  try {
    return Date.now() + parseDuration(value);
  } catch (error) {
    return (error as Error).message;
  }
}
