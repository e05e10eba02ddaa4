import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

/** How long things are broken. */
const CHAOS_MS = 180_000;
/** Repeat a failure with BATON_TEST_SEED. */
const SEED = process.env.BATON_TEST_SEED || String(Date.now());

const EDGES: { readonly [task: string]: readonly string[] } = {
  a: [],
  b: ['a'],
  c: ['a'],
  d: ['a'],
  e: ['b', 'c'],
  f: ['d'],
  g: ['e', 'f'],
  h: ['g'],
};
const DAG = (id: string) => `id: ${id}
defaults: { heartbeatTimeout: 3s, retry: { infraAttempts: 20 } }
tasks:
${Object.entries(EDGES)
  .map(([task, needs]) => `  ${task}: { type: activity, dependsOn: [${needs}], with: { name: work, args: [300] } }`)
  .join('\n')}
`;

describe('three minutes of kills', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it(`lose nothing that was acknowledged, seed ${SEED}`, { timeout: CHAOS_MS + 420_000 }, async () => {
    let drawn = 0;
    const random = (below: number): number =>
      createHash('sha256').update(`${SEED}/${drawn++}`).digest().readUInt32BE(0) % below;
    let api = await cluster.api();
    const workers: ServiceProcess[] = [await cluster.worker(), await cluster.worker()];
    const end = Date.now() + CHAOS_MS;
    const tried = { number: 0, failed: 0 };
    const runs = new Set<string>();
    const dags = new Set<string>();

    /** Each request is repeated until it is acknowledged, as a careful client does. */
    const submit = async (): Promise<void> => {
      for (let n = 0; Date.now() < end; n++) {
        const dagId = `dag-${n % 10}`;
        const operation = async (
          send: () => Promise<{ readonly status: number; readonly body: { readonly runId: string } }>,
          acknowledged: (body: { readonly runId: string }) => void,
        ) => {
          tried.number++;
          for (const giveUp = Date.now() + 60_000; Date.now() < giveUp; await delay(250)) {
            const answer = await send().catch(() => undefined);
            if (answer === undefined || answer.status === 503) continue;
            expect([200, 201, 202]).toContain(answer.status);
            return acknowledged(answer.body);
          }
          tried.failed++;
        };
        if (!dags.has(dagId))
          await operation(
            () => api.put(DAG(dagId)),
            () => dags.add(dagId),
          );
        if (dags.has(dagId))
          await operation(
            () => api.post(`/api/v1/dags/${dagId}/runs`, {}, { 'idempotency-key': `run-${n}` }),
            ({ runId }) => runs.add(runId),
          );
        await delay(1_000);
      }
    };
    const breakThings = async (): Promise<void> => {
      const killed: { [what: string]: number } = {};
      while (Date.now() < end) {
        await delay(2_000 + random(6_000));
        const what = ['worker', 'worker', 'api', 'temporal', 'everything'][random(5)]!;
        killed[what] = (killed[what] ?? 0) + 1;
        const i = random(workers.length);
        if (what === 'worker' || what === 'everything') await workers[i]!.kill(random(4) === 0 ? 'SIGTERM' : 'SIGKILL');
        if (what === 'api' || what === 'everything') await api.kill();
        if (what === 'temporal' || what === 'everything') {
          await cluster.temporal.kill();
          await delay(random(3_000));
          await cluster.temporal.start();
        }
        if (!api.alive) api = await (await cluster.spawn('api')).up();
        if (!workers[i]!.alive) workers[i] = await cluster.spawn('worker');
      }
      console.log('killed', killed);
    };
    await Promise.all([submit(), breakThings()]);
    console.log(`${tried.number} operations, ${tried.failed} given up; ${runs.size} runs`);

    // No vacuous pass.
    expect(runs.size).toBeGreaterThan(10);
    expect(tried.failed).toBeLessThanOrEqual(tried.number / 10);
    for (const dagId of dags) expect([dagId, (await api.get(`/api/v1/dags/${dagId}`)).body.version]).toEqual([dagId, 1]);
    for (const runId of runs) {
      await until(async () => (await api.get(runPath(runId)).catch(() => undefined))?.body?.endedAt !== undefined, 180_000);
      const { body: run } = await api.get(runPath(runId));
      expect(run).toMatchObject({ runId, state: 'success', counts: { success: 8 } });
      expect((await api.get(runPath(runId))).body).toEqual(run);
      const lines = cluster.ledger.lines(runId);
      for (const [task, needs] of Object.entries(EDGES)) {
        expect([runId, task, lines.some((line) => line.task === task && line.phase === 'end')]).toEqual([runId, task, true]);
        const began = lines.findIndex((line) => line.task === task);
        for (const need of needs)
          expect(lines.findIndex((line) => line.task === need && line.phase === 'end')).toBeLessThan(began);
      }
      // What downstream saw ended does not run again.
      const last = lines.findIndex((line) => line.task === 'h');
      expect(lines.slice(last).filter(({ task }) => task !== 'h')).toEqual([]);
    }
    const listed = new Set<string>();
    for (let cursor = ''; ; ) {
      const { body } = await api.get(`/api/v1/runs?limit=200${cursor}`);
      for (const { runId } of body.items) listed.add(runId);
      if (body.nextCursor === undefined) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect([...runs].filter((runId) => !listed.has(runId))).toEqual([]);
  });
});
