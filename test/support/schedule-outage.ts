import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { until } from './api-caller.js';
import type { Cluster } from './cluster.js';

/** Most runs under a policy that runs only some of its times: the one that was begun by the first time, the last one, and those at the edges. */
const MOST = 4;
const each = (times: number) => ({ least: times, most: times });
const some = () => ({ least: 0, most: MOST });
/** How many of so many times have their run in the end. */
const STARTED = {
  allow_all: each,
  buffer_all: each,
  // Each, as long as Temporal keeps up; of times that it does at once, late, the last one.
  terminate_other: (times: number) => ({ least: times / 2, most: times }),
  // One of those that have come meanwhile.
  skip: some,
  buffer_one: some,
  cancel_other: some,
};
const POLICIES = Object.keys(STARTED) as (keyof typeof STARTED)[];

interface Time {
  readonly logicalDate: string;
  readonly outcome: string;
  readonly runId?: string;
}

/**
 * Schedules of all policies, one time every `everyS` seconds, while no service and no worker is there for `outageMs`. Temporal goes on, so that
 * afterwards each has done what its policy says, each time has one run at most, and what has none is shown as a gap.
 */
export async function outage(cluster: Cluster, everyS: number, outageMs: number): Promise<void> {
  const first = await cluster.service();
  for (const policy of POLICIES) {
    const spec = `id: beat-${policy}
schedule: { every: ${everyS}s }
overlapPolicy: ${policy}
tasks:
  a: { type: activity, with: { name: work } }
`;
    expect((await first.put(spec)).status).toBe(201);
  }
  const scheduleOf = async (service: typeof first, policy: string) =>
    (await service.get(`/api/v1/dags/beat-${policy}/schedule?count=1000`)).body;
  for (const policy of POLICIES)
    await until(
      async () => (await scheduleOf(first, policy)).last?.some(({ outcome }: Time) => outcome === 'started'),
      120_000,
    );
  await first.kill();
  const from = Date.now();
  // The outage is what is tested: nothing could be awaited in it.
  await delay(outageMs);
  const to = Date.now();
  const second = await cluster.service();
  // Times that passed while nobody was there, without those at the edges.
  const within = ({ logicalDate }: Time): boolean =>
    Date.parse(logicalDate) > from + 1_000 * everyS && Date.parse(logicalDate) < to - 1_000 * everyS;
  const times = Math.floor(to / (1_000 * everyS)) - Math.floor(from / (1_000 * everyS)) - 2;
  for (const policy of POLICIES) {
    const settled = async (): Promise<boolean> => {
      const { last } = await scheduleOf(second, policy);
      const passed: Time[] = last?.filter(within) ?? [];
      if (passed.length < times - 1 || passed.some(({ outcome }) => outcome === 'waiting')) return false;
      const states = await Promise.all(
        passed.flatMap(({ runId }) =>
          runId === undefined
            ? []
            : [second.get(`/api/v1/runs/${encodeURIComponent(runId)}`).then(({ body }) => body?.endedAt)],
        ),
      );
      return states.every((endedAt) => endedAt !== undefined);
    };
    await until(settled, 300_000);
    const { last, gaps } = await scheduleOf(second, policy);
    const passed: Time[] = last.filter(within);
    const started = passed.filter(({ outcome }) => outcome === 'started');
    const { least, most } = STARTED[policy](passed.length);
    expect(started.length, policy).toBeGreaterThanOrEqual(least);
    expect(started.length, policy).toBeLessThanOrEqual(most);
    for (const { logicalDate, outcome } of passed)
      if (outcome !== 'started')
        expect(
          gaps.some(
            (gap: { readonly from: string; readonly to: string; readonly outcome: string }) =>
              gap.outcome === outcome && gap.from <= logicalDate && logicalDate <= gap.to,
          ),
          `${policy} has nothing for ${logicalDate} and shows no gap: ${outcome}`,
        ).toBe(true);
    const done = new Map<string, number>();
    for (const { run, phase } of cluster.ledger.lines()) if (phase === 'begin') done.set(run, (done.get(run) ?? 0) + 1);
    for (const { runId } of started) expect([runId, (done.get(runId!) ?? 0) <= 1]).toEqual([runId, true]);
    if (policy === 'allow_all' || policy === 'buffer_all')
      for (const { runId } of started) expect([runId, done.get(runId!)]).toEqual([runId, 1]);
  }
  await second.kill();
}
