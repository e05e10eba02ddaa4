import type { TaskRecord } from '../../../workflows/contract.js';
import type { Attempt } from '../../dag/state.js';
import { runPath } from '../base-path.js';
import { instantOrNone } from '../instant.js';
import type { AttemptDto, TaskDto } from './dto/task.dto.js';

/** A task of a run as REST shows it; a large output is a reference. */
export function taskView(runId: string, record: TaskRecord): TaskDto {
  const { taskId, state, queuedAt, startedAt, endedAt, attempts = [], output, map, failure, notice, revision } = record;
  return {
    taskId,
    state,
    queuedAt: instantOrNone(queuedAt),
    startedAt: instantOrNone(startedAt),
    endedAt: instantOrNone(endedAt),
    attempts: attempts.map(attemptView),
    ...childView(record),
    ...(output === undefined
      ? {}
      : 'value' in output
        ? { output: output.value }
        : { outputRef: refView(runId, taskId, output) }),
    ...(map === undefined ? {} : { map: { ...map, href: `${runPath(runId)}/tasks/${encodeURIComponent(taskId)}/items` } }),
    failure,
    notice,
    revision,
  };
}

/** The run that carries a SubDAG out: of its newest attempt. */
export function childOf({ attempts = [] }: Pick<TaskRecord, 'attempts'>): string | undefined {
  return attempts.at(-1)?.runId;
}

function childView(record: TaskRecord): Pick<TaskDto, 'runId' | 'links'> {
  const runId = childOf(record);
  if (runId === undefined) return {};
  const self = runPath(runId);
  return { runId, links: { run: self, tasks: `${self}/tasks` } };
}

function attemptView({ attempt, startedAt, endedAt, worker, failure, runId }: Attempt): AttemptDto {
  return { attempt, startedAt: instantOrNone(startedAt), endedAt: instantOrNone(endedAt), worker, failure, runId };
}

function refView(runId: string, taskId: string, { size, sha256 }: { readonly size: number; readonly sha256: string }) {
  return { size, sha256, href: `${runPath(runId)}/tasks/${encodeURIComponent(taskId)}/output` };
}
