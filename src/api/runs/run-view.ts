import type { RunHead } from '../../../workflows/contract.js';
import type { RunRow } from '../../temporal/run-row.js';
import { dagPath, runPath } from '../base-path.js';
import { instant, instantOrNone } from '../instant.js';
import type { ApiSettings } from '../settings.js';
import type { RunDto, RunLinksDto } from './dto/run.dto.js';
import { hookView } from './task-view.js';

/** A run as REST shows it: what its own query or report tells. */
export function runView(
  head: RunHead,
  settings: ApiSettings,
  more: { readonly live?: boolean; readonly temporalRunId?: string } = {},
): RunDto {
  return {
    ...runRowView(head, settings, more.temporalRunId),
    params: head.run.params,
    counts: head.counts,
    failure: head.failure,
    outputs: head.outputs,
    hooks: head.hooks?.map(hookView),
    live: more.live,
    revision: head.revision,
  };
}

/** A run as lists show it. */
export function runRowView(
  { run, state, startedAt, endedAt, failedTasks }: RunRow,
  settings: ApiSettings,
  temporalRunId?: string,
): RunDto {
  const { runId, dagId, version, execution, scope, dated, note, acceptedAt } = run;
  return {
    runId,
    dagId,
    version,
    execution,
    state,
    trigger: scope.trigger,
    dated,
    logicalDate: scope.logicalDate,
    dataInterval: scope.dataInterval,
    note,
    acceptedAt: instant(acceptedAt),
    startedAt: instantOrNone(startedAt),
    endedAt: instantOrNone(endedAt),
    failedTasks,
    links: runLinks(runId, dagId, settings, temporalRunId),
  };
}

/** Addresses of a run: ours, and that in Temporal's Web UI where one is known. */
export function runLinks(runId: string, dagId: string, settings: ApiSettings, temporalRunId?: string): RunLinksDto {
  const self = runPath(runId);
  return {
    self,
    tasks: `${self}/tasks`,
    events: `${self}/events`,
    dag: dagPath(dagId),
    temporal: settings.temporalLink(runId, temporalRunId),
  };
}
