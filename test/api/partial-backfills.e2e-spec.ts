import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

/** `load` fails where the param says so; a cluster is made for it, and taken away. */
const DAG = (id: string) => `id: ${id}
schedule: "@daily"
params: { bad: { type: boolean, default: false } }
tasks:
  extract: { type: transform, with: { value: "\${{ run.ds }}" } }
  cluster: { type: transform, setup: true, with: { value: up } }
  load: { type: transform, dependsOn: [extract, cluster], with: { value: "\${{ params.bad ? tasks.extract.output.none : 'loaded' }}" } }
  audit: { type: noop, dependsOn: [cluster], triggerRule: all_done }
  drop: { type: noop, teardown: [cluster] }
  report: { type: transform, dependsOn: [load, audit], with: { value: { of: "\${{ tasks.load.output }}" } } }
  archive: { type: noop, triggerRule: always }
outputs: { load: "\${{ tasks.load.output }}", report: "\${{ tasks.report.output.of }}", reported: "\${{ tasks.report.state }}" }
`;
const RANGE = { from: '2024-01-01', to: '2024-01-02' };
const FIRST = 'T00:00:00Z';

describe('a backfill of some tasks', () => {
  let baton: TestService;
  beforeAll(async () => {
    baton = await TestService.start();
  });
  afterAll(() => baton?.stop());

  const create = (body: object) => baton.post('/api/v1/backfills', body);
  const over = async (id: string) => {
    const read = async () => (await baton.get(`/api/v1/backfills/${id}`)).body;
    await until(async () => ['success', 'failed', 'cancelled'].includes((await read()).state));
    return read();
  };
  const runOf = async (dagId: string, day: string) => (await baton.get(`/api/v1/runs/${dagId}-${day}${FIRST}`)).body;
  const tasksOf = async (dagId: string, day: string) => {
    const { items } = (await baton.get(`/api/v1/runs/${dagId}-${day}${FIRST}/tasks`)).body;
    return Object.fromEntries(
      items.map((task: Record<string, string>) => [task['taskId'], [task['state'], task['skipReason']]]),
    );
  };
  const LEFT_OUT = ['skipped', 'not_selected'];

  it('runs these, what they need and what takes away what is set up, and skips the others by name', async () => {
    await baton.put(DAG('partial'));
    const request = { dagId: 'partial', ...RANGE, tasks: ['load', 'load'] };
    const plan = (await create({ ...request, dryRun: true })).body;
    expect([...plan.tasks].sort()).toEqual(['cluster', 'drop', 'extract', 'load']);
    const created = await create(request);
    expect([created.status, created.body.tasks]).toEqual([202, ['load']]);
    expect(await over(created.body.id)).toMatchObject({ state: 'success', tasks: ['load'], progress: { success: 2 } });
    expect(await tasksOf('partial', '2024-01-02')).toEqual({
      extract: ['success', undefined],
      cluster: ['success', undefined],
      load: ['success', undefined],
      drop: ['success', undefined],
      audit: LEFT_OUT,
      report: LEFT_OUT,
      archive: LEFT_OUT,
    });
    expect(await runOf('partial', '2024-01-02')).toMatchObject({
      state: 'success',
      onlyTasks: ['load'],
      counts: { success: 4, skipped: 3 },
      outputs: { load: 'loaded', report: null, reported: 'skipped' },
    });
    const { items } = (await baton.get('/api/v1/runs?dagId=partial')).body;
    expect(items.map(({ onlyTasks }: { onlyTasks: unknown }) => onlyTasks)).toEqual([['load'], ['load']]);
  });

  it('fails by what it has, though something left out comes after it, and is done again for other tasks', async () => {
    await baton.put(DAG('again'));
    const failed = await over((await create({ dagId: 'again', ...RANGE, tasks: ['load'], params: { bad: true } })).body.id);
    expect(failed).toMatchObject({ state: 'failed', progress: { failed: 2 } });
    expect(await runOf('again', '2024-01-02')).toMatchObject({ state: 'failed', failedTasks: ['load'] });
    const mended = await over((await create({ dagId: 'again', ...RANGE, tasks: ['report'], reprocess: 'failed' })).body.id);
    expect(mended).toMatchObject({ state: 'success', progress: { success: 2 } });
    expect(await runOf('again', '2024-01-02')).toMatchObject({ execution: 2, onlyTasks: ['report'], counts: { success: 6 } });
    const whole = await over((await create({ dagId: 'again', ...RANGE, reprocess: 'completed' })).body.id);
    expect(whole).toMatchObject({ state: 'success' });
    const run = await runOf('again', '2024-01-02');
    expect([run.execution, run.onlyTasks, run.counts]).toEqual([3, undefined, { success: 7 }]);
  });

  it.each([
    ['a task that the DAG does not have', ['load', 'exract'], 422, 'unknown_task', '/tasks/1'],
    ['a name of every object', ['constructor'], 422, 'unknown_task', '/tasks/0'],
    ['none', [], 400, 'invalid_fields', '/tasks'],
    ['no names', [7], 400, 'invalid_fields', '/tasks'],
    ['one name alone', 'load', 400, 'invalid_fields', '/tasks'],
    ['too many', Array.from({ length: 101 }, (_, i) => `t${i}`), 400, 'invalid_fields', '/tasks'],
  ])('is refused with %s', async (_name, tasks, status, code, pointer) => {
    await baton.put(DAG('bad'));
    const answer = await create({ dagId: 'bad', ...RANGE, tasks });
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([status, code, pointer]);
    if (pointer === '/tasks/1') expect(answer.body.detail).toBe("the DAG bad has no task 'exract' - did you mean 'extract'?.");
  });
});
