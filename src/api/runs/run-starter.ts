import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { DagRunInput } from '../../../workflows/contract.js';
import { canonicalJson } from '../../dag/canonical-json.js';
import { MAX_PARENT_ID } from '../../dag/child-id.js';
import type { Json } from '../../dag/json.js';
import { sha256 } from '../../objects/sha256.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { RunInputs, type RunOrder } from '../../temporal/run-inputs.js';
import { SubDagUnavailableError } from '../../temporal/sub-dag-search.js';
import { VersionStore } from '../../temporal/version-store.js';
import { formatInstant } from '../../time/instant.js';
import { runPath } from '../base-path.js';
import { DagsService } from '../dags/dags.service.js';
import { Problem } from '../errors/problem.js';
import { ApiSettings } from '../settings.js';
import type { StartedRunDto } from './dto/run.dto.js';
import type { StartRunDto } from './dto/run-requests.dto.js';
import { datesOf, parseLogicalDate } from './run-dates.js';
import { datedRun, keyedRun, MAX_RUN_ID, type RunName } from './run-id.js';
import { paramsOf } from './run-params.js';
import { runLinks } from './run-view.js';

/** A run that was accepted now, or that the same request had started before. */
export interface StartResult {
  readonly started: boolean;
  readonly run: StartedRunDto;
}

/** Starts runs over REST (R2 to R5). The usual start is two calls to Temporal: the DAG's head, and the start itself. */
@Injectable()
export class RunStarter {
  constructor(
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
    private readonly runs: RunGateway,
    private readonly settings: ApiSettings,
    private readonly inputs: RunInputs,
  ) {}

  /**
   * Throws 404 and 410 for the DAG, 409 when the run exists or a SubDAG is not there, 422 for an Idempotency-Key of another request, for params
   * and for a date that the schedule does not have.
   */
  async start(dagId: string, request: StartRunDto, idempotencyKey: string | undefined): Promise<StartResult> {
    const acceptedAt = Date.now();
    const requestHash = idempotencyKey === undefined ? undefined : hashOf(idempotencyKey, request);
    const logicalDate = request.logicalDate === undefined ? undefined : parseLogicalDate(request.logicalDate);
    const name = nameOf(dagId, logicalDate, request.key, idempotencyKey);
    const head = await this.dags.head(dagId);
    // A fresh random id cannot be taken; every other id may be, for longer than Temporal remembers (R3).
    if (!name.fresh) {
      const existing = await this.existing(name, requestHash, idempotencyKey);
      if (existing) return existing;
    }
    const { spec } = await this.versions.spec(head.latest);
    const input = await this.input({
      dagId,
      tags: head.tags,
      awaited: head.awaited,
      header: head.latest,
      spec,
      runId: name.runId,
      runKey: name.runKey,
      dates: datesOf(spec, logicalDate, acceptedAt),
      params: paramsOf(spec.params ?? {}, request.params ?? {}),
      trigger: 'manual',
      acceptedAt,
      note: request.note,
      requestHash,
      ignoreCache: request.ignoreCache,
    });
    const { started, temporalRunId } = await this.runs.start(input);
    if (!started) {
      const existing = await this.existing(name, requestHash, idempotencyKey);
      if (existing) return existing;
      throw alreadyThere(name);
    }
    return { started, run: this.view(input, temporalRunId) };
  }

  /** Throws 409 where a SubDAG is not there. */
  private async input(order: RunOrder): Promise<DagRunInput> {
    const hasSubDags = Object.values(order.spec.tasks).some(({ type }) => type === 'dag');
    if (hasSubDags && order.runId.length > MAX_PARENT_ID) throw runIdTooLong(order.runId, MAX_PARENT_ID);
    try {
      return await this.inputs.of(order);
    } catch (error) {
      if (!(error instanceof SubDagUnavailableError)) throw error;
      throw new Problem('sub_dag_unavailable', `${error.message}.`);
    }
  }

  /** The run as an earlier request of the same key and body started it; undefined when there is none; else throws. */
  private async existing(
    name: StartName,
    requestHash: string | undefined,
    idempotencyKey: string | undefined,
  ): Promise<StartResult | undefined> {
    const existence = await this.runs.exists(name.runId, name.dagId, name.runKey);
    if (!existence.exists) return undefined;
    if (requestHash !== undefined && existence.requestHash === requestHash) {
      const found = await this.runs.get(name.runId);
      if (!found) return undefined;
      const { run, state } = found.head;
      const links = runLinks(run.runId, run.dagId, this.settings, found.temporalRunId);
      return {
        started: false,
        run: {
          runId: run.runId,
          dagId: run.dagId,
          version: run.version,
          state,
          logicalDate: run.scope.logicalDate,
          dated: run.dated,
          links,
        },
      };
    }
    if (idempotencyKey !== undefined && existence.requestHash !== undefined && name.byIdempotencyKey) {
      throw new Problem(
        'idempotency_key_reused',
        `This Idempotency-Key started the run ${name.runId} with another body; use a new key for a new run.`,
        {
          errors: [{ header: 'Idempotency-Key', detail: 'was used with another body' }],
          links: { run: runPath(name.runId) },
        },
      );
    }
    throw alreadyThere(name);
  }

  private view({ run }: DagRunInput, temporalRunId: string | undefined): StartedRunDto {
    const { runId, dagId, version, scope, dated } = run;
    return {
      runId,
      dagId,
      version,
      state: 'queued',
      logicalDate: scope.logicalDate,
      dated,
      links: runLinks(runId, dagId, this.settings, temporalRunId),
    };
  }
}

interface StartName extends RunName {
  /** Random, so that it cannot be taken. */
  readonly fresh: boolean;
  /** Made of the Idempotency-Key alone. */
  readonly byIdempotencyKey: boolean;
}

function nameOf(
  dagId: string,
  logicalDate: number | undefined,
  key: string | undefined,
  idempotencyKey: string | undefined,
): StartName {
  const keyOrHash = key ?? (idempotencyKey === undefined ? undefined : sha256(idempotencyKey).slice(0, 32));
  const name =
    logicalDate === undefined ? keyedRun(dagId, keyOrHash ?? randomUUID()) : datedRun(dagId, formatInstant(logicalDate));
  if (name.runId.length > MAX_RUN_ID) throw runIdTooLong(name.runId, MAX_RUN_ID);
  const unnamed = logicalDate === undefined && key === undefined;
  return { ...name, fresh: unnamed && idempotencyKey === undefined, byIdempotencyKey: unnamed && idempotencyKey !== undefined };
}

function runIdTooLong({ length }: string, most: number): Problem {
  return new Problem(
    'run_id_too_long',
    `The run id would have ${length} characters, more than ${most}: choose a shorter key.`,
    {
      errors: [{ pointer: '/key', detail: 'too long together with the DAG id' }],
    },
  );
}

function hashOf(idempotencyKey: string, { params, logicalDate, key, note, ignoreCache }: StartRunDto): string {
  const said = Object.entries({ params, logicalDate, key, note, ignoreCache }).filter(([, value]) => value !== undefined) as [
    string,
    Json,
  ][];
  return sha256(canonicalJson({ idempotencyKey, ...Object.fromEntries(said) }));
}

function alreadyThere({ runId }: RunName): Problem {
  return new Problem(
    'run_exists',
    `The run ${runId} exists already. Read it at its link; to run the same again, retry it instead of starting it anew.`,
    {
      links: { run: runPath(runId) },
    },
  );
}
