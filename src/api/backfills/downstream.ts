import { Injectable } from '@nestjs/common';
import type { BackfillFacts, DagHead } from '../../../workflows/contract.js';
import { DEFAULT_ACTIVE_RUNS } from '../../dag/active-runs.js';
import { dagReferences } from '../../dag/dag-circles.js';
import { givenParams } from '../../dag/given-params.js';
import type { DagSpec } from '../../dag/spec.js';
import { sha256 } from '../../objects/sha256.js';
import { DagGateway } from '../../temporal/dag-gateway.js';
import { timeScheduleOf } from '../../temporal/time-schedule.js';
import { VersionStore } from '../../temporal/version-store.js';
import { countSelected } from '../../time/selection.js';
import { Problem } from '../errors/problem.js';
import { MAX_INTERVALS } from './backfill-selection.js';
import { goesOldestFirst } from './interval-order.js';

/** DAGs that one backfill may bring with it. */
const MAX_DOWNSTREAM = 50;
const PAGE = 200;

interface Stored {
  readonly head: DagHead;
  readonly spec: DagSpec;
}

/**
 * The DAGs whose tasks wait for the run of the same date of a DAG that is backfilled, near and far: they are backfilled after it, for
 * the same time, each when all that it waits for is done.
 */
@Injectable()
export class Downstream {
  constructor(
    private readonly dags: DagGateway,
    private readonly versions: VersionStore,
  ) {}

  /**
   * What is to be backfilled after `facts`, in order: the newest version of each DAG, with its defaults. DAGs without a schedule by time, and
   * those of which no interval begins in that time, are left out. Throws 422 where a DAG needs params, or there are too many.
   */
  async of(facts: BackfillFacts): Promise<readonly BackfillFacts[]> {
    const order = await this.order(facts.dagId);
    if (order.length > MAX_DOWNSTREAM) {
      const detail = `${order.length} DAGs wait for ${facts.dagId}, near and far; at most ${MAX_DOWNSTREAM} are backfilled with it`;
      throw new Problem('invalid_fields', `${detail}.`, { errors: [{ pointer: '/downstream', detail }] });
    }
    return order.flatMap((dag) => this.backfillOf(dag, facts));
  }

  private backfillOf({ head, spec }: Stored, facts: BackfillFacts): BackfillFacts[] {
    const { id, spans, reprocess, order, note, acceptedAt, requestHash } = facts;
    const schedule = timeScheduleOf(spec);
    const total = schedule === undefined ? 0 : countSelected(schedule, spans, MAX_INTERVALS);
    if (total === 0) return [];
    const { params, faults } = givenParams(spec.params ?? {}, {});
    const detail =
      total > MAX_INTERVALS
        ? `${spec.id}, which waits for it, has more than ${MAX_INTERVALS} intervals in that time`
        : faults[0] && `${spec.id}, which waits for it, cannot be backfilled with it: ${faults[0].detail}`;
    if (detail !== undefined)
      throw new Problem('invalid_fields', `${detail}.`, { errors: [{ pointer: '/downstream', detail }] });
    return [
      {
        id: sha256(`${id} ${spec.id}`).slice(0, 32),
        dagId: spec.id,
        version: head.latest.version,
        ...{ spans, params, reprocess, note, acceptedAt, requestHash },
        order: goesOldestFirst(spec) === undefined ? order : 'oldest',
        terms: { total, maxActiveRuns: spec.maxActiveRuns ?? DEFAULT_ACTIVE_RUNS },
      },
    ];
  }

  /** Each behind all that it waits for. DAGs that wait for each other in a circle are not stored. */
  private async order(dagId: string): Promise<readonly Stored[]> {
    const waiting = new Map<string, Stored[]>();
    for (const stored of await this.stored())
      for (const { dag, path } of dagReferences(stored.spec, { sameDate: true })) {
        if (!path.endsWith('/run')) continue;
        waiting.set(dag, [...(waiting.get(dag) ?? []), stored]);
      }
    const found: Stored[] = [];
    const seen = new Set<string>([dagId]);
    const visit = (dag: string): void => {
      for (const next of waiting.get(dag) ?? []) {
        if (seen.has(next.spec.id)) continue;
        seen.add(next.spec.id);
        visit(next.spec.id);
        found.push(next);
      }
    };
    visit(dagId);
    return found.reverse();
  }

  private async stored(): Promise<Stored[]> {
    const found: Stored[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.dags.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      for (const head of page.items) found.push({ head, spec: (await this.versions.spec(head.latest)).spec });
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  }
}
