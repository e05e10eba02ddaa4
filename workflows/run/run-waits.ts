import { formatDuration } from '../../src/dag/duration.js';
import { formatInstant, parseInstant } from '../../src/dag/instant.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { type AwaitedRun, awaitedOutcome, type FoundRun, type RunWaitPlan } from '../../src/dag/run-wait.js';
import type { Failure } from '../../src/dag/state.js';
import type { WaitPlan } from '../../src/dag/wait-plan.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts, RunLook, TaskWaiting } from '../contract.js';
import { Alarm } from './alarm.js';
import { reaches } from './reach-of-cancel.js';
import type { RunLedger } from './run-ledger.js';
import type { RunLookouts } from './run-lookout.js';
import type { RunValues } from './run-values.js';
import { checkedEnding, failed, timeoutEnding } from './task-ending.js';
import type { TaskHost, TaskPart } from './task-host.js';

/** What a wait gives that goes on after its timeout. */
const NOTHING_MET: JsonObject = { timedOut: true, runId: null, state: null };

/**
 * Waits for runs of other DAGs, or for tasks of those. Which run is meant is fixed when the wait begins; what has become of it the run
 * itself tells. They take no place, and keep this run from nothing: a new execution of it asks anew.
 */
export class RunWaits implements TaskPart {
  private readonly alarm: Alarm;
  private readonly waiting = new Set<number>();
  private resumed = false;

  /** `alert`: a failure that does not end the task is to be told (its hooks). */
  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly host: TaskHost,
    private readonly lookouts: RunLookouts,
    private readonly alert: (task: number, failure: Failure) => void,
  ) {
    this.alarm = new Alarm(
      (what) => host.tell(what),
      (task) => this.timedOut(task),
      (task) => `timeout of ${plan.tasks[task]!.id}`,
    );
  }

  /** Begins a wait whose task has been started. */
  begin(task: number, wait: WaitPlan, run: RunWaitPlan): void {
    const deadline = Date.now() + wait.timeoutMs;
    if (run.latest === true) return this.look(task, { deadline, run: { dagId: run.dag, by: 'latest' } });
    if (run.date === undefined) return this.lookFor(task, run, deadline, this.run.scope.dataInterval.end);
    this.host.evaluate(
      task,
      () => this.values.template(run.date!, this.plan.tasks[task]!.id),
      (answer) => {
        if ('error' in answer)
          this.host.end(task, failed('expression', `date of task ${this.plan.tasks[task]!.id}: ${answer.error}`));
        else this.lookFor(task, run, deadline, 'value' in answer.output ? answer.output.value : null);
      },
    );
  }

  /** Begins again what an earlier execution of the run was waiting for. Once. */
  resume(walk: Walk): void {
    if (this.resumed) return;
    this.resumed = true;
    for (const task of walk.running()) {
      const waiting = this.ledger.recordOf(task)?.waiting;
      if (waiting?.run !== undefined && this.plan.tasks[task]!.wait !== undefined) this.look(task, waiting);
    }
  }

  cancel(only?: number): void {
    for (const task of [...this.waiting]) {
      if (!reaches(this.plan, task, only)) continue;
      this.withdraw(task);
      this.host.end(task, { state: 'cancelled' });
    }
  }

  withdraw(task: number): void {
    this.waiting.delete(task);
    this.alarm.clear(task);
    this.lookouts.forget(tokenOf(task));
  }

  private lookFor(task: number, { dag, offsetMs = 0, windowMs }: RunWaitPlan, deadline: number, value: Json): void {
    const { id } = this.plan.tasks[task]!;
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    if (instant === undefined)
      return this.host.end(
        task,
        failed(
          'expression',
          `date of task ${id}: ${JSON.stringify(value).slice(0, 100)} is no instant; write one as 2024-01-31T06:00:00Z`,
        ),
      );
    const date = instant + offsetMs;
    const run: AwaitedRun =
      windowMs === undefined
        ? { dagId: dag, by: 'date', date }
        : { dagId: dag, by: 'window', after: date - windowMs, until: date };
    this.look(task, { deadline, run });
  }

  private look(task: number, waiting: TaskWaiting): void {
    const plan = this.plan.tasks[task]!.wait!.run!;
    const run = waiting.run!;
    const { deadline = 0 } = waiting;
    const what = `${plan.task === undefined ? '' : `task ${plan.task} of `}${textOf(run)}`;
    this.ledger.noteWaiting(task, waiting, `waits for ${what}`);
    this.waiting.add(task);
    this.alarm.set(task, deadline);
    this.lookouts.begin(tokenOf(task), {
      about: what,
      awaited: run,
      tasks: plan.task === undefined ? undefined : [plan.task],
      task: this.plan.tasks[task]!.id,
      failureEnds: plan.onFailure !== 'alert',
      until: deadline,
      heard: (look) => this.heard(task, plan, what, look),
    });
  }

  private heard(task: number, plan: RunWaitPlan, what: string, look: RunLook): boolean {
    if (look.look === 'never') return this.over(task, () => this.host.end(task, failed('upstream_run', look.message)));
    if (look.look === 'absent') {
      this.say(task, `waits for ${what}, which has not begun`);
      return false;
    }
    const { run } = look;
    const wanted = plan.task === undefined ? undefined : [plan.task];
    const outcome = awaitedOutcome(run, wanted);
    const about = plan.task === undefined ? `run ${run.runId}` : `task ${plan.task} of run ${run.runId}`;
    if (outcome === 'open') {
      const waiting = this.ledger.recordOf(task)?.waiting;
      if (waiting !== undefined && waiting.found !== run.runId)
        this.ledger.noteWaiting(task, { ...waiting, found: run.runId }, undefined);
      this.say(task, `waits for ${about}`);
      return false;
    }
    if (outcome === 'succeeded') return this.over(task, () => this.met(task, plan, run));
    const failure: Failure = {
      kind: 'upstream_run',
      message: outcome === 'missing' ? `${about}: the run is over, and has no such task` : `${about} is ${stateOf(plan, run)}`,
    };
    if (plan.onFailure === 'skip') return this.over(task, () => this.host.end(task, { state: 'skipped' }));
    if (plan.onFailure !== 'alert' || outcome === 'missing')
      return this.over(task, () => this.host.end(task, { state: 'failed', failure }));
    this.say(task, `${failure.message}; waits until it has been done again and succeeded`);
    const execution = `${run.runId}#${run.execution}`;
    const waiting = this.ledger.recordOf(task)?.waiting;
    if (waiting !== undefined && waiting.alerted !== execution) {
      this.ledger.noteWaiting(task, { ...waiting, alerted: execution }, undefined);
      this.alert(task, failure);
    }
    return false;
  }

  private met(task: number, plan: RunWaitPlan, run: FoundRun): void {
    const output = { timedOut: false, runId: run.runId, state: stateOf(plan, run) };
    this.host.end(task, checkedEnding(this.plan.tasks[task]!, { value: output }));
  }

  private over(task: number, end: () => void): true {
    this.waiting.delete(task);
    this.alarm.clear(task);
    end();
    return true;
  }

  private say(task: number, notice: string): void {
    this.ledger.noteNotice(task, notice);
  }

  private timedOut(index: number): void {
    const task = this.plan.tasks[index]!;
    const { timeoutMs, onTimeout } = task.wait!;
    const notice = this.ledger.recordOf(index)?.notice;
    this.withdraw(index);
    const message = `task ${task.id} waited for its whole timeout of ${formatDuration(timeoutMs)}${notice === undefined ? '' : `: ${notice}`}`;
    this.host.end(index, timeoutEnding(task, onTimeout, message, NOTHING_MET));
  }
}

/** What of the run was waited for, as it is now. */
function stateOf(plan: RunWaitPlan, { state, tasks = {} }: FoundRun): string {
  return (plan.task === undefined ? state : tasks[plan.task]) ?? 'open';
}

function textOf(run: AwaitedRun): string {
  switch (run.by) {
    case 'date':
      return `run ${run.dagId}-${formatInstant(run.date) ?? ''}`;
    case 'window':
      return `the newest run of ${run.dagId} with a date after ${formatInstant(run.after) ?? ''} and up to ${formatInstant(run.until) ?? ''}`;
    case 'id':
      return `run ${run.runId}`;
    case 'latest':
      return `the latest run of ${run.dagId}`;
    case 'before':
      return `the run of ${run.dagId} before ${formatInstant(run.date) ?? ''}`;
  }
}

const tokenOf = (task: number): string => `wait ${task}`;
