import { Injectable } from '@nestjs/common';
import type { RunHead, RunReport, TaskRecord } from '../../../workflows/contract.js';
import type { DagPlan } from '../../dag/plan.js';
import { readJson } from '../../objects/json-blob.js';
import { prefixOfRun, reportKey } from '../../objects/keys.js';
import { RunGateway } from '../../temporal/run-gateway.js';
import { VersionStore } from '../../temporal/version-store.js';
import { BlobStore } from '../blob-store.js';
import { DagsService } from '../dags/dags.service.js';
import { graphOf } from '../dags/plan-graph.js';
import { instantOrNone } from '../instant.js';
import type { RunGraphDto } from './dto/task.dto.js';
import { childOf } from './task-view.js';

/** The plan that a run goes by: pinned when it was started, whatever became of its DAG since. */
@Injectable()
export class RunPlans {
  constructor(
    private readonly dags: DagsService,
    private readonly versions: VersionStore,
    private readonly blobs: BlobStore,
    private readonly runs: RunGateway,
  ) {}

  /** Throws 404 when the version is not kept any more. */
  async of({ run, endedAt }: RunHead): Promise<DagPlan> {
    if (endedAt !== undefined) {
      const report = await readJson<RunReport>(this.blobs.objects, reportKey(prefixOfRun(run)));
      if (report) return this.versions.plan(report);
    }
    if (run.scope.parent) {
      // A SubDAG that is written in place has a plan of its own.
      const planKey = await this.runs.planKey(run.runId);
      if (planKey !== undefined) return this.versions.plan({ planKey });
    }
    return this.versions.plan(await this.dags.version(run.dagId, run.version));
  }

  /** The graph of a run, with the state of each task; tasks that nothing is known of are pending. */
  async graph(
    head: RunHead,
    { live, tasks }: { readonly live: boolean; readonly tasks: readonly TaskRecord[] },
  ): Promise<RunGraphDto> {
    const graph = graphOf(await this.of(head));
    const records = new Map(tasks.map((task) => [task.taskId, task]));
    return {
      ...graph,
      live,
      nodes: graph.nodes.map((node) => {
        const record = records.get(node.id);
        return {
          ...node,
          state: record?.state ?? 'pending',
          runId: record && childOf(record),
          startedAt: instantOrNone(record?.startedAt),
          endedAt: instantOrNone(record?.endedAt),
        };
      }),
    };
  }
}
