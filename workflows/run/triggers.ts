import { formatDuration } from '../../src/dag/duration.js';
import type { Json, JsonObject } from '../../src/dag/json.js';
import { MAX_PARAMS_CHARS } from '../../src/dag/limits.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Failure } from '../../src/dag/state.js';
import { textHash } from '../../src/dag/text-hash.js';
import type { TriggerPlan } from '../../src/dag/trigger-plan.js';
import type { Walk } from '../../src/dag/walk.js';
import type { RunFacts, RunLook, TaskWaiting, TriggerEnd, Triggered } from '../contract.js';
import { Alarm } from './alarm.js';
import { system } from './dispatch.js';
import { reaches } from './reach-of-cancel.js';
import type { Rewinds } from './rewinds.js';
import type { RunLedger } from './run-ledger.js';
import type { RunLookouts } from './run-lookout.js';
import type { RunValues } from './run-values.js';
import { shielded } from './shielded.js';
import { checkedEnding, failed, timeoutEnding } from './task-ending.js';
import { clip, messageOf } from './task-failure.js';
import type { TaskHost, TaskPart } from './task-host.js';

/**
 * Tasks that start runs of other DAGs. Such a run is one of its own, and tells this one when it has ended; it takes no place here, and
 * keeps this run from nothing: a new execution of it asks anew.
 */
export class Triggers implements TaskPart {
  private readonly alarm: Alarm;
  private readonly waiting = new Set<number>();
  /** Tasks that were cancelled, or sent back, while their run was being started. */
  private readonly unwanted = new Set<number>();
  private readonly starting = new Set<number>();
  private resumed = false;

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
    private readonly values: RunValues,
    private readonly prefix: string,
    private readonly host: TaskHost,
    private readonly rewinds: Rewinds,
    private readonly lookouts: RunLookouts,
  ) {
    this.alarm = new Alarm(
      (what) => host.tell(what),
      (task) => this.timedOut(task),
      (task) => `timeout of ${plan.tasks[task]!.id}`,
    );
  }

  /** Starts the run of a task that has been started. */
  begin(task: number, trigger: TriggerPlan): void {
    const { id } = this.plan.tasks[task]!;
    const deadline = trigger.timeoutMs === undefined ? undefined : Date.now() + trigger.timeoutMs;
    this.host.evaluate(
      task,
      () => this.values.template(trigger.input, `${id}.params`, MAX_PARAMS_CHARS),
      (answer) => {
        if ('error' in answer) return this.host.end(task, failed('expression', `with of task ${id}: ${answer.error}`));
        if (!('value' in answer.output))
          return this.host.end(
            task,
            failed('invalid_params', `params of task ${id} are too large for a run; pass the place of the data instead`),
          );
        this.start(task, trigger, answer.output.value as JsonObject, deadline);
      },
    );
  }

  /** Waits again for the runs that an earlier execution of this run has started. Once. */
  resume(walk: Walk): void {
    if (this.resumed) return;
    this.resumed = true;
    for (const task of walk.running()) {
      const waiting = this.ledger.recordOf(task)?.waiting;
      if (waiting?.found !== undefined && this.plan.tasks[task]!.trigger !== undefined) this.look(task, waiting);
    }
  }

  cancel(only?: number): void {
    for (const task of [...this.waiting, ...this.starting]) {
      if (!reaches(this.plan, task, only)) continue;
      const started = this.waiting.has(task);
      this.withdraw(task);
      if (started) this.host.end(task, { state: 'cancelled' });
    }
  }

  /** The task is given up, and with it the run that it has started, unless that is to outlive it. */
  withdraw(task: number): void {
    if (this.starting.has(task)) this.unwanted.add(task);
    if (!this.waiting.delete(task)) return;
    this.alarm.clear(task);
    this.lookouts.forget(tokenOf(task));
    const { found, own } = this.ledger.recordOf(task)?.waiting ?? {};
    if (found !== undefined && own === true) this.cancelRun(task, found);
  }

  private start(task: number, trigger: TriggerPlan, { params, logicalDate }: JsonObject, deadline: number | undefined): void {
    const { id } = this.plan.tasks[task]!;
    const { runId, execution, triggeredBy } = this.run;
    const round = this.rewinds.begun(task);
    const key = textHash(JSON.stringify([runId, execution, id, round]));
    const ask = (): Promise<Triggered> =>
      system(`start ${trigger.dag}`).triggerRun({
        ...{ dagId: trigger.dag, version: trigger.version, params, logicalDate, key },
        by: { runId, taskId: id, depth: (triggeredBy?.depth ?? 0) + 1 },
        useExisting: trigger.onExisting !== 'fail',
      });
    this.starting.add(task);
    this.host.began();
    const over = (triggered: Triggered): void =>
      this.host.tell(() => {
        this.host.over();
        this.starting.delete(task);
        const isWanted = !this.unwanted.delete(task);
        const isPresent = this.rewinds.over(task, round);
        if (isWanted && isPresent) return this.started(task, trigger, triggered, deadline);
        // It is known only now which run nobody wants any more.
        if ('runId' in triggered && triggered.started) this.cancelRun(task, triggered.runId);
        if (isPresent) this.host.end(task, { state: 'cancelled' });
      });
    shielded(ask).then(over, (error: unknown) => over({ failure: { kind: 'error', message: messageOf(error) } }));
  }

  private started(task: number, trigger: TriggerPlan, triggered: Triggered, deadline: number | undefined): void {
    if ('failure' in triggered)
      return this.host.end(task, {
        state: 'failed',
        failure: { ...triggered.failure, message: clip(triggered.failure.message) },
      });
    const { runId, started } = triggered;
    if (trigger.waits !== true) {
      const output: Json = { runId, state: null, outputs: null };
      return this.host.end(task, checkedEnding(this.plan.tasks[task]!, { value: output }));
    }
    this.look(task, {
      deadline,
      run: { dagId: trigger.dag, by: 'id', runId },
      found: runId,
      ...(started ? { own: true } : {}),
    });
  }

  private look(task: number, waiting: TaskWaiting): void {
    const runId = waiting.found!;
    const { deadline, run } = waiting;
    this.ledger.noteWaiting(
      task,
      waiting,
      `waits for run ${runId}, which it ${waiting.own === true ? 'has started' : 'has found'}`,
    );
    this.waiting.add(task);
    if (deadline !== undefined) this.alarm.set(task, deadline);
    this.lookouts.begin(tokenOf(task), {
      ...{ about: `run ${runId}`, awaited: run!, failureEnds: true, until: deadline ?? Number.MAX_SAFE_INTEGER },
      task: this.plan.tasks[task]!.id,
      heard: (look) => this.heard(task, runId, look),
    });
  }

  private heard(task: number, runId: string, look: RunLook): boolean {
    if (look.look === 'found' && look.run.state === undefined) return false;
    this.waiting.delete(task);
    this.alarm.clear(task);
    if (look.look === 'never') this.host.end(task, failed('upstream_run', look.message));
    else this.collect(task, runId);
    return true;
  }

  /** Asks how the run ended: its outputs may be large. */
  private collect(task: number, runId: string): void {
    const { id } = this.plan.tasks[task]!;
    const { prefix } = this;
    const ask = (): Promise<TriggerEnd> =>
      system(`end of ${runId}`).triggerEnd({ runId, task: id, prefix, inlineLimit: this.values.inlineLimit });
    this.host.settle(task, shielded(ask), (end) => this.over(task, runId, end));
  }

  private over(task: number, runId: string, { state, failure, output }: TriggerEnd): void {
    const plan = this.plan.tasks[task]!;
    if (state === 'success' || plan.trigger!.tolerant === true) return this.host.end(task, checkedEnding(plan, output));
    const why = failure === undefined ? '' : `: ${failure.message}`;
    const told: Failure = { kind: 'upstream_run', message: clip(`run ${runId} is ${state}${why}`) };
    this.host.end(task, { state: 'failed', failure: told });
  }

  private timedOut(index: number): void {
    const task = this.plan.tasks[index]!;
    const { timeoutMs = 0, onTimeout } = task.trigger!;
    const { found = null } = this.ledger.recordOf(index)?.waiting ?? {};
    this.withdraw(index);
    const message = `task ${task.id} waited for its whole timeout of ${formatDuration(timeoutMs)} for run ${found}`;
    this.host.end(index, timeoutEnding(task, onTimeout, message, { timedOut: true, runId: found, state: null, outputs: null }));
  }

  /** Asks the run to stop; this run does not end before it was asked. */
  private cancelRun(task: number, runId: string): void {
    const { waits, outlives } = this.plan.tasks[task]!.trigger!;
    if (waits !== true || outlives === true) return;
    this.host.began();
    const over = (): void => this.host.tell(() => this.host.over());
    shielded(() => system(`cancel ${runId}`).cancelRun({ runId, by: this.run.runId })).then(over, over);
  }
}

const tokenOf = (task: number): string => `trigger ${task}`;
