import type { Script } from '../../../src/dag/simulate.js';
import { type Plans, plansOf, type RandomRun } from '../random-run/random-run.js';
import { shrunk } from '../random-run/shrink.js';
import { RUN_PROPERTIES } from './every-run.js';
import { LAWS, simulated } from './laws.js';

/** A property that does not hold for a run. */
export interface Broken {
  /** The name of its function. */
  readonly property: string;
  readonly message: string;
}

/** What a simulation that never comes to an end, or makes no sense, is told by. */
export const SIMULATED = 'comesToAnEnd';

/** Simulates a run and asks all properties; the first that does not hold, if any. */
export function brokenBy(run: RandomRun, plans: Plans, script: Script): Broken | undefined {
  let property = SIMULATED;
  try {
    const all = simulated(run, plans, script);
    for (const holds of RUN_PROPERTIES) {
      property = holds.name;
      for (const each of all.runs) holds(each, all);
    }
    for (const holds of LAWS) {
      property = holds.name;
      holds(all);
    }
  } catch (error) {
    return { property, message: error instanceof Error ? error.message : String(error) };
  }
  return undefined;
}

/** The script of a run as it is written down. */
export const scriptOf =
  ({ script }: RandomRun): Script =>
  (path) =>
    script[path] ?? {};

/** What is said of a run that breaks a property: why, the seed, and the smallest run that breaks it too, as it can be kept. */
export function report(run: RandomRun, { property, message }: Broken): string {
  const smallest = shrunk(run, (smaller, plans) => brokenBy(smaller, plans, scriptOf(smaller))?.property === property);
  const plans = plansOf(smallest) as Plans;
  const why = brokenBy(smallest, plans, scriptOf(smallest))?.message ?? message;
  return [
    `${property}: ${why}`,
    `(seed ${run.seed}; keep this run in test/support/failing-seeds.json, with a word on what it found)`,
    JSON.stringify(smallest),
  ].join('\n');
}
