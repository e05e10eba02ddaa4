import type { CatchUpInput, CatchUpStep } from '../../workflows/contract.js';
import { activeRunsPool } from '../../workflows/contract.js';
import { DEFAULT_ACTIVE_RUNS } from '../dag/active-runs.js';
import { runKeyOf } from '../dag/child-id.js';
import type { PlaceHolder } from '../dag/pool/place.js';
import { formatInstant } from '../time/instant.js';
import { timesWithin } from '../time/window.js';
import type { PoolGateway } from './pool-gateway.js';
import type { RunGateway } from './run-gateway.js';
import { timeScheduleOf, windowOfSpec } from './time-schedule.js';
import type { VersionStore } from './version-store.js';

/** One step looks at so many dates, and takes so long, at most: what it has done is kept from step to step. */
const STEP_DATES = 200;
const STEP_MS = 5_000;
/** Nominal times have whole seconds. */
const SECOND = 1_000;

/**
 * Runs the dates of a DAG's past that have no run, from `startDate` on, oldest first, until one has to wait for its place among the
 * active runs: then `reply` hears a `place` signal, and the next step begins with that run. The place of a run is asked for before it is
 * started, so that one run at most is in the queue, whatever the length of the past; those that are parked count in its share, so that
 * no more than `maxActiveRuns` of them wait behind one that has failed. A run is known by DAG and date: what exists, by whomever it
 * was started, is passed over, and a step that is repeated makes nothing twice.
 * @throws TemporalUnavailableError, BlobGoneError
 */
export async function catchUp(
  { runs, versions, pools }: { readonly runs: RunGateway; readonly versions: VersionStore; readonly pools: PoolGateway },
  { dagId, specKey, version, to, reply, ...input }: CatchUpInput,
): Promise<CatchUpStep> {
  const { spec } = await versions.spec({ specKey });
  const times = timeScheduleOf(spec);
  const window = times && windowOfSpec(spec, times);
  // Without a beginning there is no past to make up for.
  if (times === undefined || window?.first === undefined) return { state: 'done', from: to + SECOND };
  const pool = activeRunsPool(dagId);
  const limit = { capacity: spec.maxActiveRuns ?? DEFAULT_ACTIVE_RUNS, revision: version };
  const share = { reply, most: limit.capacity, revision: version };
  const until = Date.now() + STEP_MS;
  let from = input.from ?? window.first;
  for (const time of timesWithin(times, window, { from, to: to + 1 }, STEP_DATES)) {
    if (Date.now() >= until) return { state: 'more', from };
    from = time;
    const runId = `${dagId}-${formatInstant(time)}`;
    const holder: PlaceHolder = { runId, execution: 1, reply };
    if (!(await runs.exists(runId, dagId, runKeyOf(runId))).exists) {
      const [answer] = await pools.askForOthers(pool, { requests: [{ ...holder, at: Date.now() }], limit, share });
      if (answer?.state !== 'granted') return { state: 'waiting', from, askedFor: runId };
      const made = await runs.scheduled.resolve({ dagId, runId, nominal: time, firedAt: Date.now(), madeUp: true });
      const problem = 'skipped' in made ? undefined : made.failure?.message;
      // A run that others have started in this moment needs the place itself.
      if (problem !== undefined || ('skipped' in made && made.skipped !== 'exists')) await pools.leave({ pool, holder });
      if (problem !== undefined) return { state: 'stopped', from, problem };
      if (!('skipped' in made)) await runs.start(made.input);
    }
    from = time + SECOND;
  }
  const [next] = timesWithin(times, window, { from, to: to + 1 }, 1);
  return next === undefined ? { state: 'done', from: to + SECOND } : { state: 'more', from: next };
}
