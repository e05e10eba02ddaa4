import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { PlaceActivities } from '../activities/place-calls.js';
import type { SystemActivities } from '../activities/system-calls.js';
import { activeRunsPool, type CatchUpInput, type CatchUpStep, PLACE_SIGNAL, type PlaceSignal } from './contract.js';

const placeSignal = defineSignal<[PlaceSignal]>(PLACE_SIGNAL);

/** A place that it never hears of, because the pool was ended from outside, is asked for again after that. */
const ASK_AGAIN_MS = 300_000;

// As long as it takes: what is asked for stays so, and retries leave no history.
const retry = { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' } as const;
const { catchUp } = proxyActivities<Pick<SystemActivities, 'catchUp'>>({
  summary: 'runs of the past, as far as there are places',
  // Three times what a step takes: a worker that was killed in the middle of one is missed after that.
  startToCloseTimeout: '15 seconds',
  scheduleToCloseTimeout: '5 minutes',
  retry,
});
const { leavePlace } = proxyActivities<Pick<PlaceActivities, 'leavePlace'>>({
  summary: 'give up a place that is not needed any more',
  startToCloseTimeout: '10 seconds',
  retry,
});

/** What is to be done: the same object as long as nothing of it has changed. */
export interface CatchUpOrder {
  readonly key: object;
  readonly input: CatchUpInput;
}

/** Makes up for the past of a DAG step by step: each begins when the pool has said that there is a place for its first run. */
export class CatchUpKeeper {
  private heard = false;
  private working = false;

  constructor(
    private readonly order: () => CatchUpOrder | undefined,
    private readonly options: {
      readonly dagId: string;
      readonly onStep: (step: CatchUpStep) => void;
    },
    /** Run whose place it has asked for: what continue-as-new carries. */
    public askedFor?: string,
  ) {
    // Whether an earlier execution has heard of it is not known: to ask again changes nothing.
    this.heard = askedFor !== undefined;
    // That a run of its own is over is said too, and is no reason to ask again.
    setHandler(placeSignal, ({ words }) => {
      if (words.some(({ word }) => word !== 'closed')) this.heard = true;
    });
  }

  /** Whether an activity is under way. */
  get isBusy(): boolean {
    return this.working;
  }

  /** Works until `over`. */
  async keep(over: () => boolean): Promise<void> {
    let before: object | undefined;
    const isDue = (): boolean => {
      const order = this.order();
      if (order === undefined) return this.askedFor !== undefined;
      return this.heard || this.askedFor === undefined || order.key !== before;
    };
    for (;;) {
      const awake = (): boolean => isDue() || over();
      if (this.askedFor === undefined) await condition(awake);
      else if (!(await condition(awake, ASK_AGAIN_MS))) this.heard = true;
      if (over()) return;
      this.working = true;
      try {
        before = await this.step(before);
      } finally {
        this.working = false;
      }
    }
  }

  private async step(before: object | undefined): Promise<object | undefined> {
    const order = this.order();
    // Paused, deleted, or on other terms: what was asked for may be none of its dates any more.
    if (this.askedFor !== undefined && (order === undefined || (before !== undefined && order.key !== before))) {
      const { dagId } = this.options;
      await leavePlace({ pool: activeRunsPool(dagId), holder: { runId: this.askedFor, execution: 1 } });
      this.askedFor = undefined;
    }
    if (order === undefined) return undefined;
    this.heard = false;
    let step: CatchUpStep;
    try {
      step = await catchUp(order.input);
    } catch {
      // Temporal or the object store are away for long: again, with what is wanted then.
      return before;
    }
    this.askedFor = step.state === 'waiting' ? step.askedFor : undefined;
    if (this.order()?.key !== order.key) return order.key;
    this.options.onStep(step);
    return this.order()?.key;
  }
}
