import type { CallItem } from '../../src/dag/map/item-source.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { Walk } from '../../src/dag/walk.js';
import type { ChildRecord, DagRunInput, PinnedDag, RunBudgets } from '../contract.js';
import { Approvals } from './approvals.js';
import { Children } from './children.js';
import { system } from './dispatch.js';
import { itemPrefix } from './item-facts.js';
import type { EarlierItems } from './map/kept-items.js';
import { MapRuns } from './map/map-runs.js';
import { ShardRuns } from './map/shard-runs.js';
import { OwnWork } from './own-work.js';
import { PastGate } from './past-gate.js';
import type { KnownBefore } from './prepare-run.js';
import { QueueWatch } from './queue-watch.js';
import type { Rewinds } from './rewinds.js';
import type { RunLedger } from './run-ledger.js';
import { RunLookouts } from './run-lookout.js';
import type { RunValues } from './run-values.js';
import { RunWaits } from './run-waits.js';
import type { RunWatchers } from './run-watchers.js';
import { SubDags } from './sub-dags.js';
import { TaskActivities } from './task-activities.js';
import type { TaskEnding } from './task-ending.js';
import { TaskHooks } from './task-hooks.js';
import type { TaskHost, TaskPart } from './task-host.js';
import { TaskScopes } from './task-scopes.js';
import { Triggers } from './triggers.js';
import { Waits } from './waits.js';

/** What is known of a run by all who work for it. */
export interface RunContext {
  readonly input: DagRunInput;
  readonly plan: DagPlan;
  readonly walk: Walk;
  readonly ledger: RunLedger;
  readonly values: RunValues;
  /** Versions of the DAGs that SubDAGs name. */
  readonly dags: { readonly [reference: string]: PinnedDag };
  /** Items that need not run again. */
  readonly earlier: EarlierItems;
  /** Those who wait for this run. */
  readonly watchers: RunWatchers;
}

/** All who carry tasks out, each its kind: they are told what to begin, what to cancel and what is sent back. */
export class Performers implements TaskPart {
  /** Children of the run, whatever they are for. */
  readonly children: Children;
  /** The desk to which decisions about approvals go. */
  readonly approvals: Approvals;
  /** The maps that are under way. */
  readonly maps: MapRuns;
  /** Those that run in shards. */
  readonly shards: ShardRuns;
  readonly hooks: TaskHooks;
  /** Where it looks for runs that it waits for. */
  readonly lookouts: RunLookouts;
  private readonly past: PastGate;
  private readonly activities: TaskActivities;
  private readonly subs: SubDags;
  private readonly waits: Waits;
  private readonly runWaits: RunWaits;
  private readonly triggers: Triggers;
  private readonly own: OwnWork;
  private readonly parts: readonly TaskPart[];

  /**
   * @param rewindable tasks that may be sent back.
   * @param sendBack called with the task that a rejection goes back to; false where nothing goes back any more.
   */
  constructor(
    { input, plan, walk, ledger, values, dags, earlier }: RunContext,
    budgets: RunBudgets,
    rewinds: Rewinds,
    rewindable: ReadonlySet<number>,
    host: TaskHost,
    sendBack: (to: number) => boolean,
  ) {
    const prefix = itemPrefix(input);
    const watch = new QueueWatch(system, (task, text) => host.tell(() => ledger.noteNotice(task, text)));
    const scopes = new TaskScopes(plan, rewindable);
    this.activities = new TaskActivities(plan, ledger, values, prefix, host, rewinds, scopes, watch, (task, start) =>
      this.maps.within(task, start),
    );
    this.children = new Children(input, plan, host, budgets, rewinds, values.allowance, system, {
      ended: (child, end, cancelled) =>
        this.shards.has(child.task) ? this.shards.ended(child, end) : this.subs.ended(child, end, cancelled),
      endedLate: (child) => this.subs.endedLate(child),
    });
    this.hooks = new TaskHooks(
      plan,
      ledger,
      values,
      prefix,
      rewinds,
      (what) => host.tell(what),
      (task, { index }, record) => this.maps.noteHook(task, index, record),
    );
    this.subs = new SubDags(
      input.run,
      plan,
      host,
      this.children,
      values,
      ledger,
      dags,
      (task, item) => this.maps.callOf(task, item),
      (task, item, attempts) => this.hooks.betweenAttempts(task, item, attempts),
    );
    this.shards = new ShardRuns(input, plan, ledger, values, this.children, host);
    this.maps = new MapRuns(input, plan, ledger, values, host, this.shards, earlier, (task) => {
      this.children.cancel(task);
      this.subs.cancel(task);
    });
    this.waits = new Waits(input.run.dagId, plan, ledger, values, prefix, host, rewinds);
    this.lookouts = new RunLookouts(input.run.runId, host, budgets, system);
    this.past = new PastGate(input, plan, walk, ledger, this.lookouts);
    this.runWaits = new RunWaits(input.run, plan, ledger, values, host, this.lookouts, (task, failure) =>
      this.hooks.ended(task, plan.tasks[task]!, { state: 'failed', failure }),
    );
    this.triggers = new Triggers(input.run, plan, ledger, values, prefix, host, rewinds, this.lookouts);
    this.approvals = new Approvals(plan, ledger, values, host, rewinds, sendBack);
    this.own = new OwnWork(plan, walk, ledger, values, host);
    this.parts = [
      this.activities,
      this.children,
      this.subs,
      this.maps,
      this.shards,
      this.waits,
      this.runWaits,
      this.triggers,
      this.approvals,
    ];
  }

  /** Whether a task that is ready may start now, or is held back by the run before this one: then it is put back in line. */
  mayStart(index: number): boolean {
    return this.past.mayStart(index);
  }

  /** Tasks are held back by the run before this one. */
  get isHeldBack(): boolean {
    return this.past.holds;
  }

  /** Asks whether a task is to start at all. */
  askWhen(index: number, task: TaskPlan): void {
    this.own.askWhen(index, task);
  }

  /** Carries a task out that has been started. */
  begin(index: number, task: TaskPlan): void {
    const begin = (): void => (task.map === undefined ? this.perform(index, task) : this.maps.begin(index, task));
    if (task.resources === undefined) begin();
    else this.own.provide(index, task, task.resources, begin);
  }

  /** Does what a task is for, or one item of it. */
  perform(index: number, task: TaskPlan, item?: CallItem): void {
    if (task.activity !== undefined) this.activities.begin(index, task, task.activity, item);
    else if (task.sub !== undefined) this.subs.begin(index, task.sub, item);
    else if (task.branch !== undefined) this.own.choose(index, task, task.branch);
    else if (task.wait?.run !== undefined) this.runWaits.begin(index, task.wait, task.wait.run);
    else if (task.wait !== undefined) this.waits.begin(index, task.wait);
    else if (task.trigger !== undefined) this.triggers.begin(index, task.trigger);
    else if (task.approval !== undefined) this.approvals.begin(index, task.approval);
    else this.own.compute(index, task, item);
  }

  /** A task is over. */
  ended(index: number, task: TaskPlan, ending: TaskEnding): void {
    if (task.hooks !== undefined) this.hooks.ended(index, task, ending);
    this.activities.ended(index, task);
  }

  cancel(only?: number): void {
    for (const part of this.parts) part.cancel(only);
  }

  withdraw(task: number): void {
    for (const part of this.parts) part.withdraw(task);
  }

  /** Begins again what an earlier execution of the run waited for by the clock, or asked. Once. */
  resume(walk: Walk): void {
    this.waits.resume(walk);
    this.runWaits.resume(walk);
    this.triggers.resume(walk);
    this.approvals.resume(walk);
  }

  /** Children that run on, and further attempts that are waited for, over continue-as-new. */
  snapshotChildren(): ChildRecord[] {
    return [...this.children.snapshot(), ...this.subs.snapshot()];
  }

  /** Goes on with what an earlier execution of the run had under way. */
  async restore({ maps = [], children = [] }: Pick<KnownBefore, 'maps' | 'children'> = {}): Promise<void> {
    this.shards.restore(maps);
    await this.maps.restore(maps);
    this.children.restore(children.filter(({ retryAt }) => retryAt === undefined));
    this.subs.restore(children.filter(({ retryAt }) => retryAt !== undefined));
  }
}
