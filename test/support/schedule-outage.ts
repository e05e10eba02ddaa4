import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { until } from './api-caller.js';
import type { Cluster } from './cluster.js';

/** Policies under which each time has its run in the end. */
const EACH = ['allow_all', 'buffer_all'] as const;
/** Each time has its run as long as Temporal keeps up; of times that it does at once, late, the last one has. */
const LAST = ['terminate_other'] as const;
/** The others run one of those that have come meanwhile. */
const SOME = ['skip', 'buffer_one', 'cancel_other'] as const;
/** Of the others: the run that was begun by the first time, the last one, and those at the edges. */
const MOST = 4;

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
  const policies = [...EACH, ...LAST, ...SOME];
  for (const policy of policies) {
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
  for (const policy of policies)
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
  for (const policy of policies) {
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
    if ((EACH as readonly string[]).includes(policy)) expect([policy, started.length]).toEqual([policy, passed.length]);
    else {
      if ((SOME as readonly string[]).includes(policy)) expect(started.length, policy).toBeLessThanOrEqual(MOST);
      else expect(started.length, policy).toBeGreaterThanOrEqual(passed.length / 2);
      for (const { logicalDate, outcome } of passed)
        if (outcome !== 'started')
          expect(
            gaps.some(
              (gap: { readonly from: string; readonly to: string; readonly outcome: string }) =>
                gap.outcome === outcome && gap.from <= logicalDate && logicalDate <= gap.to,
            ),
            `${policy} has nothing for ${logicalDate} and shows no gap: ${outcome}`,
          ).toBe(true);
    }
    const done = new Map<string, number>();
    for (const { run, phase } of cluster.ledger.lines()) if (phase === 'begin') done.set(run, (done.get(run) ?? 0) + 1);
    for (const { runId } of started) expect([runId, (done.get(runId!) ?? 0) <= 1]).toEqual([runId, true]);
    if (policy === 'allow_all' || policy === 'buffer_all')
      for (const { runId } of started) expect([runId, done.get(runId!)]).toEqual([runId, 1]);
  }
  await second.kill();
}
