import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ITEMS_QUERY, type ItemsQueryResult } from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

describe.each([{ cache: 100 }, { cache: 0 }])('a map in shards with a workflow cache of $cache', ({ cache }) => {
  it('goes on in new executions of its run, which are told of a cancel too', async () => {
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const work = async () => {
      begin();
      await Context.current().cancelled;
    };
    const spec = {
      id: 'wide',
      tasks: {
        m: {
          type: 'activity',
          with: { name: 'work', args: ['${{ item.n }}'] },
          expand: { n: '${{ range(501) }}' },
          maxConcurrency: 2,
        },
      },
    };
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const { handle, runId, report } = await harness.startSpec(spec, { more: { budgets: { continueFromEvents: 5 } } });
      const shard = harness.environment.client.workflow.getHandle(`${runId}/m[0]`);
      await begun;
      const parts = async () => (await handle.query<ItemsQueryResult, [object]>(ITEMS_QUERY, { taskId: 'm', limit: 1 })).parts;
      await expect.poll(parts).toMatchObject([{ from: 0, to: 500, runId: `${runId}/m[0]` }]);
      await handle.cancel();
      const closed: unknown = await handle.result().catch((error: unknown) => error);
      expect((closed as Error).cause).toBeInstanceOf(CancelledFailure);
      // Until its parent has heard of its end the shard is asked, and then it is over.
      const { items } = await shard.query<ItemsQueryResult, [object]>(ITEMS_QUERY, { taskId: 'm', limit: 1 });
      expect(items).toMatchObject([{ index: 0, state: 'cancelled' }]);
      if (cache > 0) {
        await recordHistory(handle, 'a-map-in-shards-is-cancelled-in-a-new-execution');
        await recordHistory(shard, 'a-shard-that-is-cancelled');
      }
      expect((await handle.describe()).runId).not.toBe(handle.firstExecutionRunId);
      expect((await report()).tasks['m']).toMatchObject({ state: 'cancelled', map: { counts: { cancelled: 501 } } });
    });
  });
});
