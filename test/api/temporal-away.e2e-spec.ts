import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

/** A stopped process answers nothing and refuses nothing: the worst way for Temporal to be away. */
describe('while Temporal is silent', () => {
  let baton: TestService;
  let pid: number;
  let runId: string;
  beforeAll(async () => {
    baton = await TestService.start();
    pid = await baton.temporalPid();
    await baton.put('id: known\ntasks: { a: { type: noop } }\n');
    runId = (await baton.run('known')).body.runId;
  });
  afterEach(() => process.kill(pid, 'SIGCONT'));
  afterAll(async () => baton?.stop());

  it('every call is a 503 within 5 seconds, and all is well again when it is back', async () => {
    process.kill(pid, 'SIGSTOP');
    const began = Date.now();
    const calls = {
      put: baton.put('id: new\ntasks: { a: { type: noop } }\n'),
      start: baton.post('/api/v1/dags/known/runs', {}, { 'idempotency-key': 'again' }),
      cancel: baton.post(`${runPath(runId)}/cancel`),
      list: baton.get('/api/v1/runs'),
      run: baton.get(runPath(runId)),
      dag: baton.get('/api/v1/dags/known'),
    };
    for (const [name, call] of Object.entries(calls)) {
      const { status, headers, body } = await call;
      expect([name, status, body.code]).toEqual([name, 503, 'temporal_unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|DEADLINE_EXCEEDED|\bUNAVAILABLE|gRPC/);
    }
    expect(Date.now() - began).toBeLessThan(5_000);
    expect((await baton.get('/health/live')).status).toBe(200);
    expect((await baton.get('/health/ready')).status).toBe(503);

    process.kill(pid, 'SIGCONT');
    await until(async () => (await baton.get('/health/ready')).status === 200, 20_000);
    const repeated = await baton.post('/api/v1/dags/known/runs', {}, { 'idempotency-key': 'again' });
    expect([200, 202]).toContain(repeated.status);
    expect((await baton.ended(repeated.body.runId)).body.state).toBe('success');
    expect((await baton.put('id: new\ntasks: { a: { type: noop } }\n')).status).toBeLessThan(300);
  });

  it('the stream of a run stays open and ends when the run does', async () => {
    await baton.put(
      'id: streamed\ntasks: { a: { type: sql, with: { query: "select count(*) as n from range(400000000) t1" } } }\n',
    );
    const { body } = await baton.post('/api/v1/dags/streamed/runs');
    const following = baton.events(body.runId);
    process.kill(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    process.kill(pid, 'SIGCONT');
    expect((await following).at(-1)).toMatchObject({ event: 'run', data: { state: 'success' } });
  });
});
