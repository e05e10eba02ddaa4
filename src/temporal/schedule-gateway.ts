import { ScheduleNotFoundError, type ScheduleOptions } from '@temporalio/client';
import {
  type AppliedSchedule,
  CHECK_SCHEDULE_SIGNAL,
  dagEntityId,
  dagScheduleId,
  type ScheduleOrder,
} from '../../workflows/contract.js';
import { canonicalJson } from '../dag/canonical-json.js';
import type { Json } from '../dag/json.js';
import { sha256 } from '../objects/sha256.js';
import { scheduleOptions } from './schedule-options.js';
import type { TemporalConnection } from './temporal-connection.js';
import type { VersionStore } from './version-store.js';

type Description =
  Awaited<ReturnType<TemporalConnection['client']['schedule']['getHandle']>['describe']> extends () => Promise<infer D>
    ? D
    : never;

/** The Temporal Schedules of DAGs. Every method throws TemporalUnavailableError (503). */
export class ScheduleGateway {
  constructor(
    private readonly temporal: TemporalConnection,
    private readonly versions: VersionStore,
    /** Task queue of `dagRun`. */
    private readonly taskQueue: string,
  ) {}

  /**
   * Makes the Schedule of a DAG what `order` says, and returns the seal by which a later call knows it again. One that bears `seal`
   * is left alone. @throws BlobGoneError
   */
  async apply({ dagId, wanted }: ScheduleOrder, seal: AppliedSchedule['seal']): Promise<Pick<AppliedSchedule, 'seal'>> {
    const handle = this.temporal.client.schedule.getHandle(dagScheduleId(dagId));
    const there = await this.describe(dagId);
    if (wanted === undefined) {
      if (there !== undefined) await this.temporal.call(() => handle.delete().catch(unlessGone), { write: true });
      return {};
    }
    if (there !== undefined && seal !== undefined && sealOf(there) === seal) return { seal };
    const { spec } = await this.versions.spec(wanted);
    const options: ScheduleOptions = scheduleOptions(spec, wanted, this.taskQueue);
    await this.temporal.call(
      () =>
        there === undefined
          ? this.temporal.client.schedule.create(options).then(() => undefined)
          : handle.update(() => options as never),
      { write: true },
    );
    const now = await this.describe(dagId);
    return now === undefined ? {} : { seal: sealOf(now) };
  }

  /** Asks the DAG's entity to look after its Schedule: it is not as it is to be. */
  async askForCheck(dagId: string): Promise<void> {
    await this.temporal.call(() => this.temporal.client.workflow.getHandle(dagEntityId(dagId)).signal(CHECK_SCHEDULE_SIGNAL), {
      write: true,
    });
  }

  private async describe(dagId: string): Promise<Description | undefined> {
    try {
      return await this.temporal.call(() => this.temporal.client.schedule.getHandle(dagScheduleId(dagId)).describe());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    }
  }
}

/** A hash of all that the server says a Schedule is, and nothing of what it has done. */
function sealOf({ raw }: Description): string {
  return sha256(canonicalJson(JSON.parse(JSON.stringify(raw.schedule)) as Json)).slice(0, 32);
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
