import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { SystemActivities } from '../../activities/system-calls.js';
import type { ChildEnd } from '../../src/dag/child-end.js';
import { type ChildKey, childPrefix, childRunId, runKeyOf } from '../../src/dag/child-id.js';
import type { JsonObject } from '../../src/dag/json.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { Attempt, Failure } from '../../src/dag/state.js';
import {
  type ChildEnded,
  type ChildRecord,
  DAG_RUN,
  type DagRunInput,
  type ParentLink,
  type PinnedDag,
  type RunBudgets,
} from '../contract.js';
import type { Allowance } from './allowance.js';
import { childFacts, childOptions } from './child-presentation.js';
import { reaches } from './reach-of-cancel.js';
import type { Rewinds } from './rewinds.js';
import { clip, messageOf } from './task-failure.js';
import type { TaskHost, TaskPart } from './task-host.js';

/** Children that one question is about: their outputs travel with the answer. */
const ASKED_AT_ONCE = 50;

/** Called in a turn of the loop, once for each child that has ended. */
export interface ChildEnds {
  /** `cancelled` = this run has asked it to stop. */
  ended(child: ChildRecord, end: ChildEnd, cancelled: boolean): void;
  /** Its task was sent back meanwhile: its end counts for nothing. */
  endedLate(child: ChildRecord, end: ChildEnd): void;
}

/** A child to start: which one, and what it runs. */
export interface ChildOrder extends ChildKey {
  readonly dagId: string;
  /** For readers: the name of its item, or which items a shard has; absent = the whole task. */
  readonly part?: string;
  readonly plan: PinnedDag & { readonly inline?: DagPlan };
  readonly params: JsonObject;
  /** Largest output that it tells inline, in bytes (R15). */
  readonly inlineLimit: number;
  /** Attempts before this one. */
  readonly earlier?: readonly Attempt[];
  /** Further fields of its input. */
  readonly more?: Partial<Pick<DagRunInput, 'timeoutMs' | 'keepFrom' | 'shard' | 'carried'>>;
}

interface Open {
  readonly child: ChildRecord;
  started: boolean;
  cancelWanted: boolean;
}

/**
 * The children of a run: SubDAGs, shards of maps. A child is a `dagRun` of its own that outlives whoever started it
 * (ABANDON), because the parent may continue as new: only its start is awaited, its end comes as a signal, once per child.
 * What is not heard of is asked about: at once when its workflow closed without a word, else by a timer, first after a minute.
 */
export class Children implements TaskPart {
  private readonly open = new Map<string, Open>();
  private watching = false;

  constructor(
    private readonly input: DagRunInput,
    private readonly plan: DagPlan,
    private readonly host: TaskHost,
    private readonly budgets: RunBudgets,
    private readonly rewinds: Rewinds,
    private readonly allowance: Allowance,
    private readonly system: (summary: string) => Pick<SystemActivities, 'childEnds'>,
    private readonly ends: ChildEnds,
  ) {}

  /** Children that have not ended, those being started included. */
  get size(): number {
    return this.open.size;
  }

  /** No more may be started before one has ended. */
  get isFull(): boolean {
    return this.open.size >= this.budgets.children;
  }

  runIdOf({ task, item, attempt }: ChildKey): string {
    return childRunId(this.input.run.runId, this.plan.tasks[task]!.id, { item, attempt });
  }

  /** Where a child keeps its objects. */
  prefixOf(child: ChildKey): string {
    const { run, prefix, rootPrefix } = this.input;
    return childPrefix(rootPrefix ?? prefix, run.scope.root?.id ?? run.runId, this.runIdOf(child));
  }

  /** Goes on with children of an earlier execution of this run. */
  restore(children: readonly ChildRecord[]): void {
    for (const { cancelled = false, ...child } of children) {
      this.rewinds.begun(child.task, child.rewinds ?? 0);
      this.open.set(keyOf(child), { child, started: true, cancelWanted: cancelled });
    }
    this.watch();
  }

  /** For continue-as-new, when nothing is in flight. */
  snapshot(): ChildRecord[] {
    return [...this.open.values()].map(({ child, cancelWanted }) => (cancelWanted ? { ...child, cancelled: true } : child));
  }

  /** Starts a child; whatever goes wrong with that is how it ended. */
  start(order: ChildOrder, now: number): void {
    const { task, item, attempt, earlier, part } = order;
    const rewinds = this.rewinds.begun(task);
    const child: ChildRecord = { task, item, attempt, startedAt: now, earlier, ...(rewinds === 0 ? {} : { rewinds }) };
    const open: Open = { child, started: false, cancelWanted: false };
    const input = this.inputOf(order, now);
    this.open.set(keyOf(child), open);
    this.host.began();
    const begin = async (): Promise<void> => {
      const handle = await this.allowance.begin(JSON.stringify(input).length, () =>
        startChild(DAG_RUN, {
          ...childOptions(input.run, { part, attempt }, this.plan.tasks[task]!.priority),
          workflowId: input.run.runId,
          args: [input],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          cancellationType: ChildWorkflowCancellationType.ABANDON,
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        }),
      );
      const closed = (): void => this.host.tell(() => this.closedSilently(child));
      void handle.result().then(closed, closed);
    };
    // Shielded: cancelling is a request to the child, which ends in good order and says so.
    void CancellationScope.nonCancellable(begin).then(
      () =>
        this.host.tell(() => {
          this.host.over();
          open.started = true;
          if (open.cancelWanted && this.open.get(keyOf(child)) === open) this.requestCancel(child);
        }),
      (error: unknown) =>
        this.host.tell(() => {
          this.host.over();
          this.settle(child, { state: 'failed', failure: startFailure(error, input.run.runId) });
        }),
    );
    this.watch();
  }

  /** A child says that it has ended. A word said twice, or meant for an earlier execution, changes nothing. */
  hear({ task, item, attempt, execution, ...end }: ChildEnded): void {
    if (execution === this.input.run.execution) this.host.tell(() => this.settle({ task, item, attempt }, end));
  }

  /** They end by themselves, after their own clean-up. */
  cancel(only?: number): void {
    for (const open of this.open.values()) {
      if (open.cancelWanted || !reaches(this.plan, open.child.task, only)) continue;
      open.cancelWanted = true;
      if (open.started) this.requestCancel(open.child);
    }
  }

  /** Those that clean up are left to it (R11). */
  withdraw(task: number): void {
    if (reaches(this.plan, task)) this.cancel(task);
  }

  private settle(key: ChildKey, end: ChildEnd): void {
    const open = this.open.get(keyOf(key));
    if (open === undefined) return;
    this.open.delete(keyOf(key));
    const { child, cancelWanted } = open;
    if (this.rewinds.over(child.task, child.rewinds ?? 0)) this.ends.ended(child, end, cancelWanted);
    else this.ends.endedLate(child, end);
  }

  /** In flight until it is delivered: the server drops what a run asked for in the workflow task in which it continues as new. */
  private requestCancel(child: ChildRecord): void {
    this.host.began();
    const request = (): Promise<void> => getExternalWorkflowHandle(this.runIdOf(child)).cancel();
    const asked = (): void => this.host.tell(() => this.host.over());
    // It may have closed meanwhile: then its word is on its way.
    void CancellationScope.nonCancellable(request).then(asked, asked);
  }

  private closedSilently(child: ChildRecord): void {
    if (this.open.get(keyOf(child))?.child === child) void CancellationScope.nonCancellable(() => this.ask([child]));
  }

  private async ask(children: readonly ChildRecord[]): Promise<void> {
    const runIds = children.map((child) => this.runIdOf(child));
    const about = runIds.length === 1 ? runIds[0] : `${runIds.length} children`;
    try {
      const ends = await this.system(`what became of ${about}?`).childEnds({ runIds });
      children.forEach((child, i) => {
        const end = ends[i];
        if (end) this.host.tell(() => this.settle(child, end));
      });
    } catch {
      // The question could not be asked; it will be again.
    }
  }

  /** One timer for all, however many: most children are heard long before it fires. */
  private watch(): void {
    if (this.watching || this.open.size === 0) return;
    this.watching = true;
    void CancellationScope.nonCancellable(() => this.lookAgain()).catch(() => undefined);
  }

  private async lookAgain(): Promise<void> {
    const { childWatchMs, longestWatchMs } = this.budgets;
    for (let pause = childWatchMs; ; pause = Math.min(2 * pause, longestWatchMs)) {
      await sleep(pause, { summary: 'look after children that were not heard of' });
      const now = Date.now();
      const silent = this.snapshot().filter(({ startedAt }) => now - startedAt >= childWatchMs);
      for (let at = 0; at < silent.length; at += ASKED_AT_ONCE) await this.ask(silent.slice(at, at + ASKED_AT_ONCE));
      if (this.open.size === 0) break;
    }
    this.watching = false;
  }

  private inputOf({ task, item, attempt, dagId, plan, params, inlineLimit, more }: ChildOrder, now: number): DagRunInput {
    const { input } = this;
    const { run } = input;
    const runId = this.runIdOf({ task, item, attempt });
    const prefix = this.prefixOf({ task, item, attempt });
    const parent: ParentLink = { workflowId: run.runId, task, item, attempt, execution: run.execution, inlineLimit };
    return {
      run: childFacts(run, this.plan.tasks[task]!.id, {
        runId,
        key: runKeyOf(runId),
        dagId,
        version: plan.version,
        params,
        acceptedAt: now,
      }),
      planKey: plan.planKey,
      plan: plan.inline,
      prefix,
      rootPrefix: input.rootPrefix ?? input.prefix,
      dags: input.dags,
      parent,
      budgets: input.budgets,
      ...more,
    };
  }
}

function keyOf({ task, item, attempt }: ChildKey): string {
  return `${task}[${item ?? ''}]#${attempt}`;
}

function startFailure(error: unknown, runId: string): Failure {
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const message = `a workflow ${runId} of an earlier life of this run is still open; cancel it, or wait for its end, and run this again`;
    return { kind: 'child', type: 'ChildStillOpen', message };
  }
  return {
    kind: 'child',
    message: clip(`${runId} could not be started: ${messageOf(error)}`),
  };
}
