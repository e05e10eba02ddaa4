import { activeRunsPool, type BackfillFacts, backfillId, validationRunId } from '../../workflows/contract.js';
import { BACKFILL_RUN_PRIORITY, DEFAULT_ACTIVE_RUNS } from '../dag/active-runs.js';
import type { ValidationSeen, ValidationWork } from '../dag/backfill/chunk-validation.js';
import { runKeyOf } from '../dag/child-id.js';
import { givenParams } from '../dag/given-params.js';
import type { PlaceHolder } from '../dag/pool/place.js';
import type { DagSpec } from '../dag/spec.js';
import { datesOfRun } from '../time/dates-of-run.js';
import { formatInstant } from '../time/instant.js';
import { type DataInterval, dataIntervalOf } from '../time/schedule.js';
import { BlobGoneError } from './blob-gone-error.js';
import type { DagGateway } from './dag-gateway.js';
import type { PoolGateway } from './pool-gateway.js';
import type { RunGateway } from './run-gateway.js';
import type { RunInputs } from './run-inputs.js';
import { SubDagUnavailableError } from './sub-dag-search.js';
import { timeScheduleOf } from './time-schedule.js';
import type { VersionStore } from './version-store.js';

/**
 * Validations of backfills: runs of another DAG, by its newest version, that are told which data they are about. A run takes a place of
 * that DAG as any other, asked for by the backfill, which so hears when it has it and when the run is closed.
 */
export class BackfillValidations {
  constructor(
    private readonly parts: {
      readonly dags: DagGateway;
      readonly versions: VersionStore;
      readonly runs: RunGateway;
      readonly inputs: RunInputs;
      readonly pools: PoolGateway;
    },
  ) {}

  /**
   * Does what is to be done, and says how the validation is; a second time finds done what the first has done. `spec` is that of the DAG
   * that is backfilled, as long as there is one. What is wrong for good is a validation that failed.
   *
   * @throws TemporalUnavailableError and others that another attempt may not meet.
   */
  async advance(facts: BackfillFacts, work: ValidationWork, spec: DagSpec | undefined): Promise<ValidationSeen> {
    const { pools, runs } = this.parts;
    const { dagId } = facts.validate!;
    const runId = validationRunId(facts, work);
    const schedule = spec && timeScheduleOf(spec);
    const intervalAt = (time: number): DataInterval =>
      schedule === undefined ? { start: time, end: time } : dataIntervalOf(schedule, time);
    const seen = { runId, from: intervalAt(work.first).start, to: intervalAt(work.last).end };
    if (work.act === 'cancel') await pools.cancel(runId, `the backfill ${facts.id} was cancelled`);
    const standing = await runs.standing(runId);
    if (standing?.open === true) return { ...seen, state: 'running' };
    if (standing !== undefined) {
      const { state } = standing;
      return { ...seen, state: state === 'success' || state === 'cancelled' ? state : 'failed' };
    }
    const holder: PlaceHolder = { runId, execution: 1, reply: backfillId(facts.id) };
    const found =
      work.act === 'begin' ? { ...seen, ...(await this.begin(facts, holder, seen)) } : ({ ...seen, state: 'none' } as const);
    // A word may have told of a place that is not needed any more.
    if (work.act === 'withdraw' || found.state === 'failed') await pools.leaveForOthers(activeRunsPool(dagId), [holder]);
    return found;
  }

  private async begin(
    facts: BackfillFacts,
    holder: PlaceHolder,
    { from, to }: Pick<ValidationSeen, 'from' | 'to'>,
  ): Promise<Pick<ValidationSeen, 'state' | 'reason'>> {
    const { dags, versions, runs, inputs, pools } = this.parts;
    const { dagId, params: given } = facts.validate!;
    const failed = (reason: string) => ({ state: 'failed', reason: `the validation could not begin: ${reason}` }) as const;
    const head = await dags.head(dagId);
    if (head === undefined || head.deleted)
      return failed(`the DAG ${dagId} ${head === undefined ? 'is not there' : 'was deleted'}`);
    try {
      const { latest } = head;
      const { spec } = await versions.spec(latest);
      const told = { ...given, from: formatInstant(from), to: formatInstant(to) };
      const { params, faults } = givenParams(spec.params ?? {}, told);
      if (faults.length > 0) return failed(`version ${latest.version} of ${dagId}: ${faults[0]!.detail}`);
      const acceptedAt = Date.now();
      const { runId, execution } = holder;
      const input = await inputs.of({
        dagId,
        tags: head.tags,
        awaited: head.awaited,
        header: latest,
        spec,
        runId,
        runKey: runKeyOf(runId),
        dates: datesOfRun({ schedule: timeScheduleOf(spec), timezone: spec.timezone, now: acceptedAt }),
        params,
        trigger: 'backfill',
        acceptedAt,
        note: facts.note,
        execution,
        backfillId: facts.id,
      });
      const [answer] = await pools.askForOthers(activeRunsPool(dagId), {
        requests: [{ ...holder, at: acceptedAt, priority: BACKFILL_RUN_PRIORITY }],
        limit: { capacity: spec.maxActiveRuns ?? DEFAULT_ACTIVE_RUNS, revision: latest.version },
      });
      if (answer?.state !== 'granted') return { state: 'waiting' };
      await runs.start({ ...input, place: 'held' });
      return { state: 'running' };
    } catch (error) {
      if (error instanceof BlobGoneError || error instanceof SubDagUnavailableError) return failed(error.message);
      throw error;
    }
  }
}
