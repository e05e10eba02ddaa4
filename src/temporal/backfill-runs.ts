import type { AdvanceBackfill, BackfillPort } from '../../activities/backfill-calls.js';
import { activeRunsPool, type BackfillFacts, backfillId, type DagHead, type VersionHeader } from '../../workflows/contract.js';
import { BACKFILL_RUN_PRIORITY, DEFAULT_ACTIVE_RUNS } from '../dag/active-runs.js';
import type { PlannedInterval } from '../dag/backfill/backfill.js';
import type { BackfillStep, RunSeen } from '../dag/backfill/backfill-walk.js';
import type { PoolShare } from '../dag/pool/place.js';
import type { DagSpec } from '../dag/spec.js';
import { datesOfRun } from '../time/dates-of-run.js';
import type { BackfillGateway } from './backfill-gateway.js';
import { datedRunId, datedRunKey, planPage } from './backfill-plan.js';
import { BackfillValidations } from './backfill-validations.js';
import { BlobGoneError } from './blob-gone-error.js';
import type { DagGateway } from './dag-gateway.js';
import { eachOf } from './each-of.js';
import type { PoolGateway } from './pool-gateway.js';
import type { RunGateway } from './run-gateway.js';
import type { RunInputs } from './run-inputs.js';
import { SubDagUnavailableError } from './sub-dag-search.js';
import { timeScheduleOf } from './time-schedule.js';
import type { VersionStore } from './version-store.js';

/** Intervals of a page of the plan. */
const PAGE = 100;

/** The DAG of a backfill, as a step needs it. */
interface BackfilledDag {
  readonly head: DagHead;
  readonly header: VersionHeader;
  readonly spec: DagSpec;
}

/** Carries out the steps of backfills. Every part of a step finds done what an attempt before it has done. */
export class BackfillRuns implements BackfillPort {
  private readonly validations: BackfillValidations;

  constructor(
    private readonly parts: {
      readonly dags: DagGateway;
      readonly versions: VersionStore;
      readonly runs: RunGateway;
      readonly inputs: RunInputs;
      readonly pools: PoolGateway;
      readonly backfills: Pick<BackfillGateway, 'start'>;
    },
  ) {
    this.validations = new BackfillValidations(parts);
  }

  /** @throws TemporalUnavailableError */
  async begin(facts: BackfillFacts): Promise<void> {
    await this.parts.backfills.start({ ...facts, acceptedAt: Date.now() });
  }

  /** @throws TemporalUnavailableError and others that another attempt may not meet. */
  async advance({ facts, work }: AdvanceBackfill): Promise<BackfillStep> {
    const { pools, runs } = this.parts;
    const pool = activeRunsPool(facts.dagId);
    if (work.leave.length > 0)
      await pools.leaveForOthers(
        pool,
        work.leave.map((interval) => holderOf(facts, interval)),
      );
    await eachOf(work.cancel, ({ time }) =>
      pools.cancel(datedRunId(facts.dagId, time), `the backfill ${facts.id} was cancelled`),
    );
    const seen = await eachOf(work.look, (interval) => this.see(facts, interval));
    const validation = work.validation && (await this.validations.advance(facts, work.validation, await this.specOf(facts)));
    const nothing = { seen, started: [], granted: [], validation };
    const share = work.share && { reply: backfillId(facts.id), ...work.share };
    if (share !== undefined && work.ask.length === 0) await pools.askForOthers(pool, { requests: [], share });
    const failed = seen.filter((state) => state === 'failed').length;
    if (failed > 0 && failed > (work.failuresLeft ?? Infinity)) return nothing;
    if (work.start.length + work.ask.length === 0 && work.plan === undefined) return nothing;
    try {
      const dag = await this.dag(facts);
      if (typeof dag === 'string') return { ...nothing, trouble: dag };
      const started = await eachOf(work.start, (interval) => this.start(facts, dag, interval));
      const after = work.plan?.after ?? undefined;
      const page = work.plan && (await planPage(runs, dag.spec, facts, { after, limit: PAGE }));
      const granted = work.ask.length === 0 ? [] : await this.ask(facts, dag, work.ask, share);
      return { ...nothing, started, granted, ...(page === undefined ? {} : { page }) };
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === undefined) throw error;
      return { ...nothing, trouble };
    }
  }

  /** What has become of the run of an interval. */
  private async see({ id, dagId }: BackfillFacts, { time, execution }: PlannedInterval): Promise<RunSeen> {
    const { runs } = this.parts;
    const standing = await runs.standing(datedRunId(dagId, time));
    if (standing === undefined || standing.run.execution < execution) return 'none';
    // Somebody else may have run it again since.
    const head = standing.run.execution > execution ? await runs.endOf(dagId, datedRunKey(dagId, time), execution) : standing;
    if (head?.run.backfillId !== id) return 'elsewhere';
    if (standing.run.execution === execution && standing.open) return 'open';
    return head.state === 'success' || head.state === 'cancelled' ? head.state : 'failed';
  }

  private async start(
    facts: BackfillFacts,
    { head, header, spec }: BackfilledDag,
    { time, execution }: PlannedInterval,
  ): Promise<'started' | 'elsewhere'> {
    const { runs, inputs } = this.parts;
    const { id, dagId, params, reprocess, onlyTasks } = facts;
    const runId = datedRunId(dagId, time);
    const standing = await runs.standing(runId);
    if (standing !== undefined && standing.run.execution >= execution)
      return standing.run.execution === execution && standing.run.backfillId === id ? 'started' : 'elsewhere';
    if (execution > 1 && standing !== undefined) {
      if (standing.open || (reprocess === 'failed' && standing.state === 'success')) return 'elsewhere';
      // The next execution is found by the report of this one (R4).
      if (!standing.reported) throw new Error(`the run ${runId} has ended and left no report yet`);
    }
    const acceptedAt = Date.now();
    const input = await inputs.of({
      dagId,
      tags: head.tags,
      awaited: head.awaited,
      header,
      spec,
      runId,
      runKey: datedRunKey(dagId, time),
      dates: datesOfRun({ schedule: timeScheduleOf(spec), timezone: spec.timezone, logicalDate: time, now: acceptedAt }),
      params,
      trigger: 'backfill',
      acceptedAt,
      note: facts.note,
      execution,
      backfillId: id,
      onlyTasks,
    });
    const reuse = execution === 1 ? undefined : reprocess === 'failed' ? 'ALLOW_DUPLICATE_FAILED_ONLY' : 'ALLOW_DUPLICATE';
    const { started } = await runs.start({ ...input, place: 'held' }, reuse);
    if (started) return 'started';
    const now = await runs.standing(runId);
    return now?.run.execution === execution && now.run.backfillId === id ? 'started' : 'elsewhere';
  }

  /** The limit is that of the newest version, as for every other run: highest version wins. */
  private async ask(
    facts: BackfillFacts,
    { head, spec, header }: BackfilledDag,
    ask: readonly PlannedInterval[],
    share: PoolShare | undefined,
  ): Promise<readonly boolean[]> {
    const { pools, versions } = this.parts;
    const { latest } = head;
    const newest = latest.version === header.version ? spec : (await versions.spec(latest)).spec;
    const at = Date.now();
    const answers = await pools.askForOthers(activeRunsPool(facts.dagId), {
      requests: ask.map((interval) => ({ ...holderOf(facts, interval), at, priority: BACKFILL_RUN_PRIORITY })),
      limit: { capacity: newest.maxActiveRuns ?? DEFAULT_ACTIVE_RUNS, revision: latest.version },
      share,
    });
    return answers.map(({ state }) => state === 'granted');
  }

  /** The spec of the DAG, though it was deleted; undefined where its version is not kept any more. */
  private async specOf({ dagId, version }: BackfillFacts): Promise<DagSpec | undefined> {
    const head = await this.parts.dags.head(dagId);
    const header = head && (await this.header(head, version));
    try {
      return header && (await this.parts.versions.spec(header)).spec;
    } catch (error) {
      if (error instanceof BlobGoneError) return undefined;
      throw error;
    }
  }

  private async header(head: DagHead, version: number): Promise<VersionHeader | undefined> {
    if (head.latest.version === version) return head.latest;
    return (await this.parts.dags.versions(head.dagId, head)).find((candidate) => candidate.version === version);
  }

  /** Why nothing can be started any more, where that is so. */
  private async dag({ dagId, version }: BackfillFacts): Promise<BackfilledDag | string> {
    const { dags, versions } = this.parts;
    const head = await dags.head(dagId);
    if (head === undefined || head.deleted) return `the DAG ${dagId} was deleted`;
    const header = await this.header(head, version);
    if (header === undefined) return `version ${version} of the DAG ${dagId} is not kept any more`;
    return { head, header, spec: (await versions.spec(header)).spec };
  }
}

const holderOf = ({ id, dagId }: BackfillFacts, { time, execution }: PlannedInterval) => ({
  runId: datedRunId(dagId, time),
  execution,
  reply: backfillId(id),
});

/** What is wrong with the DAG for good; undefined for what another attempt may mend. */
function troubleOf(error: unknown): string | undefined {
  return error instanceof BlobGoneError || error instanceof SubDagUnavailableError ? error.message : undefined;
}
