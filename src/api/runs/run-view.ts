import type { RunHead } from '../../../workflows/contract.js';
import type { DeadlineRecord } from '../../dag/deadline-plan.js';
import type { RunScope } from '../../dag/scope.js';
import type { RunRow } from '../../temporal/run-row.js';
import { dagPath, runPath } from '../base-path.js';
import { instant, instantOrNone } from '../instant.js';
import type { ApiSettings } from '../settings.js';
import type { DeadlineViewDto } from './dto/deadline.dto.js';
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
    notice: head.notice,
    outputs: head.outputs,
    deadlines: head.deadlines?.map(deadlineView),
    hooks: head.hooks?.map((hook) => hookView(hook, runPath(head.run.runId))),
    live: more.live,
    revision: head.revision,
  };
}

function deadlineView({ dueAt, at, expectedAt, ...rest }: DeadlineRecord): DeadlineViewDto {
  return { ...rest, dueAt: instantOrNone(dueAt), at: instantOrNone(at), expectedAt: instantOrNone(expectedAt) };
}

/** A run as lists show it. */
export function runRowView(
  { run, state, startedAt, endedAt, failedTasks, waitingFor }: RunRow,
  settings: ApiSettings,
  temporalRunId?: string,
): RunDto {
  const { runId, dagId, version, execution, scope, dated, note, backfillId, triggeredBy, onlyTasks, acceptedAt } = run;
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
    ...parentView(scope),
    note,
    backfillId,
    triggeredBy: triggeredBy && {
      runId: triggeredBy.runId,
      taskId: triggeredBy.taskId,
      href: runPath(triggeredBy.runId),
    },
    onlyTasks,
    acceptedAt: instant(acceptedAt),
    startedAt: instantOrNone(startedAt),
    endedAt: instantOrNone(endedAt),
    waitingFor,
    failedTasks,
    links: runLinks(runId, dagId, settings, temporalRunId),
  };
}

/** Whose child a run is, and in whose tree. */
function parentView({ parent, root }: RunScope): Pick<RunDto, 'parent' | 'root'> {
  if (!parent || !root) return {};
  return {
    parent: { runId: parent.id, taskId: parent.task, href: runPath(parent.id) },
    root: { runId: root.id, href: runPath(root.id) },
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
