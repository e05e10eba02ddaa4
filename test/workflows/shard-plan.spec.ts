import { expect, it } from 'vitest';
import type { TaskPlan } from '../../src/dag/plan.js';
import { Walk } from '../../src/dag/walk.js';
import { shardRun } from '../../workflows/run/map/shard-plan.js';
import { planOf, taskOf } from '../support/plan-builder.js';

it('a shard runs its map behind those whose outputs it names, and leaves to its parent what decides about it or answers its end', () => {
  const plan = planOf('a\nb\nc\nm <- a, c');
  const again: TaskPlan = { id: 'm hook retry', ...taskOf('activity'), needs: { tasks: [2] } };
  const hooks = { success: [{ id: 'm hook success', ...taskOf('activity') }], retry: [again] };
  const map = { sources: [['n', '${{ tasks.c.output }}']], item: true } as const;
  const task: TaskPlan = { ...plan.tasks[3]!, map, hooks, join: { minSuccess: 1 }, when: 'true', needs: { tasks: [2] } };
  const upstream = { c: { state: 'failed' as const, output: { value: null } } };
  const prepared = { source: { lists: [] }, total: 1_100, maxConcurrency: 16 };
  const range = { from: 500, to: 1_000 };
  const rules = { maxConcurrency: 4, tolerated: 3, now: 7 };
  const shard = shardRun(plan, task, upstream, prepared, range, rules, { rewinds: 2, resources: { cpu: 1 } });
  expect(shard.plan.tasks).toEqual([
    { id: 'c', type: 'noop' },
    { id: 'm', ...taskOf('activity'), map, needs: { tasks: [0] }, hooks: { retry: [{ ...again, needs: { tasks: [0] } }] } },
  ]);
  expect(shard.carried).toMatchObject({
    states: 'fr',
    startedAt: 7,
    tasks: {
      records: [
        { taskId: 'c', state: 'failed' },
        { taskId: 'm', state: 'running', rewinds: 2, resources: { cpu: 1 } },
      ],
    },
    maps: { records: [{ taskId: 'm', total: 500, maxConcurrency: 4, states: '500.', shard: { offset: 500, tolerated: 3 } }] },
  });
  const walk = new Walk(shard.plan, shard.carried.states);
  expect([walk.running(), walk.next()]).toEqual([[1], undefined]);
  const first = shardRun(plan, task, upstream, prepared, range, rules);
  expect(first.carried.tasks).toMatchObject({ records: [{ taskId: 'c' }] });
});
