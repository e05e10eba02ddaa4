import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaceHolder, PlaceRequest } from '../../src/dag/pool/place.js';
import { ASK_PLACES, type AskPlaces, LEAVE_PLACES, type LeavePlaces, poolId, SYSTEM_QUEUE } from '../../workflows/contract.js';
import { TemporalHarness } from '../support/temporal-harness.js';

const POOL = 'two-places';
const LIMIT = { capacity: 2, revision: 1 };
const run = (runId: string): PlaceHolder => ({ runId, execution: 1 });

describe('a pool', () => {
  let temporal: TemporalHarness;
  beforeAll(async () => {
    temporal = await TemporalHarness.start();
  });
  afterAll(() => temporal?.stop());

  it('tells nobody of a place that another gets when a lost workflow task is done again', { timeout: 120_000 }, async () => {
    const handle = temporal.connection.client.workflow.getHandle(poolId(POOL));
    const told: string[] = [];
    let lost = false;
    await temporal.work([SYSTEM_QUEUE], {
      places: () => ({
        tell: async (words) => {
          told.push(...words.map(({ holder, word }) => `${holder.runId} ${word}`));
          return { told: words, closed: [] };
        },
        look: async ({ leaving }) => {
          const left = leaving.filter(({ runId }) => runId === 'first');
          if (left.length > 0 || lost) return left;
          // The second look, on behalf of one that is slow to leave. No pool can go on from this answer: its workflow task is lost.
          lost = true;
          const urgent: PlaceRequest = { ...run('urgent'), priority: 1, at: 4 };
          await handle.signal(ASK_PLACES, { requests: [urgent] } satisfies AskPlaces);
          return null as never;
        },
      }),
    });
    const ask = (runId: string, priority: number, at: number) =>
      temporal.pools.ask({ pool: POOL, request: { ...run(runId), priority, at }, limit: LIMIT });
    expect(await ask('first', 3, 1)).toEqual({ state: 'granted' });
    expect(await ask('slow', 3, 2)).toEqual({ state: 'granted' });
    expect(await ask('patient', 3, 3)).toEqual({ state: 'waiting', ahead: 0 });
    await handle.signal(LEAVE_PLACES, { holders: [run('first'), run('slow')] } satisfies LeavePlaces);
    await expect.poll(() => temporal.pools.view(POOL), { timeout: 100_000 }).toMatchObject({ active: 2, queued: 1 });
    await expect.poll(() => told.length).toBeGreaterThan(0);
    const { holders, next } = (await temporal.pools.view(POOL))!;
    expect([lost, told]).toEqual([true, [`${holders.at(-1)!.runId} granted`]]);
    expect([holders.map(({ runId }) => runId), next.map(({ runId }) => runId)]).toEqual([['slow', 'patient'], ['urgent']]);
  });
});
