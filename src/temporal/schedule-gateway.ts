import { type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client';
import { CHECK_SCHEDULE_SIGNAL, dagEntityId, dagScheduleId, type ScheduleOrder } from '../../workflows/contract.js';
import { isAsWanted } from './schedule-match.js';
import { scheduleOptions } from './schedule-options.js';
import type { TemporalConnection } from './temporal-connection.js';
import type { VersionStore } from './version-store.js';

/** What Temporal says of a Schedule. Times are epoch ms. */
export interface ScheduleReport {
  readonly paused: boolean;
  /** The next ones that it has not dealt with, at most 10. */
  readonly nextTimes: readonly number[];
  readonly createdAt: number;
  /** Ids of the last runs that it started, at most 10. */
  readonly lastStarts: readonly string[];
  /** Since it was created. */
  readonly counts: {
    /** Runs that it started. */
    readonly started: number;
    /** Times that were over for longer than the catch-up window when it could have started their runs. */
    readonly missed: number;
    /** Times that came while another run was open. */
    readonly skipped: number;
    /** Times that waited for another run and were too many. */
    readonly dropped: number;
    /** Times that wait for another run now. */
    readonly waiting: number;
  };
}

/** The Temporal Schedules of DAGs. Every method throws TemporalUnavailableError (503). */
export class ScheduleGateway {
  constructor(
    private readonly temporal: TemporalConnection,
    private readonly versions: VersionStore,
    /** Task queue of `dagRun`. */
    private readonly taskQueue: string,
  ) {}

  /** Makes the Schedule of a DAG what `order` says; one that is so already is left alone. @throws BlobGoneError */
  async apply({ dagId, wanted }: ScheduleOrder): Promise<void> {
    const { schedule } = this.temporal.client;
    const handle = schedule.getHandle(dagScheduleId(dagId));
    const there = await this.describe(dagId);
    if (wanted === undefined) {
      if (there !== undefined) await this.temporal.call(() => handle.delete().catch(unlessGone), { write: true });
      return;
    }
    const { spec } = await this.versions.spec(wanted);
    const options = scheduleOptions(spec, wanted, this.taskQueue);
    if (there === undefined) await this.temporal.call(() => schedule.create(options), { write: true });
    else if (!isAsWanted(there, options))
      await this.temporal.call(() => handle.update(() => ({ ...options, state: { ...options.state } })), { write: true });
  }

  /** What Temporal says of a DAG's Schedule; undefined where there is none. */
  async report(dagId: string): Promise<ScheduleReport | undefined> {
    const there = await this.describe(dagId);
    if (there === undefined) return undefined;
    const { info, state, raw } = there;
    return {
      paused: state.paused,
      nextTimes: info.nextActionTimes.map((time) => time.getTime()),
      createdAt: info.createdAt.getTime(),
      lastStarts: info.recentActions.map(({ action }) => action.workflow.workflowId),
      counts: {
        started: info.numActionsTaken,
        missed: info.numActionsMissedCatchupWindow,
        skipped: info.numActionsSkippedOverlap,
        dropped: Number(raw.info?.bufferDropped ?? 0),
        waiting: Number(raw.info?.bufferSize ?? 0),
      },
    };
  }

  /** Asks the DAG's entity to look after its Schedule: it is not as it is to be. */
  async askForCheck(dagId: string): Promise<void> {
    await this.temporal.call(() => this.temporal.client.workflow.getHandle(dagEntityId(dagId)).signal(CHECK_SCHEDULE_SIGNAL), {
      write: true,
    });
  }

  private async describe(dagId: string): Promise<ScheduleDescription | undefined> {
    try {
      return await this.temporal.call(() => this.temporal.client.schedule.getHandle(dagScheduleId(dagId)).describe());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    }
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
