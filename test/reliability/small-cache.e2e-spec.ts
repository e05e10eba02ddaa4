import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';
import type { ServiceProcess } from '../support/service-process.js';

const CHAIN = `id: chain
params: { n: { type: integer, default: 0 } }
outputs: { n: "\${{ params.n }}" }
tasks:
  t0: { type: activity, with: { name: work, args: [20] } }
${Array.from({ length: 7 }, (_, i) => `  t${i + 1}: { type: activity, dependsOn: [t${i}], with: { name: work, args: [20] } }`).join('\n')}
`;
const nested = (depth: number): string => (depth === 0 ? '1' : `params.n.map(x${depth}, ${nested(depth - 1)})`);

describe('a worker with a workflow cache of three', () => {
  let cluster: Cluster;
  let service: ServiceProcess;
  beforeAll(async () => {
    cluster = await Cluster.start();
    service = await cluster.service({ BATON_WORKER_CACHE: '3', BATON_WORKER_WORKFLOWS: '3' });
    await service.put(CHAIN);
  });
  afterAll(async () => cluster?.stop());

  it('carries ten runs at once, each to its end, each task once', async () => {
    const started = await Promise.all(
      Array.from({ length: 10 }, (_, n) => service.post('/api/v1/dags/chain/runs', { params: { n } })),
    );
    for (const [n, { body }] of started.entries()) {
      expect((await service.ended(body.runId)).body).toMatchObject({
        state: 'success',
        counts: { success: 8 },
        outputs: { n },
      });
      for (let i = 0; i < 8; i++) expect(cluster.ledger.count(body.runId, `t${i}`, 'begin')).toBe(1);
    }
  });

  it('is not wedged by specs and params made to be costly', async () => {
    const dear = `id: dear
params: { n: { type: array, default: [${Array.from({ length: 300 }, (_, i) => i).join(',')}] } }
tasks:
  sum: { type: transform, with: { value: "\${{ params.n.map(x, params.n.map(y, x * y)) }}" } }
  asked: { type: noop, when: "\${{ params.n.all(x, params.n.all(y, x + y >= 0)) }}" }
`;
    const poison: { readonly [id: string]: string } = {
      dear,
      long: `id: long\ntasks: { a: { type: transform, with: { value: "\${{ ${Array.from({ length: 1_000 }, () => '1').join('+')} }}" } } }\n`,
      steps: `id: steps\nparams: { n: { type: array, default: [] } }\ntasks: { a: { type: transform, with: { value: "\${{ ${nested(6)} }}" } } }\n`,
      regex: `id: regex\nparams: { s: { type: string, default: ${'a'.repeat(40)}b } }\ntasks: { a: { type: noop, when: "\${{ params.s.matches('^(a+)+$') }}" } }\n`,
      squared:
        'id: squared\ntasks: { a: { type: transform, with: { value: "${{ range(0, 3000).map(x, range(0, 3000).map(y, x * y)) }}" } } }\n',
      endless: 'id: endless\ntasks: { a: { type: transform, with: { value: "${{ range(0, 100000000) }}" } } }\n',
    };
    const runIds: { [id: string]: string } = {};
    const ends: { [id: string]: string } = {};
    for (const [id, yaml] of Object.entries(poison)) {
      const put = await service.put(yaml);
      if (put.status === 201) runIds[id] = (await service.post(`/api/v1/dags/${id}/runs`)).body.runId;
      else ends[id] = `${put.status} ${put.body.issues[0].code}`;
    }
    const good = await service.run('chain', { params: { n: 7 } });
    expect(good.body).toMatchObject({ state: 'success', outputs: { n: 7 } });
    for (const [id, runId] of Object.entries(runIds)) {
      const { body: run } = await service.ended(runId);
      const kinds = (run.failedTasks ?? []).map(
        async (task: string) => (await service.get(`${runPath(runId)}/tasks/${task}`)).body.failure.kind,
      );
      ends[id] = [run.state, ...new Set(await Promise.all(kinds))].join(' ');
    }
    expect(ends).toEqual({
      long: '422 expression_invalid',
      steps: '422 expression_too_costly',
      dear: 'success',
      regex: 'success',
      endless: 'failed expression',
      squared: 'failed expression',
    });
  });

  it('carries an output larger than any payload of Temporal', async () => {
    await service.put(
      'id: big\ntasks: { big: { type: sql, with: { query: "select repeat(\'x\', 6000000) as text" } }, after: { type: transform, dependsOn: [big], with: { value: "${{ size(tasks.big.output.rows[0].text) }}" } } }\n',
    );
    const { body: run } = await service.run('big');
    expect(run.state).toBe('success');
    expect((await service.get(`${runPath(run.runId)}/tasks/after/output`)).text).toBe('6000000');
  });
});
