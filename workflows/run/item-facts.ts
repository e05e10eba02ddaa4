import type { DagRunInput, RunFacts } from '../contract.js';

/** The run as expressions of its tasks see it: items of a shard see the run whose map that is. */
export function itemRun({ run, shard }: DagRunInput): RunFacts {
  return shard === undefined ? run : { ...run, scope: shard.scope };
}

/** Where outputs and logs of its tasks go: those of a shard to the run whose map it is. */
export function itemPrefix({ prefix, shard }: DagRunInput): string {
  return shard?.prefix ?? prefix;
}
