import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOf } from '../support/plan-builder.js';
import { recordHistory } from '../support/recorded-history.js';
import { RunHarness } from '../support/run-harness.js';

let harness: RunHarness;
let web: Server;
beforeAll(async () => {
  harness = await RunHarness.start();
  web = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end('{"ready": true}');
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await harness.stop();
  web.close();
});

interface Pattern {
  readonly spec: object;
  /** How its tasks end; `success` where nothing else is said. */
  readonly ends?: { readonly [task: string]: string };
  readonly outputs?: object;
}

const noop = { type: 'noop' };
const work = (args: unknown[] = [], more: object = {}): object => ({ type: 'activity', with: { name: 'work', args }, ...more });
const value = (source: string, more: object = {}): object => ({
  type: 'transform',
  with: { value: `\${{ ${source} }}` },
  ...more,
});
const fails = { type: 'transform', with: { value: '${{ 1 / 0 }}' } };
/** A literal with the key `then` would look like a promise. */
const branchCase = (when: boolean, target: string): object =>
  Object.fromEntries([
    ['when', when],
    ['then', [target]],
  ]);

/** By the name of the history that is kept: what no other test of workflows shows. */
const PATTERNS: { readonly [history: string]: Pattern } = {
  'pattern-join-quorum': {
    spec: {
      tasks: {
        a: noop,
        b: work(),
        c: fails,
        early: { ...noop, dependsOn: ['a', 'b', 'c'], join: { minSuccess: 1 } },
        late: { ...noop, dependsOn: ['a', 'b', 'c'], join: { minSuccess: '60%', eager: false } },
        never: { ...noop, dependsOn: ['a', 'c'], join: { minSuccess: 2 } },
      },
    },
    ends: { c: 'failed', never: 'upstream_failed' },
  },
  'pattern-join-expression': {
    spec: {
      tasks: {
        a: work(),
        b: fails,
        either: { ...noop, dependsOn: ['a', 'b'], join: "tasks.a.state == 'success' || tasks.b.state == 'success'" },
        notifier: { ...noop, dependsOn: ['b'], join: "tasks.b.state == 'failed'" },
      },
    },
    ends: { b: 'failed' },
  },
  'pattern-branch-all-and-default': {
    spec: {
      tasks: {
        all: { type: 'branch', with: { match: 'all', cases: [branchCase(true, 'x'), branchCase(true, 'y')] } },
        otherwise: { type: 'branch', with: { cases: [branchCase(false, 'z')], default: ['w'] } },
        short: { type: 'branch', with: { cases: [branchCase(false, 'none')] } },
        x: { ...noop, dependsOn: ['all'] },
        y: { ...noop, dependsOn: ['all', 'x'] },
        z: { ...noop, dependsOn: ['otherwise'] },
        w: { ...noop, dependsOn: ['otherwise'] },
        none: { ...noop, dependsOn: ['short'] },
        after: { ...noop, dependsOn: ['none', 'w'], triggerRule: 'none_failed_min_one_success' },
      },
    },
    ends: { z: 'skipped', none: 'skipped' },
  },
  'pattern-map-shapes': {
    spec: {
      tasks: {
        cross: value('item.a * 10 + item.b', { expand: { a: '${{ [1, 2] }}', b: '${{ [3, 4] }}' } }),
        zipped: value('item.a + item.b', { zip: { a: '${{ [1, 2, 3] }}', b: '${{ [10] }}' }, zipFill: 0 }),
        batches: value('item.map(i, i.n)', { expand: { n: '${{ range(5) }}' }, itemBatchSize: 2 }),
        limited: work(['${{ item.n }}'], {
          expand: { n: '${{ range(4) }}' },
          maxConcurrency: '${{ 1 + 1 }}',
          mapKey: 'k${{ index }}',
        }),
        tolerated: value('1 / item.n', { expand: { n: [0, 1] }, toleratedFailurePercentage: 50 }),
        given_up: value('1 / item.n', {
          expand: { n: [0, 1] },
          maxConcurrency: 1,
          stopOnFirstFailure: true,
          allowFailure: true,
        }),
        some: value('1 / item.n', { expand: { n: [0, 1] }, toleratedFailureCount: 1 }),
        empty: { ...noop, expand: { n: [] } },
      },
      outputs: {
        cross: '${{ tasks.cross.output }}',
        zipped: '${{ tasks.zipped.output }}',
        batches: '${{ tasks.batches.output }}',
        keys: '${{ tasks.limited.items.map(i, i.key) }}',
      },
    },
    ends: { given_up: 'failed', empty: 'skipped' },
    outputs: { cross: [13, 14, 23, 24], zipped: [11, 2, 3], batches: [[0, 1], [2, 3], [4]], keys: ['k0', 'k1', 'k2', 'k3'] },
  },
  'pattern-retry-rules-and-cache': {
    spec: {
      tasks: {
        skipped: work(['fail'], { retry: { maxAttempts: 2, rules: [{ message: 'told to', action: 'skip' }] } }),
        again: work(['fail once'], { retry: { maxAttempts: 3, rules: [{ error: 'Error', wait: '10ms' }] } }),
        kept: work(['kept'], { cache: { key: 'kept' } }),
        taken: work(['other'], { cache: { key: 'kept' }, dependsOn: ['kept'] }),
      },
    },
    ends: { skipped: 'skipped' },
  },
  'pattern-foreign-activity': {
    spec: { tasks: { plain: work(['${{ 1 + 1 }}'], { queue: 'elsewhere', outputSchema: { type: 'integer' } }) } },
  },
};

describe.each([{ cache: 100 }, { cache: 0 }])('with a workflow cache of $cache', ({ cache }) => {
  it('runs each pattern of a graph to the end that its rules say', async () => {
    let tries = 0;
    const worker = await harness.worker(
      {
        work: (what: unknown) => {
          if (what === 'fail' || (what === 'fail once' && ++tries === 1)) throw new Error('told to');
          return what ?? null;
        },
      },
      { cache },
    );
    // As a worker of another language has it: the arguments as they are.
    const foreign = await harness.foreignWorker('elsewhere', { work: async (n: number) => n * 21 });
    await worker.runUntil(() =>
      foreign.runUntil(async () => {
        const ended = await Promise.all(
          Object.entries(PATTERNS).map(async ([name, { spec, ends = {}, outputs }]) => {
            const started = await harness.startSpec({ id: 'pattern', ...spec });
            await started.handle.result().catch(() => undefined);
            if (cache > 0) await recordHistory(started.handle, name);
            const report = await started.report();
            const states = Object.entries(report.tasks).filter(([, { state }]) => state !== 'success');
            return [
              name,
              { ends: Object.fromEntries(states.map(([id, { state }]) => [id, state])), outputs: report.outputs },
              { ends, outputs },
            ] as const;
          }),
        );
        const seen = Object.fromEntries(ended.map(([name, found]) => [name, found.ends]));
        expect(seen).toEqual(Object.fromEntries(ended.map(([name, , wanted]) => [name, wanted.ends])));
        for (const [, found, wanted] of ended) if (wanted.outputs !== undefined) expect(found.outputs).toEqual(wanted.outputs);
      }),
    );
  });

  it('runs a SubDAG that another DAG is, inside a SubDAG, as the version that was pinned', async () => {
    const { planKey } = await harness.storePlan({
      ...planOf('leaf {noop}'),
      params: { n: { type: 'number' } },
      outputs: [['n', '${{ params.n + 1 }}']],
    });
    const inner = { type: 'dag', with: { dag: 'other', version: 3, params: { n: 1 } } };
    const spec = {
      id: 'tree',
      tasks: { outer: { type: 'dag', with: { tasks: { inner }, outputs: { n: '${{ tasks.inner.output.n }}' } } } },
      outputs: { n: '${{ tasks.outer.output.n }}' },
    };
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const started = await harness.startSpec(spec, { more: { dags: { pinned: { 'other@3': { version: 3, planKey } } } } });
      expect(await started.handle.result()).toMatchObject({ state: 'success' });
      if (cache > 0) {
        const { workflow } = harness.environment.client;
        await recordHistory(started.handle, 'pattern-subdag-tree');
        await recordHistory(workflow.getHandle(`${started.runId}/outer`), 'pattern-subdag-by-reference');
      }
      expect((await started.report()).outputs).toEqual({ n: 2 });
    });
  });

  it('waits for the answer of a server', async () => {
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
    const spec = {
      id: 'answer',
      tasks: { ready: { type: 'wait', with: { http: { url, until: '${{ response.body.ready }}' } } } },
    };
    const worker = await harness.worker({}, { cache });
    await worker.runUntil(async () => {
      const started = await harness.startSpec(spec);
      expect(await started.handle.result()).toMatchObject({ state: 'success' });
      if (cache > 0) await recordHistory(started.handle, 'pattern-wait-for-http');
      expect((await started.report()).tasks['ready']!.output).toMatchObject({ value: { status: 200, body: { ready: true } } });
    });
  });
});
