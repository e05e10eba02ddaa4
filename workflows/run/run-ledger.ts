import type { DagPlan } from '../../src/dag/plan.js';
import type { Resources } from '../../src/dag/resources.js';
import type { Attempt, Failure, HookRecord, RunState } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import type { MapProgress, RunFacts, RunHead, TaskRecord, TasksQueryInput, TasksQueryResult } from '../contract.js';
import { inlineBytesOf } from './inline-bytes.js';
import type { TaskEnding } from './task-ending.js';

/** Names of failed tasks that a head carries, at most. */
const MAX_NAMED = 100;
/** Bytes of one answer to the tasks query, at most (approximate): well below the 2 MiB of a payload. */
const QUERY_BYTES = 1024 * 1024;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * All that is to be told of a run: a record per task that has moved, the run's own state, and a revision that grows with
 * each change, so that a reader can ask for what is new. Reads are answered from here (queries) and at the end from the report.
 */
export class RunLedger {
  state: RunState = 'running';
  failure: Failure | undefined;
  private notice: string | undefined;
  /** What the run waits for that people can do something about. */
  waitingFor: RunHead['waitingFor'];
  outputs: RunHead['outputs'];
  private deadlines: RunHead['deadlines'];
  private readonly hooks: HookRecord[] = [];
  endedAt: number | undefined;
  /** Bytes of outputs that are held inline. */
  inlineBytes = 0;
  private readonly records = new Map<number, Mutable<TaskRecord>>();
  private readonly byId: readonly number[];

  constructor(
    private readonly run: RunFacts,
    private readonly plan: DagPlan,
    private readonly walk: Walk,
    public startedAt: number,
    public revision = 0,
  ) {
    this.byId = plan.tasks.map((_, i) => i).sort((a, b) => (plan.tasks[a]!.id < plan.tasks[b]!.id ? -1 : 1));
  }

  /** Takes over what was known before the run, or this execution of it, began. */
  restore(records: readonly TaskRecord[]): void {
    const index = new Map(this.plan.tasks.map((task, i) => [task.id, i]));
    for (const record of records) {
      const at = index.get(record.taskId);
      if (at === undefined) continue;
      this.records.set(at, { ...record });
      this.inlineBytes += inlineBytesOf(record.output) + inlineBytesOf(record.items);
    }
  }

  recordOf(task: number): TaskRecord | undefined {
    return this.records.get(task);
  }

  /** Brings the records up to date with the states that changed in the walk. */
  noteChanges(now: number): void {
    for (const task of this.walk.takeChanges()) {
      const record = this.touch(task);
      record.state = this.walk.stateOf(task);
      if (this.walk.isLeftOut(task)) record.skipReason = 'not_selected';
      if (record.state === 'queued') record.queuedAt ??= now;
      else if (record.state === 'running') record.startedAt ??= now;
      else if (record.state !== 'pending') record.endedAt ??= now;
    }
  }

  /** Adds what is known of a task that ends; its state follows from the walk. */
  noteEnding(task: number, ending: TaskEnding): void {
    const record = this.touch(task);
    record.startedAt = ending.startedAt ?? record.startedAt;
    if (ending.endedAt !== undefined) record.endedAt = ending.endedAt;
    if (ending.attempts !== undefined && ending.attempts.length > 0) record.attempts = joined(record.attempts, ending.attempts);
    if (ending.failure !== undefined) record.failure = ending.failure;
    if (ending.cached !== undefined) record.cached = ending.cached;
    if (ending.hooks !== undefined) record.hooks = [...(record.hooks ?? []), ...ending.hooks];
    if (ending.output !== undefined) record.output = ending.output;
    if (ending.items !== undefined) record.items = ending.items;
    this.inlineBytes += inlineBytesOf(ending.output) + inlineBytesOf(ending.items);
    delete record.notice;
    delete record.waiting;
  }

  /** A task waits by the clock; carried with the records, so that a new execution of the run sets its timers again. */
  noteWaiting(task: number, waiting: TaskRecord['waiting'], notice: string | undefined): void {
    const record = this.touch(task);
    record.waiting = waiting;
    if (notice !== undefined) record.notice = notice;
  }

  /** The task is to be done again: only its attempts and its hooks are kept. */
  noteRewound(task: number): void {
    const { taskId, state, attempts, hooks, rewinds = 0, revision, output, items } = this.touch(task);
    this.inlineBytes -= inlineBytesOf(output) + inlineBytesOf(items);
    this.records.set(task, { taskId, state, attempts, hooks, rewinds: rewinds + 1, revision });
  }

  /** What a task that starts is given. */
  noteResources(task: number, resources: Resources): void {
    this.touch(task).resources = resources;
  }

  /** What a task that was sent back meanwhile still ran is over: that counts for nothing, but it is told. */
  noteLate(task: number, { attempts = [], hooks = [] }: TaskEnding): void {
    this.noteAttempts(task, attempts);
    for (const hook of hooks) this.noteTaskHook(task, hook);
  }

  /** Adds attempts of a task that is not over by them, or says more of those that are known. */
  noteAttempts(task: number, attempts: readonly Attempt[]): void {
    const record = this.touch(task);
    record.attempts = joined(record.attempts, attempts);
  }

  /** Says something about a task that is not over; undefined takes it back. */
  noteNotice(task: number, notice: string | undefined): void {
    if (this.records.get(task)?.notice === notice) return;
    const record = this.touch(task);
    if (notice === undefined) delete record.notice;
    else record.notice = notice;
  }

  /** The latest about a hook: a new one, or the one that was noted last. */
  noteHook(record: HookRecord): void {
    const last = this.hooks.at(-1);
    if (last?.hook === record.hook && last.index === record.index) this.hooks.pop();
    this.hooks.push(record);
    this.revision++;
  }

  /** A hook of a task has ended. */
  noteTaskHook(task: number, hook: HookRecord): void {
    const record = this.touch(task);
    record.hooks = [...(record.hooks ?? []), hook];
  }

  /** Where the deadlines of the run are. */
  noteDeadlines(deadlines: NonNullable<RunHead['deadlines']>): void {
    this.deadlines = deadlines;
    this.revision++;
  }

  noteWaitingFor(waitingFor: RunHead['waitingFor']): void {
    this.waitingFor = waitingFor;
    this.revision++;
  }

  /** How far a map is. */
  noteMap(task: number, map: MapProgress): void {
    this.touch(task).map = map;
  }

  /** The run waits, before it begins or for the run before it; `notice` says what for. */
  noteQueued(notice: string): void {
    this.state = 'queued';
    this.notice = notice;
    this.revision++;
  }

  /** The run goes on that was queued after it had begun. */
  noteResumed(): void {
    this.state = 'running';
    this.notice = undefined;
    this.revision++;
  }

  /** The run begins now. */
  noteBegun(now: number): void {
    this.startedAt = now;
    this.noteResumed();
  }

  close(state: RunState, now: number): void {
    this.state = state;
    this.notice = undefined;
    this.endedAt = now;
    this.waitingFor = undefined;
    this.revision++;
  }

  head(): RunHead {
    const failed = this.walk.failedTasks();
    return {
      run: this.run,
      state: this.state,
      startedAt: this.startedAt,
      endedAt: this.endedAt,
      counts: this.walk.counts(),
      failure: this.failure,
      notice: this.notice,
      waitingFor: this.waitingFor,
      failedTasks: failed.length > 0 ? failed.slice(0, MAX_NAMED) : undefined,
      outputs: this.outputs,
      hooks: this.hooks.length > 0 ? this.hooks : undefined,
      deadlines: this.deadlines,
      revision: this.revision,
    };
  }

  /** All records in the order of the plan, tasks that never moved included. */
  all(): TaskRecord[] {
    return this.plan.tasks.map(
      (task, i) => this.records.get(i) ?? { taskId: task.id, state: this.walk.stateOf(i), revision: 0 },
    );
  }

  /** Answers the tasks query; a page also ends where it grows too large for a payload. */
  page(input: TasksQueryInput): TasksQueryResult {
    const tasks: TaskRecord[] = [];
    let bytes = 0;
    let more = false;
    for (const index of this.byId) {
      const id = this.plan.tasks[index]!.id;
      if (input.after !== undefined && id <= input.after) continue;
      if (input.taskId !== undefined && id !== input.taskId) continue;
      const record = this.records.get(index) ?? { taskId: id, state: this.walk.stateOf(index), revision: 0 };
      if (input.sinceRevision !== undefined && record.revision <= input.sinceRevision) continue;
      if (input.state !== undefined && record.state !== input.state) continue;
      if (tasks.length >= input.limit || bytes > QUERY_BYTES) {
        more = true;
        break;
      }
      tasks.push(record);
      bytes += JSON.stringify(record).length;
    }
    return { head: this.head(), tasks, more };
  }

  private touch(task: number): Mutable<TaskRecord> {
    let record = this.records.get(task);
    if (record === undefined) {
      record = { taskId: this.plan.tasks[task]!.id, state: this.walk.stateOf(task), revision: 0 };
      this.records.set(task, record);
    }
    record.revision = ++this.revision;
    return record;
  }
}

/** Attempts by their numbers, which go on over rewinds; what is told again counts. */
function joined(known: readonly Attempt[] | undefined, told: readonly Attempt[]): readonly Attempt[] {
  if (known === undefined) return told;
  const again = new Set(told.map(({ attempt }) => attempt));
  return [...known.filter(({ attempt }) => !again.has(attempt)), ...told];
}
