import type { DagPlan } from '../../src/dag/plan.js';
import type { FoundRun } from '../../src/dag/run-wait.js';
import type { FinalRunState, TaskState } from '../../src/dag/state.js';
import type { Walk } from '../../src/dag/walk.js';
import { RUN_WORD_SIGNAL, type RunFacts, type RunWord, type Watch } from '../contract.js';
import { sendWord } from './send-word.js';

const OPEN: ReadonlySet<TaskState> = new Set<TaskState>(['pending', 'queued', 'running']);

/**
 * Those who wait for this run, or for tasks of it: each is told once, when that has ended. They may ask at any time, also before the
 * run has read its plan and after its last task.
 */
export class RunWatchers {
  private readonly watches = new Map<string, Watch>();
  private states?: (taskId: string) => TaskState | undefined;
  private closedAs?: FinalRunState;
  private readonly words = new Set<Promise<void>>();

  constructor(
    private readonly run: RunFacts,
    carried: readonly Watch[] = [],
  ) {
    for (const watch of carried) this.watches.set(keyOf(watch), watch);
  }

  /** The plan is known, and with it what the tasks are. */
  attach({ tasks }: DagPlan, walk: Walk): void {
    let indexes: ReadonlyMap<string, number> | undefined;
    this.states = (taskId) => {
      indexes ??= new Map(tasks.map(({ id }, index) => [id, index]));
      const index = indexes.get(taskId);
      return index === undefined ? undefined : walk.stateOf(index);
    };
  }

  /** Somebody asks; who asks again under the same name waits once. */
  hear(watch: Watch): void {
    this.watches.set(keyOf(watch), watch);
    this.noteChanges();
  }

  /** Tells those whose tasks have all ended; of a run that is over, everybody. */
  noteChanges(): void {
    for (const [key, watch] of this.watches) {
      const run = this.news(watch);
      if (run === undefined) continue;
      this.watches.delete(key);
      const { workflowId, token } = watch.waiter;
      this.send(sendWord<RunWord>(workflowId, RUN_WORD_SIGNAL, { token, run }));
    }
  }

  /** A word of this run is under way, to whomever. */
  send(word: Promise<void>): void {
    this.words.add(word);
    void word.then(() => this.words.delete(word));
  }

  /** Resolves when all words have arrived: Temporal drops those that are under way when their sender closes, or continues as new. */
  async settled(): Promise<void> {
    while (this.words.size > 0) await Promise.all(this.words);
  }

  /** The run is over, and its report is written. */
  async close(state: FinalRunState): Promise<void> {
    this.closedAs = state;
    this.noteChanges();
    await this.settled();
  }

  /** For continue-as-new. */
  snapshot(): readonly Watch[] {
    return [...this.watches.values()];
  }

  /** What there is to tell; undefined while what is waited for goes on. */
  private news({ tasks }: Watch): FoundRun | undefined {
    const { runId, execution } = this.run;
    const ended: { [taskId: string]: TaskState } = {};
    let open = tasks === undefined;
    for (const id of tasks ?? []) {
      const state = this.states?.(id);
      if (state !== undefined && !OPEN.has(state)) ended[id] = state;
      else open = true;
    }
    if (open && this.closedAs === undefined) return undefined;
    return {
      ...{ runId, execution },
      ...(this.closedAs === undefined ? {} : { state: this.closedAs }),
      ...(tasks === undefined ? {} : { tasks: ended }),
    };
  }
}

const keyOf = ({ waiter }: Watch): string => `${waiter.workflowId} ${waiter.token}`;
