import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

const DAG = (id: string, fields: string) => `id: ${id}
${fields}
params: { region: { type: string, default: eu } }
tasks:
  day: { type: transform, with: { value: "\${{ run.ds }} \${{ run.trigger }} \${{ params.region }}" } }
outputs: { day: "\${{ tasks.day.output }}" }
`;

let baton: TestService;
beforeAll(async () => {
  baton = await TestService.start();
});
afterAll(() => baton?.stop());

const runsOf = async (dagId: string): Promise<Record<string, never>[]> =>
  (await baton.get(`/api/v1/runs?dagId=${dagId}&limit=200`)).body.items;

describe('a DAG with a schedule', () => {
  it('is run by it at its times, each run as if it had been started over REST with that date', async () => {
    const stored = await baton.put(DAG('beat', 'schedule: { every: 1s }'));
    expect([stored.status, stored.body.scheduleState]).toEqual([201, 'active']);
    await expect.poll(async () => (await runsOf('beat')).length).toBeGreaterThan(2);
    await baton.call('PATCH', '/api/v1/dags/beat', { paused: true });
    const [{ runId, logicalDate }] = (await runsOf('beat')) as unknown as [{ runId: string; logicalDate: string }];
    expect(runId).toBe(`beat-${logicalDate}`);
    const { body } = await baton.ended(runId);
    const begin = new Date(Date.parse(logicalDate) - 1_000).toISOString().replace('.000', '');
    expect(body).toMatchObject({
      state: 'success',
      trigger: 'schedule',
      dated: true,
      version: 1,
      execution: 1,
      dataInterval: { start: begin, end: logicalDate },
      params: { region: 'eu' },
      outputs: { day: `${begin.slice(0, 10)} schedule eu` },
    });
    const again = await baton.post('/api/v1/dags/beat/runs', { logicalDate });
    expect([again.status, again.body.code]).toEqual([409, 'run_exists']);
    expect((await baton.get(`${runPath(runId)}/tasks`)).body.items).toHaveLength(1);
  });
});
