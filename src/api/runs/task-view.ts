import type { TaskRecord } from '../../../workflows/contract.js';
import type { Attempt, HookRecord } from '../../dag/state.js';
import { runPath } from '../base-path.js';
import { instant, instantOrNone } from '../instant.js';
import type { AttemptDto } from './dto/attempt.dto.js';
import type { HookRunDto } from './dto/hook-run.dto.js';
import type { TaskDto } from './dto/task.dto.js';

/** A task of a run as REST shows it; a large output is a reference. */
export function taskView(runId: string, record: TaskRecord): TaskDto {
  const {
    taskId,
    state,
    queuedAt,
    startedAt,
    endedAt,
    attempts = [],
    output,
    map,
    failure,
    skipReason,
    cached,
    hooks,
    rewinds,
    resources,
    notice,
    waiting,
    revision,
  } = record;
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
    skipReason,
    ...(cached === undefined ? {} : { cached: { runId: cached.runId, storedAt: instant(cached.storedAt) } }),
    hooks: hooks?.map((hook) => hookView(hook, `${runPath(runId)}/tasks/${encodeURIComponent(taskId)}`)),
    rewinds,
    resources,
    notice,
    waitsUntil: waiting && instantOrNone(earliest(waiting.at, waiting.deadline)),
    revision,
  };
}

const earliest = (...times: readonly (number | undefined)[]): number | undefined =>
  times.reduce((first, time) => (first === undefined || (time !== undefined && time < first) ? time : first), undefined);

/** A hook; `owner` is the address of the run or the task whose hook it is. */
export function hookView({ startedAt, endedAt, attempts, ...rest }: HookRecord, owner: string): HookRunDto {
  const { hook, index, attempt } = rest;
  // Between attempts a hook is carried out in place, and writes into the log of the attempt that had failed.
  const inPlace = hook === 'retry' && attempts === undefined;
  const log = inPlace ? `logs?attempt=${attempt}` : `hooks/${hook}/logs${index === undefined ? '' : `?index=${index}`}`;
  return {
    ...rest,
    startedAt: instant(startedAt),
    endedAt: instantOrNone(endedAt),
    attempts: (attempts ?? []).map(attemptView),
    logs: `${owner}/${log}`,
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

export function attemptView({ attempt, startedAt, endedAt, worker, failure, runId }: Attempt): AttemptDto {
  return { attempt, startedAt: instantOrNone(startedAt), endedAt: instantOrNone(endedAt), worker, failure, runId };
}

function refView(runId: string, taskId: string, { size, sha256 }: { readonly size: number; readonly sha256: string }) {
  return { size, sha256, href: `${runPath(runId)}/tasks/${encodeURIComponent(taskId)}/output` };
}
