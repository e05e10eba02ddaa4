import { CancellationScope, defineSignal, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { LeavePlace } from '../../activities/place-calls.js';
import { activeRunsLimit, placeTerms } from '../../src/dag/active-runs.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { PlaceAnswer, PlaceHolder, PlaceRequest, PlaceWord } from '../../src/dag/pool/place.js';
import type { Failure } from '../../src/dag/state.js';
import { activeRunsPool, type DagRunInput, PLACE_SIGNAL, type PlaceSignal } from '../contract.js';
import { atHand } from './dispatch.js';
import type { RunLedger } from './run-ledger.js';
import type { TaskHost } from './task-host.js';

const placeSignal = defineSignal<[PlaceSignal]>(PLACE_SIGNAL);

const PARKED = 'waits for the run before it, and has left its place among the active runs to others';

/**
 * The place of a run among the active ones of its DAG (`maxActiveRuns`): asked for before its first task, and held until its workflow
 * is closed. While all that it could do waits for the run before it, it is parked: that run, or the one that is to do it again,
 * may need the place. A child works in the place of its root.
 */
export class RunPlace {
  private readonly limit: number | undefined;
  private readonly holder: PlaceHolder;
  private readonly pool: string;
  private state: 'none' | 'held' | 'parked';
  /** How often it has been parked. */
  private turn: number;
  /** It has been asked for again. */
  private wantsBack = false;
  /** The last word, of this turn. */
  private heard: PlaceWord['word'] | undefined;
  private wake: () => void = () => undefined;
  /** That the pool knows of the last parking. */
  private parking: Promise<void> = Promise.resolve();

  constructor(
    private readonly input: DagRunInput,
    private readonly plan: DagPlan,
    private readonly ledger: RunLedger,
  ) {
    const { run, parent, place = 'none', placeTurn = 0 } = input;
    this.limit = parent === undefined ? activeRunsLimit(plan, run.scope) : undefined;
    this.holder = { runId: run.runId, execution: run.execution };
    this.pool = activeRunsPool(run.dagId);
    this.state = this.limit === undefined ? 'none' : place;
    this.turn = placeTurn;
    if (this.limit === undefined) return;
    if (this.state === 'parked') ledger.noteQueued(PARKED);
    setHandler(placeSignal, ({ words }) => {
      const mine = words.find(
        ({ holder, turn = 0 }) =>
          holder.execution === this.holder.execution && holder.runId === this.holder.runId && turn === this.turn,
      );
      this.heard ??= mine?.word;
      this.wake();
    });
  }

  /** Whether it has to be asked for: whoever started the run may have done that, or an earlier execution of its workflow. */
  get isWanted(): boolean {
    return this.limit !== undefined && this.state === 'none';
  }

  get isHeld(): boolean {
    return this.state === 'held';
  }

  /** Nothing of the run may start before it has its place again. */
  get isParked(): boolean {
    return this.state === 'parked';
  }

  /** What the next execution of the workflow has to know. */
  get carried(): Pick<DagRunInput, 'place' | 'placeTurn'> {
    const placeTurn = this.turn === 0 ? undefined : this.turn;
    return this.state === 'none' ? {} : { place: this.state, placeTurn };
  }

  /** To be said when the run closes; undefined = nothing. */
  get leave(): LeavePlace | undefined {
    return this.state === 'none' ? undefined : { pool: this.pool, holder: this.holder };
  }

  /** Asks, and waits where it has to. Returns why the run may not begin; nothing when it may, or when it was cancelled or `givenUp` meanwhile. */
  async take(givenUp: Promise<void>): Promise<Failure | undefined> {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) return undefined;
    const answer = await this.ask(placeTerms(this.plan, this.input.run.scope));
    if (answer.state !== 'waiting') this.heard = answer.state;
    else if (this.heard === undefined && !scope.consideredCancelled) {
      this.noteWaiting('waits', answer.ahead);
      // Bare promises: `condition` makes three, and enters a scope.
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        scope.cancelRequested.catch(() => resolve());
        void givenUp.then(resolve);
      });
      if (this.heard === 'granted') upsertSearchAttributes({ DagRunState: ['running'] });
    }
    if (this.heard === 'granted') {
      this.state = 'held';
      this.ledger.noteBegun(Date.now());
      return undefined;
    }
    if (this.heard === 'refused') return this.turnedAway(scope);
    await atHand('leave the queue', (places) => places.leavePlace({ pool: this.pool, holder: this.holder }));
    return undefined;
  }

  /** Leaves its place to others until it is {@link takeBack taken back}. Call it while it is held. */
  park(host: Pick<TaskHost, 'tell' | 'began' | 'over'>): void {
    this.state = 'parked';
    this.turn++;
    this.heard = undefined;
    this.ledger.noteQueued(PARKED);
    upsertSearchAttributes({ DagRunState: ['queued'] });
    const holder = { ...this.holder, turn: this.turn };
    host.began();
    this.parking = atHand('leave the place to others', (places) => places.parkPlace({ pool: this.pool, holder })).finally(() =>
      host.tell(() => host.over()),
    );
  }

  /** Asks for the place again; once it has it, the loop turns. Call it while it is parked: once is enough. */
  takeBack(host: Pick<TaskHost, 'tell' | 'began' | 'over'>): void {
    if (this.wantsBack) return;
    this.wantsBack = true;
    const back = (): void => {
      if (this.heard !== 'granted' || !this.isParked) return;
      this.state = 'held';
      this.wantsBack = false;
      this.ledger.noteResumed();
      upsertSearchAttributes({ DagRunState: ['running'] });
    };
    this.wake = () => host.tell(back);
    host.began();
    void this.askAgain().then((answer) =>
      host.tell(() => {
        host.over();
        if (answer.state === 'granted') this.heard = 'granted';
        else if (answer.state === 'waiting' && this.heard === undefined)
          this.noteWaiting('is to go on, and waits', answer.ahead);
        back();
      }),
    );
  }

  private async askAgain(): Promise<PlaceAnswer> {
    // The pool must have heard of the parking before.
    await this.parking;
    const { priority } = placeTerms(this.plan, this.input.run.scope);
    return this.ask({ priority, turn: this.turn });
  }

  private ask(terms: Pick<PlaceRequest, 'priority' | 'onFull' | 'turn'>): Promise<PlaceAnswer> {
    const { run } = this.input;
    const request = { ...this.holder, at: run.acceptedAt, ...terms };
    const limit = { capacity: this.limit!, revision: run.version };
    return atHand('a place among the active runs', (places) => places.askPlace({ pool: this.pool, request, limit }));
  }

  private noteWaiting(what: string, ahead: number | undefined): void {
    this.ledger.noteQueued(`${what} for a place among the active runs${aheadText(ahead)}; maxActiveRuns is ${this.limit}`);
    if (!this.isParked) upsertSearchAttributes({ DagRunState: ['queued'] });
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
