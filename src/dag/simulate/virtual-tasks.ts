import type { DagPlan, TaskPlan } from '../plan.js';
import type { FinalTaskState, TaskState } from '../state.js';
import { edgeUpstream } from '../walk-layout.js';
import { choiceOf } from './choice.js';
import type { KeptRun, ScriptedTask } from './script.js';
import type { RunPlace } from './simulation.js';
import { pathBelow, runAttempts, type Underway, type World } from './underway.js';
import { itemsOf, type MapHost, VirtualMap } from './virtual-map.js';
import { VirtualSubDag } from './virtual-sub-dag.js';
import { runApproval, runTrigger, runWait } from './virtual-waits.js';

type Done = (state: FinalTaskState) => void;

/** What the tasks of a run need of it. */
export interface TasksHost {
  readonly stateOf: (task: number) => TaskState;
  /** It has the result of the attempt before. */
  readonly isKept: (task: number) => boolean;
  /** Goes back to an earlier task; false where that is not possible now. */
  readonly rewind: (task: number) => boolean;
  /** Does something as a turn of the run. */
  readonly turn: (what: () => void) => void;
}

/** Carries out the tasks of one run as their types and the script say. */
export class VirtualTasks {
  private readonly maps = new Map<number, VirtualMap>();
  private readonly choices = new Map<number, readonly number[]>();
  /** Maps that have begun. */
  private readonly begun = new Set<number>();
  /** How often each approval was decided about, and how often the answer was no. */
  private readonly decisions = new Map<number, { taken: number; rejected: number }>();

  constructor(
    private readonly world: World,
    private readonly plan: DagPlan,
    /** Of the run. */
    private readonly place: RunPlace,
    private readonly host: TasksHost,
    private readonly kept: KeptRun | undefined,
  ) {
    plan.tasks.forEach((_, i) => {
      const chosen = kept?.states[i] === 's' ? kept.chosen(i) : undefined;
      if (chosen !== undefined) this.choices.set(i, chosen);
    });
  }

  /** Begins a task. It ends later, never at once. */
  begin(index: number, done: Done): Underway {
    const task = this.plan.tasks[index]!;
    const script = this.scriptOf(index);
    this.forget(index);
    return task.map === undefined ? this.perform(index, task, script, done) : this.map(index, task, script, done);
  }

  scriptOf(index: number): ScriptedTask {
    return this.world.script(this.pathOf(index));
  }

  /** What a branch has chosen. */
  chosenBy(index: number): readonly number[] | undefined {
    return this.choices.get(index);
  }

  /** The state of each item of a map that has begun. */
  itemsOf(index: number): readonly TaskState[] | undefined {
    return this.maps.get(index)?.states();
  }

  /** The task is to be done again: what it came to counts no longer. */
  forget(index: number): void {
    this.maps.delete(index);
    this.choices.delete(index);
  }

  /** Maps go on from snapshots of themselves. */
  hop(): void {
    for (const map of this.maps.values()) map.hop();
  }

  private perform(index: number, task: TaskPlan, script: ScriptedTask, done: Done): Underway {
    const { timeline } = this.world;
    if (task.sub !== undefined) return this.subDag(index, undefined, script, done);
    if (task.wait !== undefined) return runWait(timeline, task.wait, script, done);
    if (task.trigger !== undefined) return runTrigger(timeline, task.trigger, script, done);
    if (task.approval !== undefined) return this.ask(index, task.approval, script, done);
    if (task.branch === undefined) return runAttempts(timeline, script, task.activity ?? {}, done);
    const chosen = choiceOf(this.plan, task.branch, script);
    return runAttempts(timeline, chosen === 'failed' ? { ...script, state: chosen } : script, {}, (state) => {
      if (chosen !== 'failed' && state === 'success') this.choices.set(index, chosen);
      done(state);
    });
  }

  private map(index: number, task: TaskPlan, script: ScriptedTask, done: Done): Underway {
    const { timeline } = this.world;
    const states = new Map(this.plan.tasks.map(({ id }, i) => [id, this.host.stateOf(i)]));
    const items = itemsOf(task, script, (id) => states.get(id)!);
    if (typeof items === 'string') return runAttempts(timeline, {}, {}, (state) => done(state === 'success' ? items : state));
    // What led to it is still of the attempt before, and it begins for the first time.
    const isResumed = !this.begun.has(index) && (task.upstream ?? []).every((edge) => this.host.isKept(edgeUpstream(edge)));
    this.begun.add(index);
    const before = isResumed ? this.kept?.items(index) : undefined;
    const host: MapHost = {
      startItem: (item, work, ended) =>
        task.sub === undefined
          ? runAttempts(timeline, work, task.activity ?? {}, ended)
          : this.subDag(index, item, work, ended),
      note: (item, state) => void this.world.changes.push({ at: timeline.now, run: this.place.run, task: index, item, state }),
      done,
    };
    const map = new VirtualMap(task.map!, items, host, before);
    this.maps.set(index, map);
    timeline.after(0, () => this.host.turn(() => map.launch()));
    return map;
  }

  /** One whose plan is not known does what its script says. */
  private subDag(index: number, item: number | undefined, script: ScriptedTask, done: Done): Underway {
    const sub = this.plan.tasks[index]!.sub!;
    const plan = this.world.planOf(sub, this.plan);
    if (plan === undefined) return runAttempts(this.world.timeline, script, sub, done);
    const path = `${this.pathOf(index)}${item === undefined ? '' : `[${item}]`}`;
    return new VirtualSubDag(this.world, sub, plan, { path, run: this.place.run, task: index, item }, done);
  }

  private ask(index: number, approval: NonNullable<TaskPlan['approval']>, script: ScriptedTask, done: Done): Underway {
    const { rewindTo, maxRewinds } = approval;
    const { decisions = ['approve'] } = script;
    const count = this.decisions.get(index) ?? { taken: 0, rejected: 0 };
    this.decisions.set(index, count);
    return runApproval(this.world.timeline, approval, script, decisions[count.taken] ?? decisions.at(-1), {
      decided: () => void count.taken++,
      rejected: () => rewindTo !== undefined && count.rejected++ < maxRewinds && this.host.rewind(rewindTo),
      done,
    });
  }

  private pathOf(index: number): string {
    return pathBelow(this.place, this.plan.tasks[index]!.id);
  }
}
