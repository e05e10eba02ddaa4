import { Injectable } from '@nestjs/common';
import { RunGateway } from '../../temporal/run-gateway.js';
import { Problem } from '../errors/problem.js';
import { DagsService } from './dags.service.js';
import type { DeletedDagDto } from './dto/dag.dto.js';

const OPEN_STATES = ['queued', 'running', 'paused'] as const;

/** Deletes a DAG with regard to its open runs (R30). */
@Injectable()
export class DagRemoval {
  constructor(
    private readonly dags: DagsService,
    private readonly runs: RunGateway,
  ) {}

  /** Throws 409 with open runs, unless `cancelRuns`; then all of them are asked to cancel. */
  async remove(dagId: string, cancelRuns: boolean): Promise<DeletedDagDto> {
    await this.dags.head(dagId);
    const open = await this.openRuns(dagId);
    if (open.length > 0 && !cancelRuns) {
      throw new Problem(
        'open_runs',
        `The DAG ${dagId} has open runs (${open.slice(0, 5).join(', ')}${open.length > 5 ? ', …' : ''}). Wait for them, or delete with ?cancelRuns=true.`,
      );
    }
    await this.dags.remove(dagId);
    // Again, after the tombstone: what slipped in between, or was not yet listed, is cancelled as well.
    const runs = cancelRuns ? [...new Set([...open, ...(await this.openRuns(dagId))])] : [];
    const cancelled: string[] = [];
    for (const runId of runs) if ((await this.runs.cancel(runId)) === 'requested') cancelled.push(runId);
    return { dagId, deleted: true, cancelledRuns: cancelled };
  }

  private async openRuns(dagId: string): Promise<string[]> {
    const found: string[] = [];
    for (const state of OPEN_STATES) {
      let cursor: string | undefined;
      do {
        const page = await this.runs.list({ dagId, state, limit: 200, cursor });
        found.push(...page.items.map((item) => item.run.runId));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    }
    return found;
  }
}
