import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childPrefix } from '../../src/dag/child-id.js';
import type { ItemResult } from '../../src/dag/map/item-result.js';
import type { DagPlan, TaskPlan } from '../../src/dag/plan.js';
import type { OutputValue } from '../../src/dag/state.js';
import { readJson } from '../../src/objects/json-blob.js';
import { planOf, taskOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';
import { WORKFLOW_CACHES } from '../support/workflow-caches.js';

let harness: RunHarness;
beforeAll(async () => {
  harness = await RunHarness.start();
});
afterAll(async () => harness.stop());

type Started = Awaited<ReturnType<RunHarness['start']>>;

const handleOf = (workflowId: string) => harness.environment.client.workflow.getHandle(workflowId);
const reportOf = ({ prefix, runId }: Started, path: string) => harness.report(childPrefix(prefix, runId, `${runId}/${path}`));
const wasRun = (workflowId: string): Promise<boolean> =>
  handleOf(workflowId)
    .describe()
    .then(
      () => true,
      () => false,
    );
const itemsOf = async (items: OutputValue | undefined): Promise<ItemResult[]> =>
  (items !== undefined && 'ref' in items ? await readJson(harness.store, items.ref) : items?.value) as unknown as ItemResult[];

/** A DAG that runs these tasks as a SubDAG, up to twice. */
async function twice(tasks: readonly TaskPlan[], more: Partial<DagPlan> = {}): Promise<DagPlan> {
  const inner = await harness.storePlan({ ...planOf(''), bodies: ['b'], tasks, ...more });
  const retry = { maxAttempts: 2, intervalMs: 1, multiplier: 1, maxIntervalMs: 1, jitter: 0 };
  return { ...planOf(''), tasks: [{ id: 'sub', type: 'noop', sub: { plan: 0, retry } }], subs: [inner.planKey] };
}

const over = (n: number) => ({ sources: [['n', Array.from({ length: n }, (_, i) => i)]] as const });

describe.each(WORKFLOW_CACHES)('another attempt of a SubDAG with a workflow cache of $cache', ({ cache }) => {
  it('runs of its maps only the items that did not succeed, whether they are told inline or stored', async () => {
    const ran: string[] = [];
    const work = () => {
      const { activityId, workflowExecution } = Context.current().info;
      const again = workflowExecution!.workflowId.endsWith('#2');
      ran.push(`${activityId}${again ? ' again' : ''}`);
      if (!again && /\[[13]\]|flaky/.test(activityId)) throw new Error('not yet');
      const output = again ? `${activityId} again` : activityId;
      return activityId.startsWith('large') ? output.padEnd(6_000, '.') : output;
    };
    const plan = await twice(
      [
        { id: 'flaky', ...taskOf('activity') },
        { id: 'large', ...taskOf('activity'), map: over(4) },
        // What led to it is done again, and so is all of it.
        { id: 'later', ...taskOf('activity'), map: over(2), upstream: [0], rule: 'all_done' },
        { id: 'small', ...taskOf('activity'), map: { ...over(5), key: 'number ${{ index }}' } },
        { id: 'sum', type: 'transform', value: '${{ tasks.small.output }}', needs: { tasks: [3] }, upstream: [3] },
      ],
      { outputs: [['small', '${{ tasks.sum.output }}']] },
    );
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(plan);
      expect(await run.handle.result()).toMatchObject({ state: 'success' });
      const again = ran.filter((name) => name.endsWith(' again')).sort();
      expect(again).toEqual(
        ['flaky', 'large[1]', 'large[3]', 'later[0]', 'later[1]', 'small[1]', 'small[3]'].map((name) => `${name} again`),
      );
      expect((await run.report()).tasks['sub']).toMatchObject({
        attempts: [{ failure: { kind: 'child' } }, { attempt: 2 }],
        output: { value: { small: ['small[0]', 'small[1] again', 'small[2]', 'small[3] again', 'small[4]'] } },
      });
      const { tasks } = await reportOf(run, 'sub#2');
      expect(tasks['small']).toMatchObject({ state: 'success', map: { total: 5, counts: { success: 5 } } });
      const large = await itemsOf(tasks['large']!.items);
      expect(large.map(({ index, state, attempts, output }) => [index, state, attempts, String(output).split('.')[0]])).toEqual(
        [
          [0, 'success', 1, 'large[0]'],
          [1, 'success', 1, 'large[1] again'],
          [2, 'success', 1, 'large[2]'],
          [3, 'success', 1, 'large[3] again'],
        ],
      );
      const first = await itemsOf((await reportOf(run, 'sub')).tasks['large']!.items);
      expect(large[0]).toEqual(first[0]);
      expect((await itemsOf(tasks['small']!.items)).map(({ key }) => key)).toEqual([0, 1, 2, 3, 4].map((n) => `number ${n}`));
      if (cache > 0) await recordHistory(handleOf(`${run.runId}/sub#2`), 'a-subdag-keeps-items-of-its-maps');
    });
  });

  it('runs of a large map only the shards in which something did not succeed', async () => {
    const plan = await twice([
      {
        id: 'wide',
        type: 'transform',
        value: "${{ item.n in [505, 506] && !run.id.endsWith('#2') ? 1 / 0 : [item.n, run.id.endsWith('#2')] }}",
        map: { sources: [['n', '${{ range(520) }}']], item: true, maxConcurrency: 500 },
      },
    ]);
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const run = await harness.start(plan);
      expect(await run.handle.result()).toMatchObject({ state: 'success' });
      const shards = await Promise.all([0, 500].map((from) => wasRun(`${run.runId}/sub#2/wide[${from}]`)));
      expect(shards).toEqual([false, true]);
      const { wide } = (await reportOf(run, 'sub#2')).tasks;
      expect(wide).toMatchObject({ state: 'success', map: { total: 520, counts: { success: 520 } } });
      const items = await itemsOf(wide!.items);
      expect(items.map(({ index }) => index)).toEqual(Array.from({ length: 520 }, (_, i) => i));
      const again = items.filter(({ output }) => (output as [number, boolean])[1]);
      expect(again.map(({ output }) => output)).toEqual([
        [505, true],
        [506, true],
      ]);
      if (cache > 0) {
        await recordHistory(handleOf(`${run.runId}/sub#2`), 'a-subdag-keeps-shards-of-its-maps');
        await recordHistory(handleOf(`${run.runId}/sub#2/wide[500]`), 'a-shard-keeps-what-succeeded');
      }
    });
  });

  it('still knows in a new execution what the maps have left that have not begun again', async () => {
    const ran: string[] = [];
    const work = () => {
      const { activityId, workflowExecution } = Context.current().info;
      ran.push(activityId);
      if (!workflowExecution!.workflowId.includes('#2') && /flaky|later\[1\]/.test(activityId)) throw new Error('not yet');
      return activityId;
    };
    const inner = await harness.storePlan({ ...planOf('flaky'), bodies: ['b'] });
    const plan = await twice(
      [
        { id: 'child', type: 'noop', sub: { plan: 0 } },
        { id: 'later', ...taskOf('activity'), map: over(2) },
      ],
      { subs: [inner.planKey] },
    );
    const worker = await harness.worker({ work }, { cache });
    await worker.runUntil(async () => {
      // While the child runs nothing else starts, and once it has ended the history is long enough to go on in another execution.
      const run = await harness.start(plan, { more: { budgets: { children: 1, continueFromEvents: 6 } } });
      expect(await run.handle.result()).toMatchObject({ state: 'success' });
      if (cache > 0) await recordHistory(handleOf(`${run.runId}/sub#2`), 'a-subdag-carries-what-it-keeps');
      expect((await reportOf(run, 'sub#2')).tasks['later']!.output).toEqual({ value: ['later[0]', 'later[1]'] });
      expect(ran.filter((id) => id === 'later[0]')).toHaveLength(1);
    });
  });
});
