import { Injectable } from '@nestjs/common';
import { activeRunsPool, type DagHead } from '../../../workflows/contract.js';
import { DEFAULT_ACTIVE_RUNS } from '../../dag/active-runs.js';
import type { PlaceHolder } from '../../dag/pool/place.js';
import { PoolGateway } from '../../temporal/pool-gateway.js';
import { TemporalUnavailableError } from '../../temporal/temporal-error.js';
import { VersionStore } from '../../temporal/version-store.js';
import { runPath } from '../base-path.js';
import type { PlaceDto, PlacesDto } from './dto/places.dto.js';

/** The limit of active runs of DAGs (`maxActiveRuns`), and who is at work. */
@Injectable()
export class ActiveRunsService {
  constructor(
    private readonly pools: PoolGateway,
    private readonly versions: VersionStore,
  ) {}

  /** Lets runs that wait have the limit of a version that was stored just now; what is missed here comes with the next run. */
  async follow({ dagId, latest }: DagHead, maxActiveRuns: number | undefined): Promise<void> {
    try {
      const capacity = maxActiveRuns ?? DEFAULT_ACTIVE_RUNS;
      await this.pools.resize(activeRunsPool(dagId), { capacity, revision: latest.version });
    } catch (error) {
      if (!(error instanceof TemporalUnavailableError)) throw error;
    }
  }

  async places({ dagId, latest }: DagHead): Promise<PlacesDto> {
    const [{ spec }, view] = await Promise.all([this.versions.spec(latest), this.pools.view(activeRunsPool(dagId))]);
    const { active, queued, parked, holders, next, away } = view ?? NOBODY;
    return {
      dagId,
      maxActiveRuns: spec.maxActiveRuns ?? DEFAULT_ACTIVE_RUNS,
      declared: spec.maxActiveRuns !== undefined,
      active,
      queued,
      parked,
      holders: holders.map(placeView),
      next: next.map(placeView),
      away: away.map(placeView),
    };
  }
}

const NOBODY = { active: 0, queued: 0, parked: 0, holders: [], next: [], away: [] };

function placeView({ runId }: PlaceHolder): PlaceDto {
  return { runId, href: runPath(runId) };
}
