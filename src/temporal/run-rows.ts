import type { DagHead } from '../../workflows/contract.js';
import type { DagGateway } from './dag-gateway.js';
import { type RunInfo, type RunRow, runRow, unresolvedStart } from './run-row.js';
import type { ScheduledRuns } from './scheduled-runs.js';

/** Rows of workflows, those included that a Schedule has started and no worker has looked at yet. */
export class RunRows {
  constructor(
    private readonly dags: DagGateway,
    private readonly scheduled: ScheduledRuns,
  ) {}

  /** `undefined` when it is no run of ours. */
  async of(info: RunInfo): Promise<RunRow | undefined> {
    return (await this.all([info]))[0];
  }

  /** Of many; each DAG is asked for once. What is no run of ours is left out. */
  async all(infos: readonly RunInfo[]): Promise<RunRow[]> {
    const heads = new Map<string, Promise<DagHead | undefined>>();
    const headOf = (dagId: string): Promise<DagHead | undefined> => {
      const head = heads.get(dagId) ?? this.dags.head(dagId);
      heads.set(dagId, head);
      return head;
    };
    const rows: RunRow[] = [];
    for (const info of infos) {
      const start = unresolvedStart(info);
      const facts = start && (await this.scheduled.facts(start, await headOf(start.dagId)));
      const row = runRow(info, facts);
      if (row) rows.push(row);
    }
    return rows;
  }
}
