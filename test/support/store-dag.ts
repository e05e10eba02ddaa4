import { compile } from '../../src/dag/compile.js';
import { checkSpec } from '../../src/spec/check-spec.js';
import { DagNotFoundError, TemporalUnavailableError } from '../../src/temporal/temporal-error.js';
import { timingOf } from '../../src/temporal/time-schedule.js';
import { isTimeZone } from '../../src/time/zone.js';
import type { PutResult } from '../../workflows/contract.js';
import type { TemporalHarness } from './temporal-harness.js';

/** Stores a DAG as the service does: blobs first, then the entity. @throws Error for a spec that is not right. */
export async function storeDag({ versions, dags }: TemporalHarness, text: string): Promise<PutResult> {
  const { dag, canonical, issues } = checkSpec(text, 'yaml', { ownQueues: ['baton'], isTimeZone });
  if (dag === undefined) throw new Error(issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const source = { spec: canonical, text, mediaType: 'application/yaml' };
  const stored = await versions.write(dag.id, source, compile(dag, { ownQueues: ['baton'] }));
  return carefully(() => dags.put(dag.id, { ...stored, tags: dag.tags, timing: timingOf(dag), catchup: dag.catchup }));
}

/** Deletes a DAG. One that is gone at a second try was deleted by the first, whose answer came late. */
export async function removeDag({ dags }: TemporalHarness, dagId: string): Promise<void> {
  await carefully((tries) =>
    dags.remove(dagId).catch((error: unknown) => {
      if (tries === 1 || !(error instanceof DagNotFoundError)) throw error;
    }),
  );
}

/** Repeats what had no answer in time, as a careful client does: a worker without a cache on a busy machine may take longer. */
async function carefully<T>(call: (tries: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call(tries);
    } catch (error) {
      if (!(error instanceof TemporalUnavailableError) || tries === 5) throw error;
    }
  }
}
