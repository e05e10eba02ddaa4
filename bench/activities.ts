import { setTimeout } from 'node:timers/promises';

/** The activities of the benchmark, loaded by the service like any user's (`BATON_ACTIVITIES`). */

/** Does nothing: what is measured is everything around it. */
export async function benchNoop(): Promise<null> {
  return null;
}

/** Takes `ms` milliseconds. */
export async function benchSleep(ms: number): Promise<null> {
  await setTimeout(ms);
  return null;
}

/** Its own first line, as epoch milliseconds with fractions. */
export async function benchStamp(): Promise<number> {
  return performance.timeOrigin + performance.now();
}
