import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUILT_IN } from '../../src/dag/built-in.js';
import { canonicalJson } from '../../src/dag/canonical-json.js';
import { compile, MAX_PLAN_BYTES, planSizeIssue } from '../../src/dag/compile.js';
import type { Json } from '../../src/dag/json.js';
import type { DagPlan } from '../../src/dag/plan.js';
import type { DagSpec, ValidDag } from '../../src/dag/spec.js';
import { validate } from '../../src/dag/validate/index.js';

const OWN = { ownQueues: ['baton', 'gpu'] };

function compiled(spec: object): { plan: DagPlan; bodies: ReturnType<typeof compile>['bodies'] } {
  const { dag, issues } = validate({ id: 'x', ...spec } as unknown as DagSpec, OWN);
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  const { plan, bodies } = compile(dag as ValidDag, OWN);
  return { plan: plan(bodies.map((_, i) => `bodies/${i}`)), bodies };
}
const DEFAULT_RETRY = {
  maxAttempts: 1,
  infraAttempts: 3,
  intervalMs: 10_000,
  multiplier: 2,
  maxIntervalMs: 300_000,
  jitter: 0,
};

test('the smallest DAG compiles to the smallest plan', () => {
  expect(compiled({ tasks: { a: { type: 'noop' } } })).toEqual({
    plan: {
      format: 1,
      dagId: 'x',
      maxActiveTasks: BUILT_IN.maxActiveTasks,
      failFast: false,
      bodies: [],
      tasks: [{ id: 'a', type: 'noop' }],
    },
    bodies: [],
  });
});

test('tasks stand in topological order, ties by id, and edges name upstreams by index with their conditions as bits', () => {
  const { plan } = compiled({
    tasks: {
      z: { type: 'noop' },
      b: { type: 'noop', dependsOn: ['z', { task: 'a', on: 'failure' }, { task: 'c', on: ['completion', 'skipped'] }] },
      a: { type: 'noop' },
      c: { type: 'noop', dependsOn: ['a'] },
    },
  });
  expect(plan.tasks.map(({ id, upstream }) => [id, upstream])).toEqual([
    ['a', undefined],
    ['c', [0]],
    ['z', undefined],
    ['b', [[0, 4], [1, 10], 2]],
  ]);
});

describe('defaults (R21)', () => {
  const defaults = {
    timeout: '1m',
    queue: 'gpu',
    priority: 1,
    triggerRule: 'all_done',
    queueTimeout: '5s',
    outputSchema: { type: 'object' },
    retry: { maxAttempts: 5, interval: '1s', maxInterval: '2s' },
  };
  const http = (fields: object): object => ({ defaults, tasks: { a: { type: 'http', with: { url: 'http://x' }, ...fields } } });

  test('reach the task, and what nobody says has its built-in', () => {
    const { plan, bodies } = compiled(http({}));
    const retry = { ...DEFAULT_RETRY, maxAttempts: 5, intervalMs: 1000, maxIntervalMs: 2000 };
    expect(plan.tasks).toEqual([
      {
        id: 'a',
        type: 'http',
        rule: 'all_done',
        priority: 1,
        activity: {
          name: 'http',
          queue: 'gpu',
          body: 0,
          timeoutMs: 60_000,
          queueTimeoutMs: 5000,
          heartbeatTimeoutMs: 30_000,
          retry,
        },
      },
    ]);
    expect(bodies).toEqual([
      { a: { type: 'http', with: { url: 'http://x' }, outputSchema: { type: 'object' }, timeoutMs: 60_000, retry } },
    ]);
  });

  test('give way to a field of the task; retry merges by key; null restores the built-in', () => {
    const [a] = compiled(
      http({
        timeout: '2m',
        queue: null,
        priority: null,
        triggerRule: null,
        queueTimeout: null,
        retry: { maxAttempts: 2, interval: null },
      }),
    ).plan.tasks;
    expect(a).toEqual({
      id: 'a',
      type: 'http',
      activity: {
        name: 'http',
        body: 0,
        timeoutMs: 120_000,
        heartbeatTimeoutMs: 30_000,
        retry: { ...DEFAULT_RETRY, maxAttempts: 2, maxIntervalMs: 10_000 },
      },
    });
    expect(compiled(http({ retry: null })).plan.tasks[0]?.activity?.retry).toEqual(DEFAULT_RETRY);
  });

  test('of retry and timeout do not reach types that the walk carries out', () => {
    expect(compiled({ defaults, tasks: { a: { type: 'transform', with: { value: 1 } } } }).plan.tasks).toEqual([
      { id: 'a', type: 'transform', rule: 'all_done', priority: 1, value: 1, outputSchema: { type: 'object' } },
    ]);
  });
});

test('what expressions name is listed once, tasks by index', () => {
  const { plan } = compiled({
    params: { p: { default: 1 }, q: { default: 1 } },
    tasks: {
      a: { type: 'noop' },
      b: { type: 'noop', dependsOn: ['a'] },
      c: {
        type: 'transform',
        dependsOn: ['b'],
        when: '${{ params.q == 1 && tasks.a.state == "success" }}',
        with: { value: { x: ['${{ params.p + params.q }} ${{ tasks.b.output }}'], y: '${{ tasks.a.output }}' } },
      },
      d: { type: 'shell', with: { argv: ['x', '${{ run.ds }}', '${{ string(params) }}'] } },
    },
  });
  expect(plan.tasks.map(({ id, needs }) => [id, needs])).toEqual([
    ['a', undefined],
    ['b', undefined],
    ['c', { params: ['p', 'q'], tasks: [0, 1] }],
    ['d', { params: true, run: true }],
  ]);
  expect(plan.tasks[2]?.when).toBe('params.q == 1 && tasks.a.state == "success"');
});

test('an activity on the queue of another worker gets its arguments as templates, and no heartbeat unless declared', () => {
  const { plan, bodies } = compiled({
    tasks: {
      ours: { type: 'activity', queue: 'gpu', with: { name: 'f', args: ['${{ run.ds }}'] } },
      plain: {
        type: 'activity',
        queue: 'python',
        outputSchema: { type: 'number' },
        with: { name: 'f', args: ['${{ run.ds }}'] },
      },
      declared: { type: 'activity', queue: 'python', heartbeatTimeout: '5s', with: { name: 'g' } },
    },
  });
  expect(plan.tasks).toEqual([
    {
      id: 'declared',
      type: 'activity',
      activity: {
        name: 'g',
        queue: 'python',
        foreign: { args: [] },
        timeoutMs: 600_000,
        heartbeatTimeoutMs: 5000,
        retry: DEFAULT_RETRY,
      },
    },
    {
      id: 'ours',
      type: 'activity',
      needs: { run: true },
      activity: { name: 'f', queue: 'gpu', body: 0, timeoutMs: 600_000, heartbeatTimeoutMs: 30_000, retry: DEFAULT_RETRY },
    },
    {
      id: 'plain',
      type: 'activity',
      needs: { run: true },
      outputSchema: { type: 'number' },
      activity: { name: 'f', queue: 'python', foreign: { args: ['${{ run.ds }}'] }, timeoutMs: 600_000, retry: DEFAULT_RETRY },
    },
  ]);
  expect(bodies.map((blob) => Object.keys(blob))).toEqual([['ours']]);
});

test('bodies are split into blobs of about 256 KiB, and each task knows its own', () => {
  const tasks = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`t${i}`, { type: 'shell', with: { argv: ['x'.repeat(30_000), String(i)] } }]),
  );
  const { plan, bodies } = compiled({ tasks });
  expect(bodies.length).toBeGreaterThanOrEqual(4);
  for (const blob of bodies) expect(JSON.stringify(blob).length).toBeLessThanOrEqual(256 * 1024 + 2);
  for (const task of plan.tasks)
    expect(bodies[task.activity?.body as number]?.[task.id]?.with).toMatchObject({
      argv: [expect.any(String), task.id.slice(1)],
    });
  expect(() => compile(validate({ id: 'x', tasks } as unknown as DagSpec, OWN).dag as ValidDag, OWN).plan([])).toThrow(
    RangeError,
  );
});

test('run timeout, limits and outputs are in the plan; outputs by name', () => {
  const { plan } = compiled({
    timeout: '1h',
    maxActiveTasks: 3,
    failFast: true,
    outputs: { b: '${{ run.ds }}', a: 1 },
    tasks: { a: { type: 'noop', when: false } },
  });
  expect(plan).toMatchObject({
    timeoutMs: 3_600_000,
    maxActiveTasks: 3,
    failFast: true,
    outputs: [
      ['a', 1],
      ['b', '${{ run.ds }}'],
    ],
    tasks: [{ id: 'a', when: false }],
  });
});

test('only what validate returned can be compiled', () => {
  const { dag } = validate({ id: 'x', tasks: { a: { type: 'noop' } } }, OWN);
  expect(() => compile({ ...(dag as ValidDag) }, OWN)).toThrow(/validate/);
});

test('a plan that is too large is an issue, one that just fits is not', () => {
  expect(planSizeIssue(MAX_PLAN_BYTES)).toBeUndefined();
  expect(planSizeIssue(MAX_PLAN_BYTES + 1)).toMatchObject({ code: 'plan_too_large', severity: 'error' });
});

test('the same DAG gives the same plan whatever the order of its keys', { timeout: 60_000 }, () => {
  const shuffled = (value: Json, order: readonly number[]): Json => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => shuffled(each as Json, order));
    const entries = Object.entries(value).map(
      ([key, each], i) => [key, shuffled(each as Json, order), order[i % order.length] as number] as const,
    );
    return Object.fromEntries(entries.sort((a, b) => a[2] - b[2]).map(([key, each]) => [key, each]));
  };
  const spec = {
    params: { p: { type: 'string', default: 'a' }, q: { default: 1 } },
    outputs: { x: '${{ tasks.t1.output }}', a: '${{ params.p }}' },
    defaults: { retry: { maxAttempts: 2, jitter: 0.1 }, timeout: '5m' },
    tasks: Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `t${i}`,
        {
          type: i % 3 === 0 ? 'noop' : 'shell',
          ...(i % 3 === 0 ? {} : { with: { argv: ['a', '${{ params.p }}'], env: { A: '1', B: '${{ params.q }}' } } }),
          ...(i > 3 ? { dependsOn: [`t${i - 3}`, { task: `t${i - 4}`, on: 'completion' }] } : {}),
        },
      ]),
    ),
  };
  const expected = canonicalJson(compiled(spec) as unknown as Json);
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 5, maxLength: 20 }), (order) => {
      const { plan, bodies } = compiled(shuffled(spec as unknown as Json, order) as object);
      expect(canonicalJson({ plan, bodies } as unknown as Json)).toBe(expected);
      expect(plan.tasks.map(({ id }) => id)).toEqual(
        (JSON.parse(expected) as { plan: DagPlan }).plan.tasks.map(({ id }) => id),
      );
    }),
    { numRuns: 100 },
  );
});

test('10,000 tasks with 200,000 edges and references compile within seconds', { timeout: 60_000 }, () => {
  const tasks = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [
      `t${i}`,
      {
        type: 'transform',
        dependsOn: Array.from({ length: Math.min(i, 20) }, (_, k) => `t${i - 1 - k}`),
        with: { value: i === 0 ? 1 : `\${{ tasks.t${i >> 1}.output }}` },
      },
    ]),
  );
  const before = process.cpuUsage();
  const { plan } = compiled({ tasks });
  expect(plan.tasks).toHaveLength(10_000);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(6000);
});
