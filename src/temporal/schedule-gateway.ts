import { type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client';
import { CHECK_SCHEDULE_SIGNAL, dagEntityId, dagScheduleId, type ScheduleOrder } from '../../workflows/contract.js';
import { isAsWanted } from './schedule-match.js';
import { scheduleOptions } from './schedule-options.js';
import type { TemporalConnection } from './temporal-connection.js';
import type { VersionStore } from './version-store.js';

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
