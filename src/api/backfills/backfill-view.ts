import type { BackfillHead } from '../../../workflows/contract.js';
import { backfillId } from '../../../workflows/contract.js';
import type { ValidationProgress } from '../../dag/backfill/chunk-validation.js';
import { formatInstant } from '../../time/instant.js';
import { API, backfillPath, dagPath, runPath } from '../base-path.js';
import { instant, instantOrNone } from '../instant.js';
import type { ApiSettings } from '../settings.js';
import type { BackfillDto, BackfillValidationDto } from './dto/backfill.dto.js';

/** A backfill as REST shows it. */
export function backfillView(
  head: BackfillHead,
  settings: ApiSettings,
  more: { readonly live?: boolean; readonly temporalRunId?: string } = {},
): BackfillDto {
  const { id, dagId, version, reprocess, order, maxActiveRuns, chunk, failureBudget, note, onlyTasks, validate, downstream } =
    head;
  const { state, reason, validation, estimatedEndAt, updatedAt, ...counts } = head.progress;
  return {
    id,
    dagId,
    version,
    state,
    reason,
    from: formatInstant(head.from),
    to: formatInstant(head.to),
    reprocess,
    order,
    maxActiveRuns,
    chunk,
    failureBudget,
    note,
    tasks: onlyTasks,
    validate,
    validation: validation && validationView(validation),
    downstream: downstream && {
      dags: downstream.dags,
      dagId: downstream.dagId,
      backfillId: downstream.id,
      href: backfillPath(downstream.id),
    },
    acceptedAt: instant(head.acceptedAt),
    progress: {
      ...counts,
      done: counts.success + counts.failed + counts.cancelled,
      estimatedEndAt: instantOrNone(estimatedEndAt),
      updatedAt: instant(updatedAt),
    },
    live: more.live,
    links: {
      self: backfillPath(id),
      dag: dagPath(dagId),
      runs: `/${API}/runs?dagId=${encodeURIComponent(dagId)}&trigger=backfill`,
      temporal: settings.temporalLink(backfillId(id), more.temporalRunId),
    },
  };
}

function validationView({ chunk, state, runId, from, to }: ValidationProgress): BackfillValidationDto {
  return { chunk, state, from: formatInstant(from), to: formatInstant(to), runId, href: runPath(runId) };
}
