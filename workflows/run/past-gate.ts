import { parseInstant } from '../../src/dag/instant.js';
import type { DagPlan } from '../../src/dag/plan.js';
import { awaitedOutcome, type FoundRun } from '../../src/dag/run-wait.js';
import type { Walk } from '../../src/dag/walk.js';
import type { DagRunInput, RunLook } from '../contract.js';
import type { RunLedger } from './run-ledger.js';
import type { RunLookouts } from './run-lookout.js';

/**
 * Holds tasks with `dependsOnPast` back until their like in the run before this one has succeeded or was skipped (R26). Only runs with a
 * date have a past: all others, and SubDAGs, wait for nothing. Who is held back takes no place, and keeps no execution from ending:
 * the next one asks anew.
 */
export class PastGate {
  private readonly passed = new Set<number>();
  private readonly heldBack = new Set<number>();
  /** Epoch ms; undefined = there is no past. */
  private readonly date: number | undefined;

  constructor(
    { run, parent }: Pick<DagRunInput, 'run' | 'parent'>,
    private readonly plan: DagPlan,
    private readonly walk: Pick<Walk, 'putBack' | 'stateOf'>,
    private readonly ledger: RunLedger,
    private readonly lookouts: RunLookouts,
  ) {
    this.date = run.dated && parent === undefined ? parseInstant(run.scope.logicalDate) : undefined;
  }

  /** It holds tasks back now. */
  get holds(): boolean {
    return this.heldBack.size > 0;
  }

  /** Whether a task may start now; else it is put back in line when it may. */
  mayStart(task: number): boolean {
    const { past } = this.plan.tasks[task]!;
    if (past === undefined || this.date === undefined || this.passed.has(task)) return true;
    if (this.heldBack.has(task)) return false;
    this.heldBack.add(task);
    this.lookouts.begin(tokenOf(task), {
      about: `the run before, for ${this.plan.tasks[task]!.id}`,
      awaited: { dagId: this.plan.dagId, by: 'before', date: this.date },
      tasks: past,
      failureEnds: false,
      until: Number.MAX_SAFE_INTEGER,
      heard: (look) => this.heard(task, past, look),
    });
    return false;
  }

  private heard(task: number, past: readonly string[], look: RunLook): boolean {
    // It was skipped or cancelled meanwhile, or is to be done again, and then asks again.
    if (this.walk.stateOf(task) !== 'queued') {
      this.heldBack.delete(task);
      return true;
    }
    if (look.look === 'found') {
      const outcome = awaitedOutcome(look.run, past);
      // A run of an older version, which had no such task, is no past of it.
      if (outcome === 'open' || outcome === 'failed') {
        this.ledger.noteNotice(task, noticeOf(look.run, past));
        return false;
      }
    }
    this.ledger.noteNotice(task, undefined);
    this.passed.add(task);
    if (this.heldBack.delete(task)) this.walk.putBack(task);
    return true;
  }
}

function noticeOf({ runId, state, tasks = {} }: FoundRun, past: readonly string[]): string {
  const failed = past.find((id) => tasks[id] !== undefined && tasks[id] !== 'success' && tasks[id] !== 'skipped');
  const what = past.length === 1 ? `task ${past[0]}` : `tasks ${past.join(', ')}`;
  if (failed !== undefined) return `depends on the past: task ${failed} of run ${runId} is ${tasks[failed]}; do that run again`;
  return `depends on the past: waits for ${what} of run ${runId}${state === undefined ? '' : `, which is ${state}`}`;
}

const tokenOf = (task: number): string => `past ${task}`;
