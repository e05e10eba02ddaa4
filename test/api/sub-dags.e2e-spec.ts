import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

/** SubDAGs over REST: a run of its own for each, found by the task that it carries out. */
describe('SubDAGs over REST', () => {
  let baton: TestService;
  beforeAll(async () => {
    baton = await TestService.start({ BATON_ACTIVITIES: fileURLToPath(new URL('activities.mjs', import.meta.url)) });
  });
  afterAll(async () => baton?.stop());

  const INNER = `id: inner
params: { day: { type: string }, n: { type: integer, default: 2 } }
outputs: { doubled: "\${{ tasks.double.output }}", text: "\${{ params.day }}" }
tasks:
  double: { type: transform, with: { value: "\${{ params.n * 2 }}" } }
  large: { type: sql, with: { query: "select repeat('x', 20000) as text" } }
`;
  const outer = (more = '') => `id: outer
tasks:
  named: { type: dag, with: { dag: inner, params: { day: "\${{ run.ds }}" }${more} } }
  placed:
    type: dag
    dependsOn: [named]
    with:
      params: { n: "\${{ tasks.named.output.doubled }}" }
      tasks:
        deeper: { type: dag, with: { dag: inner, params: { day: today, n: "\${{ params.n }}" } } }
        wait: { type: activity, dependsOn: [deeper], with: { name: sleepUntilCancelled } }
      outputs: { n: "\${{ tasks.deeper.output.doubled }}" }
`;
  const issues = async (yaml: string) => {
    const { status, body } = await baton.put(yaml);
    expect([status, body.code]).toEqual([422, 'invalid_spec']);
    return body.issues;
  };

  it('are refused where they name what is not there, or run one another without end', async () => {
    expect(await issues(outer())).toMatchObject([
      { code: 'unknown_dag', path: '/tasks/named/with/dag', line: 3 },
      { code: 'unknown_dag', path: '/tasks/placed/with/tasks/deeper/with/dag', line: 10 },
    ]);
    expect((await baton.put(INNER)).status).toBe(201);
    expect(await issues(outer(', version: 9'))).toMatchObject([{ code: 'unknown_version', path: '/tasks/named/with/version' }]);
    expect(await issues(outer().replace('day: today', 'dya: today'))).toMatchObject([
      { code: 'missing_field', path: '/tasks/placed/with/tasks/deeper/with/params/day' },
      { code: 'unknown_param', path: '/tasks/placed/with/tasks/deeper/with/params/dya' },
    ]);
    expect((await baton.put(outer(', version: 1'))).status).toBe(201);
    expect(await issues(`${INNER}  again: { type: dag, with: { dag: outer } }\n`)).toMatchObject([
      { code: 'dag_cycle', path: '/tasks/again/with/dag', message: expect.stringContaining('inner -> outer -> inner') },
    ]);
    expect(await issues('id: self\ntasks: { a: { type: dag, with: { dag: self } } }\n')).toMatchObject([
      { code: 'dag_cycle', message: expect.stringContaining('self -> self') },
    ]);
  });

  it('are runs that can be read while they run and when they are over, and are cancelled with the run they belong to', async () => {
    const { body: started } = await baton.post('/api/v1/dags/outer/runs', { key: 'one' });
    const placed = `${started.runId}/placed`;
    await until(async () => (await baton.get(`${runPath(placed)}/tasks/wait`)).body.state === 'running');

    const { body: run } = await baton.get(runPath(placed));
    expect(run).toMatchObject({
      runId: placed,
      dagId: 'outer',
      version: 1,
      state: 'running',
      trigger: 'dag',
      params: { n: 4 },
      parent: { runId: started.runId, taskId: 'placed', href: runPath(started.runId) },
      root: { runId: started.runId },
      links: { self: runPath(placed) },
    });
    const { body: task } = await baton.get(`${runPath(started.runId)}/tasks/placed`);
    expect(task).toMatchObject({
      state: 'running',
      runId: placed,
      links: { run: runPath(placed) },
      attempts: [{ runId: placed }],
    });
    expect((await baton.get(`${runPath(placed)}/graph`)).body.nodes).toMatchObject([
      { id: 'deeper', state: 'success', runId: `${placed}/deeper` },
      { id: 'wait', state: 'running' },
    ]);
    expect((await baton.get(`${runPath(started.runId)}/tasks/placed/logs`)).headers.get('x-reason')).toContain('SubDAG');

    const deeper = `${placed}/deeper`;
    expect((await baton.get(runPath(deeper))).body).toMatchObject({
      dagId: 'inner',
      state: 'success',
      outputs: { doubled: 8, text: 'today' },
      root: { runId: started.runId },
    });
    expect(JSON.parse((await baton.get(`${runPath(deeper)}/tasks/large/output`)).text).rows[0].text).toHaveLength(20_000);
    expect((await baton.get(`${runPath(deeper)}/tasks/large/logs`)).status).toBe(200);
    expect((await baton.get(`${runPath(deeper)}/spec`)).body).toMatchObject({ dagId: 'inner', version: 1 });
    expect((await baton.get(`${runPath(deeper)}/executions`)).body.items).toMatchObject([{ execution: 1, state: 'success' }]);
    expect((await baton.events(deeper)).at(-1)!.data).toMatchObject({ runId: deeper, state: 'success' });
    expect((await baton.get(runPath(`${started.runId}/nobody`))).body).toMatchObject({ status: 404, code: 'run_not_found' });

    expect((await baton.post(`${runPath(started.runId)}/cancel`)).status).toBe(202);
    expect((await baton.ended(started.runId)).body.state).toBe('cancelled');
    expect((await baton.get(`${runPath(placed)}/tasks/wait`)).body.state).toBe('cancelled');
    await until(async () => (await baton.get('/api/v1/runs')).body.items.length === 1);
    expect((await baton.get('/api/v1/runs')).body.items).toMatchObject([{ runId: started.runId }]);
  });

  it('that were deleted meanwhile are missed when a run is started, by name', async () => {
    expect((await baton.call('DELETE', '/api/v1/dags/inner')).status).toBe(200);
    expect((await baton.post('/api/v1/dags/outer/runs')).body).toMatchObject({
      status: 409,
      code: 'sub_dag_unavailable',
      detail: expect.stringContaining('the DAG inner was deleted'),
    });
  });
});
