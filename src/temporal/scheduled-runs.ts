import type {
  DagHead,
  ResolvedStart,
  RunFacts,
  ScheduledStart,
  SkippedStart,
  VersionHeader,
} from '../../workflows/contract.js';
import { runKeyOf } from '../dag/child-id.js';
import { givenParams } from '../dag/given-params.js';
import type { DagSpec } from '../dag/spec.js';
import type { Failure } from '../dag/state.js';
import { writeDayMarker } from '../objects/day-marker.js';
import { runPrefix } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import { datesOfRun, NotScheduledError, type RunDates } from '../time/dates-of-run.js';
import { dateIn, formatInstant } from '../time/instant.js';
import { BlobGoneError } from './blob-gone-error.js';
import type { DagGateway } from './dag-gateway.js';
import { RunInputs, type RunOrder, runFacts } from './run-inputs.js';
import { runMemo } from './run-presentation.js';
import type { RunReports } from './run-reports.js';
import { SubDagUnavailableError } from './sub-dag-search.js';
import { timeScheduleOf } from './time-schedule.js';
import type { VersionStore } from './version-store.js';

/** What an order could not be made of. */
type Unmade = { readonly order: Omit<RunOrder, 'spec'>; readonly failure: Failure };

/** Runs that Temporal Schedules start: what they are is found out from the DAG, since a Schedule says no more than which DAG and when. */
export class ScheduledRuns {
  private readonly inputs: RunInputs;

  constructor(
    private readonly dags: DagGateway,
    private readonly versions: VersionStore,
    private readonly reports: Pick<RunReports, 'last'>,
    private readonly store: ObjectStore,
  ) {
    this.inputs = new RunInputs(dags, versions, store);
  }

  /** The first act of such a run (R3): its input, or why it comes to nothing. What is wrong with it is the failure of the run. */
  async resolve(start: ScheduledStart): Promise<ResolvedStart | SkippedStart> {
    const { dagId, runId } = start;
    // Temporal itself forgets: an execution of long ago has left its report.
    if ((await this.reports.last(dagId, runKeyOf(runId))) !== undefined)
      return { skipped: 'exists', message: `The run ${runId} exists already: it ended before.` };
    const made = await this.order(start, await this.dags.head(dagId));
    if ('skipped' in made) return made;
    const run = runFacts(made.order);
    const prefix = runPrefix(dagId, run.scope.key, 1);
    // Before anything else is stored: a run without a marker would never be swept.
    await writeDayMarker(this.store, { prefix, runKey: run.scope.key, ...run });
    const minimal = { run, planKey: made.order.header.planKey, prefix };
    if ('failure' in made) return { input: minimal, memo: runMemo(run), failure: made.failure };
    try {
      return { input: await this.inputs.of(made.order), memo: runMemo(run) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      return { input: minimal, memo: runMemo(run), failure };
    }
  }

  /** The facts of such a run that no worker has looked at yet; undefined for one that will come to nothing. */
  async facts(start: ScheduledStart, head: DagHead | undefined): Promise<RunFacts | undefined> {
    const made = await this.order(start, head);
    return 'skipped' in made ? undefined : runFacts(made.order);
  }

  private async order(
    { dagId, runId, nominal, firedAt, madeUp }: ScheduledStart,
    head: DagHead | undefined,
  ): Promise<{ readonly order: RunOrder } | Unmade | SkippedStart> {
    if (head === undefined || head.deleted) return { skipped: 'deleted', message: `The DAG ${dagId} was deleted.` };
    const pause = head.schedule?.pause;
    if (madeUp !== true && pause !== undefined && pause.from <= nominal && nominal < (pause.to ?? Infinity))
      return { skipped: 'paused', message: `The DAG ${dagId} was paused at ${formatInstant(pause.from)}, before this time.` };
    const header = await this.versionAt(head, firedAt);
    const partial = {
      dagId,
      tags: head.tags,
      awaited: head.awaited,
      header,
      runId,
      runKey: runKeyOf(runId),
      params: {},
      trigger: 'schedule' as const,
      acceptedAt: firedAt,
    };
    let spec: DagSpec;
    let dates: RunDates;
    try {
      ({ spec } = await this.versions.spec(header));
      const schedule = timeScheduleOf(spec);
      if (schedule === undefined) return { skipped: 'unscheduled', message: `The DAG ${dagId} has no schedule.` };
      dates = datesOfRun({ schedule, timezone: spec.timezone, logicalDate: nominal, now: firedAt });
    } catch (error) {
      if (error instanceof NotScheduledError) return { skipped: 'unscheduled', message: error.message };
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      return { order: { ...partial, dates: emptyDates(nominal) }, failure };
    }
    const { params, faults } = givenParams(spec.params ?? {}, {});
    if (faults.length === 0) return { order: { ...partial, spec, dates, params } };
    const message = `a schedule gives no params: ${faults.map(({ detail }) => detail).join('; ')}`;
    return { order: { ...partial, dates, params }, failure: { kind: 'invalid_params', message } };
  }

  /** The version that was the newest at an instant; of those that are still listed the oldest, where all are younger. */
  private async versionAt(head: DagHead, instant: number): Promise<VersionHeader> {
    if (head.latest.createdAt <= instant) return head.latest;
    const versions = await this.dags.versions(head.dagId, head);
    return versions.find(({ createdAt }) => createdAt <= instant) ?? head.latest;
  }
}

/** Where the spec is lost nothing is known of its intervals. */
function emptyDates(nominal: number): RunDates {
  const logicalDate = formatInstant(nominal);
  const ds = dateIn(nominal, 'UTC');
  return {
    dated: true,
    logicalDate,
    dataInterval: { start: logicalDate, end: logicalDate },
    ds,
    dsNodash: ds.replaceAll('-', ''),
  };
}

/** What is wrong with the DAG for good; undefined for what another attempt may mend. */
function failureOf(error: unknown): Failure | undefined {
  if (error instanceof BlobGoneError) return { kind: 'blob_missing', message: error.message };
  if (error instanceof SubDagUnavailableError) return { kind: 'dag_missing', message: error.message };
  return undefined;
}
