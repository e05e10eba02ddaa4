import { parseInstant } from '../../src/dag/instant.js';
import type { FinalRunState } from '../../src/dag/state.js';
import {
  type DagRunInput,
  dagEntityId,
  RUN_BEGAN_SIGNAL,
  RUN_ENDED_SIGNAL,
  type RunBegan,
  type RunEnded,
} from '../contract.js';
import { sendWord } from './send-word.js';

/**
 * Tells the DAG how a run of its schedule has ended, where it counts those that fail (`limit`). One that was cancelled counts for
 * nothing. A DAG that is gone needs no word.
 */
export async function tellDag(
  { run, parent }: Pick<DagRunInput, 'run' | 'parent'>,
  state: FinalRunState,
  limit: number | undefined,
): Promise<void> {
  const { dagId, runId, execution, scope } = run;
  if (limit === undefined || parent !== undefined || scope.trigger !== 'schedule' || state === 'cancelled') return;
  await sendWord<RunEnded>(dagEntityId(dagId), RUN_ENDED_SIGNAL, { runId, execution, state, limit });
}

/** Tells the DAG that a run of it has begun, where somebody waits for that: once for each execution (R4). */
export async function announceRun({ run, parent, awaited, carried }: DagRunInput): Promise<void> {
  if (awaited !== true || parent !== undefined || carried !== undefined) return;
  const { dagId, runId, dated, scope } = run;
  const date = dated ? parseInstant(scope.logicalDate) : undefined;
  await sendWord<RunBegan>(dagEntityId(dagId), RUN_BEGAN_SIGNAL, { runId, ...(date === undefined ? {} : { date }) });
}
