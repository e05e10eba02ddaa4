import { expect, test } from 'vitest';
import { compile } from '../../src/dag/compile.js';
import type { DagSpec, ValidDag } from '../../src/dag/spec.js';
import { validate } from '../../src/dag/validate/index.js';

const OWN = { ownQueues: ['baton', 'gpu'] };

function planned(task: object, more: object = {}) {
  const spec = { id: 'x', ...more, tasks: { w: { type: 'wait', ...task } } } as unknown as DagSpec;
  const { dag, issues } = validate(spec, OWN);
  expect(issues).toEqual([]);
  const { plan, bodies } = compile(dag as ValidDag, OWN);
  return { task: plan(bodies.map((_, i) => `b${i}`)).tasks[0]!, bodies };
}

test('a timer is kept as text, since it may be an expression, and needs no body', () => {
  const { task, bodies } = planned(
    { with: { duration: '${{ params.pause }}' } },
    { params: { pause: { type: 'string', default: '1m' } } },
  );
  expect(task.wait).toEqual({
    timer: { by: 'duration', value: '${{ params.pause }}' },
    timeoutMs: 604_800_000,
    onTimeout: 'fail',
  });
  expect(task.needs).toEqual({ params: ['pause'] });
  expect(bodies).toEqual([]);
});

test('a poll has its pace in the plan, in words what it looks at, and that itself, alone, in its body', () => {
  const { task, bodies } = planned({
    with: { file: 'in/*.csv', every: '10m', multiplier: 2 },
    timeout: '3h',
    onTimeout: 'continue',
    queue: 'gpu',
    outputSchema: { type: 'object' },
  });
  expect(task).toEqual({
    id: 'w',
    type: 'wait',
    wait: {
      poll: {
        what: 'file',
        about: 'in/*.csv',
        body: 0,
        queue: 'gpu',
        pace: { everyMs: 600_000, multiplier: 2, maxIntervalMs: 600_000 },
      },
      timeoutMs: 10_800_000,
      onTimeout: 'continue',
    },
  });
  expect(bodies[0]!.w).toMatchObject({ type: 'wait', with: { file: 'in/*.csv' }, outputSchema: { type: 'object' } });
});

test('of the defaults only onTimeout reaches a wait', () => {
  const { task } = planned({ with: { until: '2030-01-01' } }, { defaults: { timeout: '1m', queue: 'gpu', onTimeout: 'skip' } });
  expect(task.wait).toEqual({ timer: { by: 'until', value: '2030-01-01' }, timeoutMs: 604_800_000, onTimeout: 'skip' });
});

test('a condition names the response besides what with may name', () => {
  const { task } = planned(
    { with: { http: { url: 'https://example.org', until: '${{ response.body.day == run.ds && size(params.x) > 0 }}' } } },
    { params: { x: { type: 'string', default: 'y' } } },
  );
  expect(task.needs).toEqual({ params: ['x'], run: true });
});
