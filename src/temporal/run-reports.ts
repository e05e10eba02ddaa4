import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { DagRunInput, RunHead, RunReport, TaskRecord } from '../../workflows/contract.js';
import { childPrefix } from '../dag/child-id.js';
import { readJson, writeJson } from '../objects/json-blob.js';
import { JsonBlobs } from '../objects/json-blobs.js';
import { reportKey, runPrefix } from '../objects/keys.js';
import type { ObjectStore } from '../objects/object-store.js';
import type { RunIdParts } from './run-id.js';
import { type ForeignEnd, headWithoutReport, reportFromQuery } from './run-report.js';
import type { RunRow } from './run-row.js';
import type { TemporalConnection } from './temporal-connection.js';
import { GRPC, grpcCode } from './temporal-error.js';

/** Of JSON of closed runs kept in memory, twice. */
const CACHE_BYTES = 16 * 1_048_576;
/** A closed run that cannot be asked for so long gets a report without tasks, before Temporal forgets it (R3). */
const GIVE_UP_ASKING_MS = 3_600_000;

/** The reports of closed runs: read, and made up for where a run could not write its own (R3). */
export class RunReports {
  private readonly reports: JsonBlobs<RunReport>;
  private readonly pages: JsonBlobs<readonly TaskRecord[]>;

  constructor(
    private readonly temporal: TemporalConnection,
    private readonly store: ObjectStore,
  ) {
    this.reports = new JsonBlobs(store, CACHE_BYTES, (json) => json as unknown as RunReport);
    this.pages = new JsonBlobs(store, CACHE_BYTES, (json) => json as unknown as readonly TaskRecord[]);
  }

  /** The report of one execution; `undefined` when there is none (yet). */
  read(prefix: string): Promise<RunReport | undefined> {
    return this.reports.read(reportKey(prefix));
  }

  /** Report of the newest execution that has one; executions are numbered from 1 without gaps. */
  async last(dagId: string, runKey: string): Promise<RunReport | undefined> {
    let last: RunReport | undefined;
    for (let execution = 1; ; execution++) {
      const report = await this.read(runPrefix(dagId, runKey, execution));
      if (report === undefined) return last;
      last = report;
    }
  }

  /** As {@link last}, of a child: not every execution of its root has it, since what succeeded is kept. */
  async lastOfChild(
    runId: string,
    { dagId, root }: RunIdParts & { readonly root: NonNullable<RunIdParts['root']> },
  ): Promise<RunReport | undefined> {
    let last: RunReport | undefined;
    for (let execution = 1; ; execution++) {
      const rootPrefix = runPrefix(dagId, root.runKey, execution);
      last = (await this.read(childPrefix(rootPrefix, root.runId, runId))) ?? last;
      // A root that is open has no report yet, and no execution after this one.
      if ((await this.read(rootPrefix)) === undefined) return last;
    }
  }

  /** All records of a report, in order of the plan. */
  async records({ tasks }: RunReport): Promise<readonly TaskRecord[]> {
    if ('records' in tasks) return tasks.records;
    return (await Promise.all(tasks.pages.map((key) => this.pages.read(key)))).flatMap((page) => page ?? []);
  }

  /**
   * A closed run without a report gets one from whoever reads it first, as soon as its workflow can be asked; until then
   * its head alone comes back.
   */
  async ofForeignEnd(
    handle: WorkflowHandle,
    status: WorkflowExecutionDescription['status']['name'],
    row: RunRow,
    prefix: string,
  ): Promise<RunReport | RunHead> {
    const input = await runInput(this.temporal, handle);
    const killed = status === 'TERMINATED' || status === 'TIMED_OUT';
    const end: ForeignEnd = {
      row,
      run: input?.run ?? { ...row.run, params: row.params ?? {} },
      planKey: input?.planKey ?? '',
      killed,
    };
    let report: RunReport;
    try {
      report = await reportFromQuery(this.temporal, handle, end);
    } catch (error) {
      const head = headWithoutReport(end);
      // It was ended before it did anything: there is nothing to ask for. Else a worker may come back.
      const neverBegan = grpcCode(error) === GRPC.FAILED_PRECONDITION;
      if (!neverBegan && Date.now() - (row.endedAt ?? Date.now()) < GIVE_UP_ASKING_MS) return head;
      report = { format: 1, head, tasks: { records: [] }, planKey: end.planKey, writtenBy: 'reader' };
    }
    try {
      await writeJson(this.store, reportKey(prefix), report);
      return report;
    } catch {
      // Somebody else wrote it at the same time: theirs counts, since blobs never change. A full disk must not fail a read.
      return (await readJson<RunReport>(this.store, reportKey(prefix))) ?? report;
    }
  }
}

/** The argument that a run's workflow was started with, from the first event of its history. */
export async function runInput(temporal: TemporalConnection, { workflowId }: WorkflowHandle): Promise<DagRunInput | undefined> {
  const { client, namespace } = temporal;
  const { history } = await temporal.call(() =>
    client.workflowService.getWorkflowExecutionHistory({ namespace, execution: { workflowId }, maximumPageSize: 1 }),
  );
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  return payloads?.length ? decodeFromPayloadsAtIndex<DagRunInput>(client.options.loadedDataConverter, 0, payloads) : undefined;
}
