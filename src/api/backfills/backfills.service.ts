import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type {
  BackfillControl,
  BackfillFacts,
  BackfillValidation,
  DagHead,
  VersionHeader,
} from '../../../workflows/contract.js';
import { DEFAULT_ACTIVE_RUNS } from '../../dag/active-runs.js';
import { canonicalJson } from '../../dag/canonical-json.js';
import type { Json } from '../../dag/json.js';
import { selectedTasks } from '../../dag/selected-tasks.js';
import type { DagSpec } from '../../dag/spec.js';
import { sha256 } from '../../objects/sha256.js';
import { BackfillGateway, type BackfillView } from '../../temporal/backfill-gateway.js';
import { judgedIntervals } from '../../temporal/backfill-plan.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { timeScheduleOf } from '../../temporal/time-schedule.js';
import { VersionStore } from '../../temporal/version-store.js';
import { formatInstant } from '../../time/instant.js';
import { dataIntervalOf } from '../../time/schedule.js';
import { backfillPath } from '../base-path.js';
import { DagsService } from '../dags/dags.service.js';
import { Problem } from '../errors/problem.js';
import { decodeCursor, encodeCursor, pageLimit } from '../request/page.js';
import { paramsOf } from '../runs/run-params.js';
import { ApiSettings } from '../settings.js';
import { selectionOf } from './backfill-selection.js';
import { checkTasks } from './backfill-tasks.js';
import { asValidationFault, checkValidation, validationOf } from './backfill-validation.js';
import { backfillView } from './backfill-view.js';
import { Downstream } from './downstream.js';
import type { BackfillDto, BackfillListDto, BackfillPlanDto } from './dto/backfill.dto.js';
import type { CreateBackfillDto, ListBackfillsQuery, PlanQuery } from './dto/backfill-requests.dto.js';
import { goesOldestFirst } from './interval-order.js';

/** A backfill that was accepted now, or that the same request had started before. */
export interface CreatedBackfill {
  readonly started: boolean;
  readonly backfill: BackfillDto;
}

/** Backfills over REST. Times are computed as the schedule's preview does. */
@Injectable()
export class BackfillsService {
  constructor(
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
    private readonly backfills: BackfillGateway,
    private readonly runs: RunGateway,
    private readonly settings: ApiSettings,
    private readonly downstream: Downstream,
  ) {}

  /** Throws 400, 404, 410 and 422 for what cannot be carried out, 422 also for an Idempotency-Key of another request. */
  async create(request: CreateBackfillDto, query: PlanQuery, idempotencyKey: string | undefined): Promise<CreatedBackfill> {
    const parameter = (['limit', 'cursor'] as const).find((name) => query[name] !== undefined);
    if (parameter !== undefined) {
      const detail = `${parameter} belongs to a dry run`;
      throw new Problem('invalid_fields', `${detail}.`, { errors: [{ parameter, detail }] });
    }
    const { facts } = await this.facts(request, idempotencyKey);
    // Temporal forgets what has ended; its report does not.
    const known = idempotencyKey === undefined ? undefined : await this.backfills.get(facts.id);
    const started = known === undefined ? await this.backfills.start(facts) : undefined;
    if (started !== undefined) return { started: true, backfill: this.view(started) };
    const found = known ?? (await this.found(facts.id));
    if (found.head.requestHash === facts.requestHash) return { started: false, backfill: this.view(found) };
    throw new Problem(
      'idempotency_key_reused',
      `This Idempotency-Key started the backfill ${facts.id} with another body; use a new key for a new backfill.`,
      {
        errors: [{ header: 'Idempotency-Key', detail: 'was used with another body' }],
        links: { backfill: backfillPath(facts.id) },
      },
    );
  }

  /** A page of what such a backfill would do, and why; starts nothing. Throws as {@link create}. */
  async plan(request: CreateBackfillDto, { limit, cursor }: PlanQuery): Promise<BackfillPlanDto> {
    const { facts, spec, header } = await this.facts(request, undefined);
    const after = cursor === undefined ? undefined : timeOf(cursor);
    const page = { after, limit: pageLimit(limit, this.settings.limits.page) };
    const { intervals, next } = await judgedIntervals(this.runs, spec, facts, page);
    const schedule = timeScheduleOf(spec)!;
    return {
      dryRun: true,
      dagId: facts.dagId,
      version: facts.version,
      from: formatInstant(facts.spans[0]!.start),
      to: formatInstant(facts.spans.at(-1)!.end),
      total: facts.terms.total,
      maxActiveRuns: facts.terms.maxActiveRuns,
      downstream: facts.downstream?.map((next) => ({ dagId: next.dagId, total: next.terms.total })),
      tasks: facts.onlyTasks && (await this.tasksOf(header, facts.onlyTasks)),
      items: intervals.map(({ time, runId, verdict }) => {
        const { start, end } = dataIntervalOf(schedule, time);
        return {
          logicalDate: formatInstant(time),
          dataInterval: { start: formatInstant(start), end: formatInstant(end) },
          runId,
          included: 'in' in verdict,
          reason: 'in' in verdict ? verdict.in : verdict.out,
          execution: 'in' in verdict ? verdict.execution : undefined,
        };
      }),
      nextCursor: next === undefined ? undefined : encodeCursor(String(next)),
    };
  }

  /** Throws 404. */
  async get(id: string): Promise<BackfillDto> {
    return this.view(await this.found(id));
  }

  async list({ limit, ...filters }: ListBackfillsQuery): Promise<BackfillListDto> {
    const { items, nextCursor } = await this.backfills.list({
      ...filters,
      limit: pageLimit(limit, this.settings.limits.page),
    });
    return { items: items.map((head) => backfillView(head, this.settings)), nextCursor };
  }

  /** Throws 404, and 409 when it is over, or is being cancelled and should do something else. */
  async control(id: string, control: BackfillControl): Promise<BackfillDto> {
    const found = await this.found(id);
    const { state } = found.head.progress;
    const heard = (state !== 'cancelling' || control.order === 'cancel') && (await this.backfills.control(id, control));
    // Where no worker answers it is heard later, and nobody knows more by now.
    if (heard) return found.live ? this.get(id) : this.view(found);
    const why = state === 'cancelling' ? 'is being cancelled' : 'is over';
    throw new Problem('backfill_over', `The backfill ${id} ${why}; there is nothing to ${control.order}.`, {
      links: { backfill: backfillPath(id) },
    });
  }

  private async facts(
    request: CreateBackfillDto,
    idempotencyKey: string | undefined,
  ): Promise<{ readonly facts: BackfillFacts; readonly spec: DagSpec; readonly header: VersionHeader }> {
    checkFields(request);
    const { dagId, reprocess = 'none', order = 'oldest', maxActiveRuns, chunk, failureBudget, note, tasks } = request;
    const head = await this.dags.head(dagId);
    const header = await this.version(head, request.version);
    const { spec } = await this.versions.spec(header);
    if (tasks !== undefined) checkTasks(tasks, spec);
    const { spans, total } = selectionOf(request, spec);
    checkOrder(order, spec);
    const id = idempotencyKey === undefined ? randomUUID() : sha256(idempotencyKey).slice(0, 32);
    const validate = await this.validation(request.validate, { id, spans, total });
    const facts: BackfillFacts = {
      id,
      dagId,
      version: header.version,
      spans,
      params: paramsOf(spec.params ?? {}, request.params ?? {}),
      reprocess,
      order,
      terms: {
        total,
        maxActiveRuns: maxActiveRuns ?? spec.maxActiveRuns ?? DEFAULT_ACTIVE_RUNS,
        chunk,
        failureBudget,
        validated: validate && true,
      },
      note,
      validate,
      onlyTasks: tasks && [...new Set(tasks)],
      requestHash: idempotencyKey === undefined ? undefined : hashOf(request),
      acceptedAt: Date.now(),
    };
    const downstream = request.downstream === true ? await this.downstream.of(facts) : [];
    return { facts: downstream.length === 0 ? facts : { ...facts, downstream }, spec, header };
  }

  private async validation(given: unknown, of: Parameters<typeof checkValidation>[2]): Promise<BackfillValidation | undefined> {
    if (given === undefined) return undefined;
    const validation = validationOf(given);
    const head = await this.dags.head(validation.dagId).catch((error: unknown) => {
      throw asValidationFault(error);
    });
    checkValidation(validation, (await this.versions.spec(head.latest)).spec, of);
    return validation;
  }

  /** Ids of all that a run for these tasks carries out, in the order of the plan. */
  private async tasksOf(header: VersionHeader, ids: readonly string[]): Promise<readonly string[]> {
    const plan = await this.versions.plan(header);
    return [...selectedTasks(plan, ids)].map((task) => plan.tasks[task]!.id);
  }

  private async version(head: DagHead, version: number | undefined): Promise<VersionHeader> {
    return version === undefined || version === head.latest.version ? head.latest : this.dags.version(head.dagId, version);
  }

  private async found(id: string): Promise<BackfillView> {
    const found = await this.backfills.get(id);
    if (found) return found;
    throw new Problem('backfill_not_found', `There is no backfill ${id}, or it ended longer ago than runs are kept.`);
  }

  private view({ head, ...more }: BackfillView): BackfillDto {
    return backfillView(head, this.settings, more);
  }
}

/** Throws 400 unless there is either a range or a list of dates. */
function checkFields({ from, to, dates }: CreateBackfillDto): void {
  const isRange = from !== undefined && to !== undefined && dates === undefined;
  if (isRange || (from === undefined && to === undefined && dates !== undefined)) return;
  const detail = 'give either from and to, or dates';
  const pointer = dates !== undefined ? '/dates' : from === undefined ? '/from' : '/to';
  throw new Problem('invalid_fields', `${detail}.`, { errors: [{ pointer, detail }] });
}

/** The nominal time that a page of a plan ended with. */
function timeOf(cursor: string): number {
  const text = decodeCursor(cursor);
  if (/^\d{1,13}$/.test(text)) return Number(text);
  throw new Problem('invalid_cursor', 'The cursor is not one that this plan gave; leave it out to begin again.', {
    errors: [{ parameter: 'cursor', detail: 'not a cursor of this plan' }],
  });
}

function hashOf({ dryRun: _, ...request }: CreateBackfillDto): string {
  const said = Object.entries(request).filter(([, value]) => value !== undefined) as [string, Json][];
  return sha256(canonicalJson(Object.fromEntries(said)));
}

/** Each interval waits for the one before it, which would come after it. */
function checkOrder(order: string, spec: DagSpec): void {
  const task = goesOldestFirst(spec);
  if (order !== 'newest' || task === undefined) return;
  const detail = `task ${task} of the DAG depends on the past (dependsOnPast): each interval waits for the one before it, so they go oldest first`;
  throw new Problem('invalid_fields', `${detail}.`, { errors: [{ pointer: '/order', detail }] });
}
