import { CancellationScope } from '@temporalio/workflow';
import type { PollCall } from '../../activities/task-call.js';
import { formatDuration, parseDuration } from '../../src/dag/duration.js';
import { formatInstant, parseInstant } from '../../src/dag/instant.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Failure } from '../../src/dag/state.js';
import type { PollPlan, WaitPlan } from '../../src/dag/wait-plan.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts } from '../contract.js';
import { Alarm } from './alarm.js';
import { startPoll } from './dispatch.js';
import { reaches } from './reach-of-cancel.js';
import type { RunLedger, TaskEnding } from './run-ledger.js';
import type { Evaluated, RunValues } from './run-values.js';
import type { Seat } from './seat.js';
import { endingOfFailure } from './task-failure.js';

/** Waits that are polled at the same time; Temporal takes 2,000 pending activities, 500 of which are the tasks'. The others wait in line. */
const MAX_POLLED = 1_000;

/** What a wait gives that goes on after its timeout: the fields of R17, empty. */
const NOTHING_MET: { readonly [what in PollPlan['what']]: JsonObject } = {
  file: { files: [] },
  http: { status: null, headers: {}, body: null },
  sql: { value: null, rowCount: 0 },
};

/**
 * The waits of a run. Timers share one clock, polls are attempts of one activity each; none takes a place (R13), and none keeps
 * the run from going on in a new execution: what they wait for stands in their records, and is begun again from there.
 */
export class Waits {
  private readonly alarm: Alarm;
  private readonly timers = new Set<number>();
  private readonly polls = new Map<number, CancellationScope>();
  private readonly line: number[] = [];
  private resumed = false;

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: Pick<RunValues, 'callValues'>,
    private readonly prefix: string,
    private readonly seat: Seat,
  ) {
    this.alarm = new Alarm(
      (what) => seat.tell(what),
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
    if (wait.timer !== undefined)
      this.seat.evaluate(task, wait.timer.value, (answer) => this.setTimer(task, wait, deadline, answer));
  }

  /** Begins again what an earlier execution of the run was waiting for. Once. */
  resume(walk: Walk): void {
    if (this.resumed) return;
    this.resumed = true;
    for (const task of walk.running()) {
      const waiting = this.ledger.recordOf(task)?.waiting;
      const wait = this.plan.tasks[task]!.wait;
      if (waiting === undefined || wait === undefined) continue;
      if (wait.poll !== undefined) this.poll(task, wait.poll, waiting.deadline);
      else this.setAlarm(task, waiting.at ?? waiting.deadline, waiting.deadline);
    }
  }

  /** What runs is being cancelled, or only that task: timers end here, polls once Temporal says so; clean-up goes on (R11). */
  cancel(only?: number): void {
    for (const task of [...this.timers, ...this.line, ...this.polls.keys()]) {
      if (!reaches(this.plan, task, only)) continue;
      if (!this.withdraw(task)) this.seat.end(task, { state: 'cancelled' });
    }
  }

  /** The task is to be done again; true while a poll is still under way. */
  withdraw(task: number): boolean {
    this.timers.delete(task);
    this.alarm.clear(task);
    const at = this.line.indexOf(task);
    if (at >= 0) this.line.splice(at, 1);
    const scope = this.polls.get(task);
    scope?.cancel();
    return scope !== undefined;
  }

  private setTimer(task: number, { timer }: WaitPlan, deadline: number, answer: Evaluated): void {
    const { id } = this.plan.tasks[task]!;
    const at = 'error' in answer ? answer.error : momentOf(timer!.by, 'value' in answer.output ? answer.output.value : null);
    if (typeof at === 'string')
      return this.seat.end(task, failed({ kind: 'expression', message: `${timer!.by} of task ${id}: ${at}` }));
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
    this.seat.end(task, this.seat.checked(this.plan.tasks[task]!, { output: { value: output } }));
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
      ...this.values.callValues(task),
    };
    this.seat.sent(task.needs === undefined ? 400 : JSON.stringify(call).length);
    const scope = new CancellationScope();
    this.polls.set(index, scope);
    const counts = this.seat.claim(index);
    const over = (ending: () => TaskEnding): void =>
      this.seat.tell(() => {
        this.polls.delete(index);
        this.pollNext();
        if (!counts()) return;
        const { failure, ...end } = ending();
        if (failure?.kind === 'timeout') this.timedOut(index, NOTHING_MET[poll.what], failure.message);
        else this.seat.end(index, failure === undefined ? end : { ...end, failure });
      });
    scope
      .run(() => startPoll(task, poll, call, this.run.dagId, Date.now()))
      .then(
        ({ output }) => over(() => ({ state: 'success', output })),
        (error: unknown) =>
          over(() => endingOfFailure(error, { id: task.id, name: 'wait', queue: poll.queue ?? 'of the run' })),
      );
  }

  private pollNext(): void {
    const next = this.line.shift();
    if (next === undefined) return;
    const { deadline } = this.ledger.recordOf(next)!.waiting!;
    this.poll(next, this.plan.tasks[next]!.wait!.poll!, deadline);
  }

  private timedOut(index: number, met: JsonObject, why?: string): void {
    const task = this.plan.tasks[index]!;
    const { timeoutMs, onTimeout } = task.wait!;
    const message = `task ${task.id} waited for its whole timeout of ${formatDuration(timeoutMs)}${why === undefined ? '' : `: ${why}`}`;
    this.seat.end(index, timeoutEnding(this.seat, task, onTimeout, message, { timedOut: true, ...met }));
  }
}

/** What the timeout of a wait or an approval makes of it (R19). `output` for those that go on. */
export function timeoutEnding(
  seat: Pick<Seat, 'checked'>,
  task: TaskPlan,
  onTimeout: WaitPlan['onTimeout'],
  message: string,
  output: JsonObject,
): TaskEnding {
  if (onTimeout === 'fail') return failed({ kind: 'timeout', message });
  return onTimeout === 'skip' ? { state: 'skipped' } : seat.checked(task, { output: { value: output } });
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

function failed(failure: Failure): TaskEnding {
  return { state: 'failed', failure };
}
