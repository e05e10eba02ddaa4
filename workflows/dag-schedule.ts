import { ActivityCancellationType, CancellationScope, condition, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { SystemActivities } from '../activities/system-calls.js';
import type { ScheduleOrder } from './contract.js';

/** Pause between two looks at what others may have changed. */
const CHECK_MS = 600_000;
/** An update waits so long for the Temporal Schedule before it is answered with `pending`: its caller has 4 s in all. */
const SETTLE_MS = 2_000;

// Retries leave no history. An attempt under way is waited for, so that an order never overtakes the one before it.
const { applySchedule } = proxyActivities<Pick<SystemActivities, 'applySchedule'>>({
  summary: 'bring the Temporal Schedule in line',
  startToCloseTimeout: '20 seconds',
  scheduleToCloseTimeout: '5 minutes',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' },
});

/** The order that there be no Schedule. */
const NONE = 'none';

/**
 * Keeps the Temporal Schedule of a DAG as the DAG wants it: after every change at once and until it is done, and by a look now and then
 * for what others have done to it. The order is derived from the DAG's state, so a change that was interrupted is simply due still.
 */
export class ScheduleKeeper {
  private applied: string | undefined;
  private looking = false;
  private underWay?: { readonly order: string; readonly scope: CancellationScope };

  constructor(
    private readonly order: () => ScheduleOrder | undefined,
    private readonly options: {
      /** The order that it is known to follow; absent = nothing is known. */
      readonly applied?: string;
      /** Default 10 minutes. */
      readonly checkMs?: number;
      /** Called when the Schedule has become what it is to be. */
      readonly onSettled: () => void;
    },
  ) {
    this.applied = options.applied;
  }

  /** Nothing is known of a DAG that has just been created, since there is nothing. */
  static readonly nothing = NONE;

  /** What continue-as-new carries. */
  get known(): string | undefined {
    return this.applied;
  }

  /** Whether the Schedule is as it is to be, as far as is known. */
  get isSettled(): boolean {
    const order = this.order();
    return order === undefined || orderText(order) === this.applied;
  }

  /** To be called after each change of the DAG: work on an order that is out of date ends. */
  changed(): void {
    const order = this.order();
    if (this.underWay !== undefined && order !== undefined && orderText(order) !== this.underWay.order)
      this.underWay.scope.cancel();
  }

  /** Somebody has seen that the Schedule is not as it is to be. */
  look(): void {
    this.looking = true;
  }

  /** Waits a moment for the Schedule to become what it is to be. */
  async settle(): Promise<void> {
    if (!this.isSettled) await condition(() => this.isSettled, SETTLE_MS);
  }

  /** Works until `over`. */
  async keep(over: () => boolean): Promise<void> {
    while (!over()) {
      const awake = (): boolean => !this.isSettled || this.looking || over();
      // Where there is to be none there is nothing that others could break.
      if (this.order()?.wanted === undefined) await condition(awake);
      else await condition(awake, this.options.checkMs ?? CHECK_MS);
      if (!over()) await this.apply();
    }
  }

  private async apply(): Promise<void> {
    const order = this.order();
    if (order === undefined) return;
    const text = orderText(order);
    this.looking = false;
    const scope = new CancellationScope();
    this.underWay = { order: text, scope };
    try {
      await scope.run(() => applySchedule(order));
      this.applied = text;
      this.options.onSettled();
    } catch (error) {
      // Another order came, or Temporal has refused for long: the loop begins anew with what is wanted then.
      if (isCancellation(error) && !scope.consideredCancelled) throw error;
    } finally {
      this.underWay = undefined;
    }
  }
}

/** Two orders with the same text want the same Schedule. */
function orderText({ wanted }: ScheduleOrder): string {
  return wanted === undefined ? NONE : JSON.stringify([wanted.timing, wanted.pausedAt ?? null]);
}
