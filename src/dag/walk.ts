/**
 * The walk: what of a DAG may start now, what an ended task decides, and when all is over. It runs nothing and knows no
 * clock: whoever drives it (the workflow, the simulator, a test) asks `next()`, carries a step out and tells `finish()`.
 *
 * One file on purpose, though a long one: every method touches the same few arrays.
 *
 * Cost: O(tasks + edges) to build; ending a task costs O(its out-degree), and each task a logarithm for its place in line.
 */
import {
  AS_FAILED,
  AS_SKIPPED,
  AS_SUCCESS,
  AS_UPSTREAM_FAILED,
  decidesForUpstream,
  isNotifierEdge,
  translate,
  translateAllowed,
} from './edge.js';
import { ANY_STATE, expressionVerdict, joinValue, quorumVerdict } from './join.js';
import type { DagPlan, JoinPlan } from './plan.js';
import { RankHeap } from './rank-heap.js';
import { rewindScope } from './rewind-scope.js';
import type { FinalRunState, FinalTaskState, TaskState } from './state.js';
import { TASK_TYPES } from './task-type.js';
import { type RuleVerdict, ruleVerdict, type UpstreamCounts } from './trigger-rule.js';
import { type DownstreamRows, downstreamRows, edgeOn, rankedTasks } from './walk-layout.js';
import {
  CANCELLED,
  FAILED,
  FINAL_STATE_BYTES,
  PENDING,
  QUEUED,
  RUNNING,
  SKIPPED,
  STATE_LETTERS,
  STATE_NAMES,
  SUCCESS,
  UPSTREAM_FAILED,
  type WalkStates,
} from './walk-states.js';

/** What the driver is asked to do with a task: answer its `when`, or start it. */
export interface Step {
  readonly task: number;
  readonly step: 'when' | 'run';
}

/** Lines of {@link Walk}'s ready tasks. */
const ASKED = 1;
const TO_RUN = 2;
/** What is known of a run besides the states of its tasks. */
export interface WalkOptions {
  /** Of a snapshot: failFast has stopped the rest. Default: false. */
  readonly failFastTripped?: boolean;
  /** Of a snapshot: {@link Walk.stop} was called. Default: false. */
  readonly stopped?: boolean;
  /** Which tasks a branch among the kept results has chosen; undefined where none of those it left out is to be decided anew. */
  readonly chosen?: (branch: number) => readonly number[] | undefined;
  /**
   * Tasks that this run does not have: skipped from the start, never done again, and no consumers of those before them. None but
   * teardowns may come after them of the others. Default: none.
   */
  readonly leftOut?: ReadonlySet<number>;
}

/** Bits of traits. */
const JOIN = 1;
const TEARDOWN = 2;
const BRANCH = 4;
const ALLOWED_TO_FAIL = 8;
const AFTER_BRANCH = 16;
const LEFT_OUT = 32;

export class Walk {
  /** Number of tasks. */
  readonly size: number;
  private readonly states: Uint8Array;
  /** Four counters per task: translated upstream states, see AS_*. */
  private readonly counters: Uint32Array;
  private readonly upstreamTotal: Uint32Array;
  private readonly down: DownstreamRows;
  private readonly takesSlot: Uint8Array;
  /** How many branches right before a task have not ended: its rule is not asked before they have (R8). */
  private readonly openBranches: Uint32Array;
  /** What most tasks are not, as bits of the constants below: one look instead of several at the plan. */
  private readonly traits: Uint8Array;
  /** 1 = `when` has been answered with yes (or there is none to ask). */
  private readonly admitted: Uint8Array;
  private readonly rank: Uint32Array;
  private readonly byRank: Uint32Array;
  /** What each branch that has ended has chosen. */
  private readonly choices = new Map<number, readonly number[]>();
  /** The line in which a ready task stands, 0 = none: what stood there before it was rewound does not count. */
  private readonly place: Uint8Array;
  private readonly toAsk = new RankHeap();
  private readonly freeToRun = new RankHeap();
  private readonly waitingForSlot = new RankHeap();
  private changes: number[] = [];
  /** Tasks that have ended and whose downstream has not been told. */
  private readonly ended: number[] = [];
  private unwanted: number[] = [];
  /** Rewound tasks of which something still runs, in a place of `maxActiveTasks`. */
  private readonly held = new Set<number>();
  private active = 0;
  private open: number;
  private stopped: boolean;
  private tripped: boolean;

  /**
   * @param states what is already known, task by task: a snapshot to go on from, or the results that "retry from failed"
   * keeps. Default: nothing.
   * @throws RangeError when `states` is not of this plan.
   */
  constructor(
    private readonly plan: DagPlan,
    states?: WalkStates,
    options: WalkOptions = {},
  ) {
    const n = plan.tasks.length;
    this.size = n;
    if (states !== undefined && states.length !== n)
      throw new RangeError(`the walk has ${n} tasks, its kept states ${states.length}`);
    this.states = new Uint8Array(n);
    this.counters = new Uint32Array(4 * n);
    this.upstreamTotal = new Uint32Array(n);
    this.takesSlot = new Uint8Array(n);
    this.place = new Uint8Array(n);
    this.admitted = new Uint8Array(n);
    this.openBranches = new Uint32Array(n);
    this.traits = new Uint8Array(n);
    this.down = downstreamRows(plan);
    this.byRank = rankedTasks(plan, this.down);
    this.rank = new Uint32Array(n);
    for (let r = 0; r < n; r++) this.rank[this.byRank[r]!] = r;
    this.open = n;
    this.tripped = options.failFastTripped ?? false;
    this.stopped = options.stopped ?? false;
    for (let i = 0; i < n; i++) {
      const task = plan.tasks[i]!;
      this.upstreamTotal[i] = task.upstream?.length ?? 0;
      this.takesSlot[i] = task.map === undefined && TASK_TYPES[task.type].carriedOutBy === 'activity' ? 1 : 0;
      this.admitted[i] = task.when === undefined ? 1 : 0;
      if (task.join !== undefined) this.traits[i]! |= JOIN;
      if (task.teardown !== undefined) this.traits[i]! |= TEARDOWN;
      if (task.allowFailure === true) this.traits[i]! |= ALLOWED_TO_FAIL;
      if (options.leftOut?.has(i) === true) this.traits[i]! |= LEFT_OUT;
      if (task.branch === undefined) continue;
      this.traits[i]! |= BRANCH;
      for (let e = this.down.offsets[i]!; e < this.down.offsets[i + 1]!; e++) {
        this.openBranches[this.down.tasks[e]!]!++;
        this.traits[this.down.tasks[e]!]! |= AFTER_BRANCH;
      }
    }
    if (states !== undefined) this.restore(states, options.chosen);
    // All of them before anything is decided: none may begin because another one has ended.
    for (const i of options.leftOut ?? []) if (this.states[i]! < RUNNING) this.end(i, SKIPPED);
    this.propagate();
    for (let i = 0; i < n; i++) {
      if (this.states[i] === PENDING) this.decide(i);
      this.propagate();
    }
  }

  private restore(states: WalkStates, chosen: WalkOptions['chosen'] = () => undefined): void {
    const left: number[] = [];
    for (let i = 0; i < this.size; i++) {
      const code = STATE_LETTERS.indexOf(states[i]!);
      if (code < 0)
        throw new RangeError(`unknown state ${JSON.stringify(states[i])} of task ${this.plan.tasks[i]!.id} in kept states`);
      if (code === QUEUED) this.admitted[i] = 1;
      else if (code === RUNNING) {
        this.states[i] = RUNNING;
        this.active += this.takesSlot[i]!;
      } else if (code >= SUCCESS) {
        this.states[i] = code;
        this.open--;
        this.countDown(i);
        const targets = (this.traits[i]! & BRANCH) !== 0 && code === SUCCESS ? chosen(i) : undefined;
        if (targets === undefined) continue;
        this.choices.set(i, targets);
        left.push(...this.notChosen(i, targets));
      }
    }
    for (const task of left) if (this.states[task] === PENDING) this.end(task, SKIPPED);
    // Known before anything is decided, as all that was kept is: else decisions would come in another order than after a rewind.
    for (const task of this.ended) this.countDown(task);
    this.ended.length = 0;
  }

  /** True when every task has its final state. */
  get isDone(): boolean {
    return this.open === 0;
  }

  /** Tasks without a final state. */
  get remaining(): number {
    return this.open;
  }

  /** Whether this run does not have the task: it was skipped from the start. */
  isLeftOut(task: number): boolean {
    return (this.traits[task]! & LEFT_OUT) !== 0;
  }

  /** How many of `maxActiveTasks` are taken, by running tasks and by what still runs of rewound ones. */
  get activeCount(): number {
    return this.active;
  }

  /** True once a failure has made `failFast` stop the rest (R22). */
  get failFastTripped(): boolean {
    return this.tripped;
  }

  stateOf(task: number): TaskState {
    return STATE_NAMES[this.states[task]!]!;
  }

  /**
   * The next thing to do, or undefined when nothing can be done before something ends. First what costs no place
   * (`when`, tasks of the walk), then activities while places are free (R13); among equals by priority, then the task
   * with the longest chain behind it, then the order of the plan. A step that was handed out is not handed out again.
   */
  next(): Step | undefined {
    const asked = this.pop(this.toAsk, ASKED);
    if (asked !== undefined) return { task: asked, step: 'when' };
    const free = this.pop(this.freeToRun, TO_RUN);
    if (free !== undefined) return { task: free, step: 'run' };
    if (this.active >= this.plan.maxActiveTasks) return undefined;
    const task = this.pop(this.waitingForSlot, TO_RUN);
    return task === undefined ? undefined : { task, step: 'run' };
  }

  /** Whether {@link next} may have another step. It may turn out to have none, never the other way round. */
  get mayHaveNext(): boolean {
    if (this.toAsk.size > 0 || this.freeToRun.size > 0) return true;
    return this.waitingForSlot.size > 0 && this.active < this.plan.maxActiveTasks;
  }

  /** Puts a `run` step back that the driver could not carry out now (its own budget is used up). */
  putBack(task: number): void {
    this.getInLine(task);
  }

  /** `when` said yes: the task gets in line. No effect on a task that has ended meanwhile. */
  admit(task: number): void {
    if (this.states[task] !== QUEUED) return;
    this.admitted[task] = 1;
    this.getInLine(task);
  }

  /** The task has been started. @throws Error when it was not ready: a bug of the driver. */
  start(task: number): void {
    if (this.states[task] !== QUEUED)
      throw new Error(`task ${this.plan.tasks[task]!.id} cannot start: it is ${this.stateOf(task)}`);
    this.set(task, RUNNING);
    this.active += this.takesSlot[task]!;
  }

  /**
   * The task has ended; decides what its downstream tasks become, and theirs. `chosen` are the tasks that a branch has chosen
   * (default: none). No effect when it already has a final state: a final state never changes.
   */
  finish(task: number, state: FinalTaskState, chosen: readonly number[] = []): void {
    const before = this.states[task]!;
    if (before >= SUCCESS) return;
    if (before === RUNNING) this.active -= this.takesSlot[task]!;
    this.end(task, FINAL_STATE_BYTES[state]);
    if ((this.traits[task]! & BRANCH) !== 0 && state === 'success') {
      this.choices.set(task, chosen);
      for (const left of this.notChosen(task, chosen)) if (this.states[left]! < RUNNING) this.end(left, SKIPPED);
    }
    this.propagate();
    if (state !== 'failed' || !this.plan.failFast || this.tripped || this.stopped) return;
    if ((this.traits[task]! & (ALLOWED_TO_FAIL | TEARDOWN)) === 0) this.tripFailFast();
  }

  /**
   * What {@link Walk.rewind} to a task would do again: of its {@link rewindScope} the tasks that are not pending anyway, in the order
   * of the plan.
   */
  toRewind(task: number): number[] {
    const scope = rewindScope(this.plan, this.down, task, (teardown) => this.hasBegun(teardown));
    return [...scope].filter((i) => this.states[i] !== PENDING && !this.staysLeftOut(i, scope)).sort((a, b) => a - b);
  }

  /**
   * Does tasks again that {@link Walk.toRewind} gave: all become pending, and what may start now gets ready. What still runs of
   * them keeps its place until {@link Walk.giveBack}; how it ends is for the driver to ignore. But for those places the walk is then
   * as one built from its states. O(tasks and their edges).
   */
  rewind(tasks: readonly number[]): void {
    for (const i of tasks) {
      if (this.states[i] === RUNNING && this.takesSlot[i] === 1) this.held.add(i);
      else if (this.states[i]! >= SUCCESS) {
        this.countDown(i, -1);
        this.open++;
      }
      this.set(i, PENDING);
      this.choices.delete(i);
      this.place[i] = 0;
      this.admitted[i] = this.plan.tasks[i]!.when === undefined ? 1 : 0;
    }
    const again = new Set(tasks);
    this.unwanted = this.unwanted.filter((i) => !again.has(i));
    for (const i of tasks) {
      if (this.states[i] === PENDING) this.decide(i);
      this.propagate();
    }
  }

  /** What still ran of a rewound task is over: the place that it held is free. No effect for tasks that hold none. */
  giveBack(task: number): void {
    if (this.held.delete(task)) this.active--;
  }

  private hasBegun(task: number): boolean {
    const state = this.states[task]!;
    return state >= RUNNING && state !== SKIPPED && state !== UPSTREAM_FAILED;
  }

  /**
   * A task that a branch did not choose is not done when what else stands before it is done again, but for that branch (R8); one that
   * the run does not have never is.
   */
  private staysLeftOut(task: number, scope: ReadonlySet<number>): boolean {
    if (this.isLeftOut(task)) return true;
    if (this.states[task] !== SKIPPED) return false;
    return (this.plan.tasks[task]!.upstream ?? []).some((edge) => {
      const before = typeof edge === 'number' ? edge : edge[0];
      const chosen = scope.has(before) ? undefined : this.choices.get(before);
      return chosen !== undefined && this.notChosen(before, chosen).includes(task);
    });
  }

  /**
   * The run is to stop (cancel, timeout): whatever has not started is cancelled. Running tasks end by `finish`, and teardowns
   * still start as their setups ask (R11).
   */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    for (let i = 0; i < this.size; i++) {
      if (this.states[i]! < RUNNING && (this.traits[i]! & TEARDOWN) === 0) this.end(i, CANCELLED);
    }
    this.propagate();
  }

  /** Running tasks that a join has made superfluous since the last call (`cancelOthers`): to be cancelled; they end by `finish`. */
  takeUnwanted(): readonly number[] {
    if (this.unwanted.length === 0) return this.unwanted;
    const taken = this.unwanted.filter((task) => this.states[task] === RUNNING);
    this.unwanted = [];
    return taken;
  }

  /** Indexes of the tasks that are running, in the order of the plan. */
  running(): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.size; i++) if (this.states[i] === RUNNING) found.push(i);
    return found;
  }

  /** The first tasks in that state, in the order of the plan; at most `limit`. Costs one look at each task before the last one found. */
  first(state: TaskState, limit: number): number[] {
    const code = STATE_NAMES.indexOf(state);
    const found: number[] = [];
    for (let i = 0; i < this.size && found.length < limit; i++) if (this.states[i] === code) found.push(i);
    return found;
  }

  /** Tasks whose state changed since the last call, oldest first; a task may stand in it twice. */
  takeChanges(): number[] {
    const taken = this.changes;
    this.changes = [];
    return taken;
  }

  /** How many tasks are in each state; states without tasks are absent. */
  counts(): { [state in TaskState]?: number } {
    const totals = new Uint32Array(STATE_NAMES.length);
    for (let i = 0; i < this.size; i++) totals[this.states[i]!]!++;
    const counts: { [state in TaskState]?: number } = {};
    for (let code = 0; code < STATE_NAMES.length; code++) if (totals[code]! > 0) counts[STATE_NAMES[code]!] = totals[code]!;
    return counts;
  }

  /** Ids of the tasks that failed themselves, in the order of the plan. */
  failedTasks(): string[] {
    const failed: string[] = [];
    for (let i = 0; i < this.size; i++) if (this.states[i] === FAILED) failed.push(this.plan.tasks[i]!.id);
    return failed;
  }

  /**
   * What the tasks make of the run (R7), undefined while it goes on: failed when a leaf is failed or upstream_failed, or
   * failFast stopped it. A consumer that only exists for failures or to clean up does not stop its upstream from being a leaf;
   * teardowns and failures that are allowed decide nothing.
   */
  outcome(): Exclude<FinalRunState, 'cancelled'> | undefined {
    if (this.open > 0) return undefined;
    if (this.tripped) return 'failed';
    for (let i = 0; i < this.size; i++) {
      const state = this.states[i];
      if (state !== FAILED && state !== UPSTREAM_FAILED) continue;
      const excused = state === FAILED ? TEARDOWN | ALLOWED_TO_FAIL : TEARDOWN;
      if ((this.traits[i]! & excused) === 0 && this.isLeaf(i)) return 'failed';
    }
    return 'success';
  }

  /** All states, for a snapshot or as kept results. */
  snapshot(): WalkStates {
    const letters: string[] = [];
    for (let i = 0; i < this.size; i++) {
      const state = this.states[i]!;
      letters.push(state === QUEUED && this.admitted[i] === 0 ? '.' : STATE_LETTERS[state]!);
    }
    return letters.join('');
  }

  private isLeaf(task: number): boolean {
    for (let e = this.down.offsets[task]!; e < this.down.offsets[task + 1]!; e++) {
      const downstream = this.down.tasks[e]!;
      if (!this.isLeftOut(downstream) && decidesForUpstream(this.down.on[e]!, this.plan.tasks[downstream]!)) return false;
    }
    return true;
  }

  private getInLine(task: number): void {
    const asks = this.admitted[task] === 0;
    this.place[task] = asks ? ASKED : TO_RUN;
    const line = asks ? this.toAsk : this.takesSlot[task] === 1 ? this.waitingForSlot : this.freeToRun;
    line.push(this.rank[task]!);
  }

  /** Takes the first of a line that is still ready: tasks that ended or were rewound while they stood in it are passed over. */
  private pop(heap: RankHeap, place: number): number | undefined {
    for (;;) {
      const rank = heap.pop();
      if (rank === undefined) return undefined;
      const task = this.byRank[rank]!;
      if (this.states[task] !== QUEUED || this.place[task] !== place) continue;
      this.place[task] = 0;
      return task;
    }
  }

  private set(task: number, code: number): void {
    this.states[task] = code;
    this.changes.push(task);
  }

  private setFinal(task: number, code: number): void {
    this.set(task, code);
    this.open--;
  }

  /** Gives a task its final state; what follows from that is for {@link propagate}. */
  private end(task: number, code: number): void {
    this.setFinal(task, code);
    this.ended.push(task);
  }

  /** Works off everything that follows from the tasks that have ended, without recursion: chains may be long. */
  private propagate(): void {
    const ended = this.ended;
    for (let at = 0; at < ended.length; at++) {
      const upstream = ended[at]!;
      this.countDown(upstream);
      for (let e = this.down.offsets[upstream]!; e < this.down.offsets[upstream + 1]!; e++) {
        const downstream = this.down.tasks[e]!;
        if (this.states[downstream] === PENDING) this.decide(downstream);
      }
    }
    ended.length = 0;
  }

  /** Tells the counters of all downstream tasks that this one has ended; with -1 takes it back. */
  private countDown(task: number, by: 1 | -1 = 1): void {
    const state = this.stateOf(task) as FinalTaskState;
    if ((this.traits[task]! & (BRANCH | ALLOWED_TO_FAIL)) !== 0) return this.countDownSpecial(task, state, by);
    for (let e = this.down.offsets[task]!; e < this.down.offsets[task + 1]!; e++) {
      this.counters[4 * this.down.tasks[e]! + translate(state, this.down.on[e]!)]! += by;
    }
  }

  private countDownSpecial(task: number, state: FinalTaskState, by: 1 | -1): void {
    const traits = this.traits[task]!;
    const allowed = state === 'failed' && (traits & ALLOWED_TO_FAIL) !== 0;
    for (let e = this.down.offsets[task]!; e < this.down.offsets[task + 1]!; e++) {
      const on = this.down.on[e]!;
      this.counters[4 * this.down.tasks[e]! + (allowed ? translateAllowed(on) : translate(state, on))]! += by;
      if ((traits & BRANCH) !== 0) this.openBranches[this.down.tasks[e]!]! -= by;
    }
  }

  /** Asks the rule of a pending task, and does what it says. */
  private decide(task: number): void {
    const verdict = this.traits[task] === 0 ? this.ruleOf(task) : this.specialVerdict(task);
    switch (verdict) {
      case 'wait':
        return;
      case 'run':
        this.set(task, QUEUED);
        this.getInLine(task);
        if ((this.traits[task]! & JOIN) !== 0) this.dropLosers(task);
        return;
      case 'skip':
      case 'removed':
        return this.end(task, SKIPPED);
      case 'upstream_failed':
        return this.end(task, UPSTREAM_FAILED);
      default: {
        const unknown: never = verdict;
        throw new Error(`unknown verdict ${String(unknown)}`);
      }
    }
  }

  private ruleOf(task: number): RuleVerdict {
    return ruleVerdict(this.plan.tasks[task]!.rule ?? 'all_success', this.countsOf(task));
  }

  /** What a task says that a plain rule may not decide: nothing before the branches before it have chosen (R8). */
  private specialVerdict(task: number): RuleVerdict {
    if (this.openBranches[task]! > 0) return 'wait';
    const { join, teardown } = this.plan.tasks[task]!;
    if (join === undefined && teardown === undefined) return this.ruleOf(task);
    const counts = this.countsOf(task);
    if (join !== undefined) return this.joinVerdict(join, counts);
    let setupsSuccess = 0;
    let setupsSkipped = 0;
    for (const setup of teardown ?? []) {
      const state = this.states[setup]!;
      if (state === SUCCESS) setupsSuccess++;
      else if (state === SKIPPED || state === CANCELLED) setupsSkipped++;
    }
    return ruleVerdict('all_done_setup_success', { ...counts, setups: teardown?.length, setupsSuccess, setupsSkipped });
  }

  private joinVerdict(join: JoinPlan, counts: UpstreamCounts): RuleVerdict {
    if ('minSuccess' in join) return quorumVerdict(join.minSuccess, join.eager ?? true, counts);
    const possible = (task: number): number => {
      const state = this.states[task]!;
      return state < SUCCESS ? ANY_STATE : 1 << (state - SUCCESS);
    };
    return expressionVerdict(joinValue(join.expression, possible), counts);
  }

  /** A join may start: those that it waits for no longer are cancelled (R6). */
  private dropLosers(task: number): void {
    const { join } = this.plan.tasks[task]!;
    if (join === undefined || !('minSuccess' in join)) return;
    for (const loser of join.losers ?? []) {
      if (this.states[loser]! < RUNNING) this.end(loser, CANCELLED);
      else if (this.states[loser] === RUNNING) this.unwanted.push(loser);
    }
  }

  /** Direct downstream tasks of a branch that are neither chosen nor come after a chosen one; teardowns are no path (R8, R11). */
  private notChosen(task: number, chosen: readonly number[]): number[] {
    const spared = new Set(chosen);
    for (const [target, others] of this.plan.tasks[task]!.branch?.spares ?? [])
      if (chosen.includes(target)) for (const other of others) spared.add(other);
    const left: number[] = [];
    for (let e = this.down.offsets[task]!; e < this.down.offsets[task + 1]!; e++) {
      const downstream = this.down.tasks[e]!;
      if (!spared.has(downstream) && (this.traits[downstream]! & TEARDOWN) === 0) left.push(downstream);
    }
    return left;
  }

  private countsOf(task: number): UpstreamCounts {
    const at = 4 * task;
    return {
      total: this.upstreamTotal[task]!,
      success: this.counters[at + AS_SUCCESS]!,
      failed: this.counters[at + AS_FAILED]!,
      upstreamFailed: this.counters[at + AS_UPSTREAM_FAILED]!,
      skipped: this.counters[at + AS_SKIPPED]!,
    };
  }

  /** R22: what has not started is skipped, but for those that exist to answer a failure or to clean up. */
  private tripFailFast(): void {
    this.tripped = true;
    for (let i = 0; i < this.size; i++) {
      if (this.states[i]! < RUNNING && !this.outlivesFailFast(i)) this.end(i, SKIPPED);
    }
    this.propagate();
  }

  private outlivesFailFast(index: number): boolean {
    const task = this.plan.tasks[index]!;
    return task.teardown !== undefined || (task.upstream?.some((edge) => isNotifierEdge(edgeOn(edge), task)) ?? false);
  }
}
