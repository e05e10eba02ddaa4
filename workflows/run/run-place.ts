import { CancellationScope, defineSignal, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { LeavePlace } from '../../activities/place-calls.js';
import { activeRunsLimit, placeTerms } from '../../src/dag/active-runs.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { PlaceAnswer, PlaceHolder, PlaceWord } from '../../src/dag/pool/place.js';
import type { Failure } from '../../src/dag/state.js';
import { activeRunsPool, type DagRunInput, PLACE_SIGNAL, type PlaceSignal } from '../contract.js';
import { atHand } from './dispatch.js';
import type { RunLedger } from './run-ledger.js';

const placeSignal = defineSignal<[PlaceSignal]>(PLACE_SIGNAL);

/**
 * The place of a run among the active ones of its DAG (`maxActiveRuns`): asked for before its first task, and held until its workflow
 * is closed. A child works in the place of its root.
 */
export class RunPlace {
  private readonly limit: number | undefined;
  private readonly holder: PlaceHolder;
  private readonly pool: string;
  private taken: boolean;

  constructor(
    private readonly input: DagRunInput,
    private readonly plan: DagPlan,
  ) {
    const { run, parent, place } = input;
    this.limit = parent === undefined ? activeRunsLimit(plan, run.scope) : undefined;
    this.holder = { runId: run.runId, execution: run.execution };
    this.pool = activeRunsPool(run.dagId);
    this.taken = place === 'held' && this.limit !== undefined;
  }

  /** Whether it has to be asked for: whoever started the run may have done that, or an earlier execution of its workflow. */
  get isWanted(): boolean {
    return this.limit !== undefined && !this.taken;
  }

  /** What the next execution of the workflow has to know. */
  get carried(): Pick<DagRunInput, 'place'> {
    return this.taken ? { place: 'held' } : {};
  }

  /** To be said when the run closes; undefined = nothing. */
  get leave(): LeavePlace | undefined {
    return this.taken ? { pool: this.pool, holder: this.holder } : undefined;
  }

  /** Asks, and waits where it has to. Returns why the run may not begin; nothing when it may, or when it was cancelled or `givenUp` meanwhile. */
  async take(ledger: RunLedger, givenUp: Promise<void>): Promise<Failure | undefined> {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) return undefined;
    let heard: PlaceWord['word'] | undefined;
    let wake: (() => void) | undefined;
    setHandler(placeSignal, ({ words }) => {
      const mine = words.find(({ holder }) => holder.execution === this.holder.execution && holder.runId === this.holder.runId);
      heard ??= mine?.word;
      wake?.();
    });
    const answer = await this.ask();
    if (answer.state !== 'waiting') heard = answer.state;
    else if (heard === undefined && !scope.consideredCancelled) {
      ledger.noteQueued(`waits for a place among the active runs${aheadText(answer.ahead)}; maxActiveRuns is ${this.limit}`);
      upsertSearchAttributes({ DagRunState: ['queued'] });
      // Bare promises: `condition` makes three, and enters a scope.
      await new Promise<void>((resolve) => {
        wake = resolve;
        scope.cancelRequested.catch(() => resolve());
        void givenUp.then(resolve);
      });
      if (heard === 'granted') upsertSearchAttributes({ DagRunState: ['running'] });
    }
    if (heard === 'granted') {
      this.taken = true;
      ledger.noteBegun(Date.now());
      return undefined;
    }
    if (heard === 'refused') return this.turnedAway(scope);
    await atHand('leave the queue', (places) => places.leavePlace({ pool: this.pool, holder: this.holder }));
    return undefined;
  }

  private ask(): Promise<PlaceAnswer> {
    const { run } = this.input;
    const request = { ...this.holder, at: run.acceptedAt, ...placeTerms(this.plan, run.scope) };
    const limit = { capacity: this.limit!, revision: run.version };
    return atHand('a place among the active runs', (places) => places.askPlace({ pool: this.pool, request, limit }));
  }

  private async turnedAway(scope: CancellationScope): Promise<Failure> {
    const { onRunLimit } = this.plan;
    const message = `${this.limit === 1 ? 'another run was' : `${this.limit} other runs were`} at work, as many as maxActiveRuns allows; onRunLimit is ${onRunLimit}`;
    if (onRunLimit === 'cancel_new') {
      // Temporal calls a workflow cancelled only when somebody has asked for that.
      await atHand('cancel this run', (places) => places.cancelRun({ runId: this.holder.runId, reason: message }));
      await new Promise<void>((resolve) => scope.cancelRequested.catch(() => resolve()));
    }
    return { kind: 'run_limit', message };
  }
}

function aheadText(ahead: number | undefined): string {
  if (ahead === undefined) return '';
  return ahead === 0 ? ' (as the next)' : ` (${ahead} ahead of it when it asked)`;
}
