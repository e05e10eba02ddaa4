import type { DagPlan, SubPlan } from '../plan.js';
import type { FinalTaskState } from '../state.js';
import type { RunPlace, SimulatedRun } from './simulation.js';
import type { Appointment } from './timeline.js';
import { type RunUnderway, type Underway, type World, waitMs } from './underway.js';

/** Whose SubDAG it is; `path` is that of the first attempt. */
export type SubDagPlace = Pick<RunPlace, 'path'> & Omit<NonNullable<RunPlace['of']>, 'attempt'>;

/** A task that runs a SubDAG, attempt after attempt: each keeps what succeeded in the one before (R9). */
export class VirtualSubDag implements Underway {
  private run: RunUnderway | undefined;
  private pause: Appointment | undefined;
  private cancelled = false;
  private over = false;

  constructor(
    private readonly world: World,
    private readonly sub: SubPlan,
    private readonly plan: DagPlan,
    private readonly place: SubDagPlace,
    private readonly done: (state: FinalTaskState) => void,
  ) {
    this.begin(1);
  }

  cancel(): void {
    if (this.over) return;
    this.cancelled = true;
    this.run?.stop('cancelled');
    if (this.pause === undefined) return;
    this.pause.what = undefined;
    this.end('cancelled');
  }

  private begin(attempt: number, before?: SimulatedRun): void {
    this.pause = undefined;
    const { path, ...of } = this.place;
    this.run = this.world.begin({
      plan: this.plan,
      path: attempt === 1 ? path : `${path}#${attempt}`,
      of: { ...of, attempt },
      before,
      timeoutMs: this.sub.timeoutMs,
      done: (run) => this.ended(attempt, run),
    });
  }

  private ended(attempt: number, run: SimulatedRun): void {
    this.run = undefined;
    const { retry } = this.sub;
    if (run.state !== 'failed' || this.cancelled || retry === undefined || attempt >= retry.maxAttempts)
      return this.end(run.state);
    this.pause = this.world.timeline.after(waitMs(retry, attempt), () => this.begin(attempt + 1, run));
  }

  private end(state: FinalTaskState): void {
    this.over = true;
    this.done(state);
  }
}
