import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

/** Every call of the interface, on a Baton of its own. */
describe('the REST interface', () => {
  let baton: TestService;
  beforeAll(async () => {
    baton = await TestService.start({ BATON_ACTIVITIES: fileURLToPath(new URL('activities.mjs', import.meta.url)) });
  });
  afterAll(async () => baton?.stop());

  const SUMS = `id: sums
description: adds
tags: [demo, adding]
params: { n: { type: integer, default: 2 }, words: { type: array, items: { type: string }, default: [] } }
outputs: { doubled: "\${{ tasks.double.output }}" }
tasks:
  begin: { type: noop }
  double: { type: transform, dependsOn: [begin], with: { value: "\${{ params.n * 2 }}" } }
  large: { type: sql, dependsOn: [begin], with: { query: "select repeat('x', 20000) as text" } }
`;
  const slow = (id: string) =>
    `id: ${id}\ntasks:\n  wait: { type: activity, with: { name: sleepUntilCancelled } }\n  after: { type: noop, dependsOn: [wait] }\n`;

  it('shows the task queues of its own workers, and that somebody works on them', async () => {
    await until(async () => (await baton.get('/api/v1/queues')).body.items[0].workers > 0);
    expect((await baton.get('/api/v1/queues')).body.items).toMatchObject([{ name: 'baton', default: true }]);
  });

  describe('stores DAGs', () => {
    it('anew, unchanged, changed, with versions, texts and their differences', async () => {
      const created = await baton.put(SUMS);
      expect([created.status, created.body.outcome, created.body.version]).toEqual([201, 'created', 1]);
      expect(created.headers.get('etag')).toBe(`"${created.body.hash}"`);
      expect(created.headers.get('location')).toBe('/api/v1/dags/sums');
      const again = await baton.put(`# another text\n${SUMS}`);
      expect([again.status, again.body.outcome, again.body.version]).toEqual([200, 'unchanged', 1]);
      const changed = await baton.put(SUMS.replace('default: 2', 'default: 3'));
      expect([changed.status, changed.body.outcome, changed.body.version]).toEqual([200, 'updated', 2]);

      const { body: dag, headers } = await baton.get('/api/v1/dags/sums');
      expect(dag).toMatchObject({
        dagId: 'sums',
        version: 2,
        paused: false,
        description: 'adds',
        tags: ['demo', 'adding'],
        spec: { params: { n: { default: 3 } } },
      });
      expect((await baton.get('/api/v1/dags/sums', { 'if-none-match': headers.get('etag') as string })).status).toBe(304);
      expect((await baton.get('/api/v1/dags/sums/versions')).body.items).toMatchObject([{ version: 2 }, { version: 1 }]);
      expect((await baton.get('/api/v1/dags/sums/versions/1')).body).toMatchObject({
        version: 1,
        text: SUMS,
        mediaType: 'application/yaml',
        spec: { id: 'sums' },
      });
      expect((await baton.get('/api/v1/dags/sums/versions/1/diff/2')).body.changes).toEqual([
        { op: 'replace', path: '/params/n/default', before: 2, after: 3 },
      ]);
      expect((await baton.get('/api/v1/dags/sums/versions/3')).body).toMatchObject({ status: 404, code: 'version_not_found' });
      expect((await baton.get('/api/v1/dags/sums/graph')).body).toMatchObject({
        layers: [['begin'], ['double', 'large']],
        criticalPath: ['begin', 'double'],
      });
    });

    it('only as expected, where an expectation is given', async () => {
      const yaml = (text: string) => `id: guarded\ndescription: ${text}\ntasks: { a: { type: noop } }\n`;
      expect((await baton.put(yaml('one'), { 'if-match': '*' })).body).toMatchObject({
        status: 412,
        code: 'precondition_failed',
      });
      expect((await baton.get('/api/v1/dags/guarded')).body.code).toBe('dag_not_found');
      const first = await baton.put(yaml('one'), { 'if-none-match': '*' });
      expect(first.status).toBe(201);
      expect((await baton.put(yaml('two'), { 'if-none-match': '*' })).status).toBe(412);
      expect((await baton.put(yaml('two'), { 'if-match': `"${'0'.repeat(64)}"` })).status).toBe(412);
      const second = await baton.put(yaml('two'), { 'if-match': first.headers.get('etag') as string });
      expect([second.status, second.body.version]).toEqual([200, 2]);
    });

    it('not at all with dryRun', async () => {
      const yaml = 'id: dry\ntasks: { a: { type: noop } }\n';
      expect((await baton.call('PUT', '/api/v1/dags/dry?dryRun=true', yaml)).body).toMatchObject({
        dagId: 'dry',
        dryRun: true,
        outcome: 'created',
        issues: [],
      });
      expect((await baton.get('/api/v1/dags/dry')).status).toBe(404);
    });

    it('and lists them by page and tag', async () => {
      for (const id of ['list-1', 'list-2', 'list-3'])
        await baton.put(`id: ${id}\ntags: [listed]\ntasks: { a: { type: noop } }\n`);
      await until(async () => (await baton.get('/api/v1/dags?tag=listed')).body.items.length === 3);
      const first = await baton.get('/api/v1/dags?tag=listed&limit=2');
      const second = await baton.get(`/api/v1/dags?tag=listed&limit=2&cursor=${first.body.nextCursor}`);
      expect([...first.body.items, ...second.body.items].map(({ dagId }) => dagId)).toEqual(['list-1', 'list-2', 'list-3']);
      expect(second.body.nextCursor).toBeUndefined();
      expect((await baton.get('/api/v1/dags?cursor=nonsense')).body).toMatchObject({ status: 400, code: 'invalid_cursor' });
    });

    it('pauses them, and still starts them by hand', async () => {
      await baton.put('id: pausing\ntasks: { a: { type: noop } }\n');
      expect((await baton.call('PATCH', '/api/v1/dags/pausing', { paused: true })).body.paused).toBe(true);
      expect((await baton.get('/api/v1/dags/pausing')).body.paused).toBe(true);
      expect((await baton.run('pausing')).body.state).toBe('success');
      expect((await baton.call('PATCH', '/api/v1/dags/nobody', { paused: true })).status).toBe(404);
    });

    it('deletes them, with their open runs only when told to; versions and runs stay readable', async () => {
      await baton.put(slow('doomed'));
      const { body: run } = await baton.post('/api/v1/dags/doomed/runs');
      await until(async () => (await baton.get('/api/v1/runs?dagId=doomed&state=running')).body.items.length === 1);
      expect((await baton.call('DELETE', '/api/v1/dags/doomed')).body).toMatchObject({ status: 409, code: 'open_runs' });
      expect((await baton.call('DELETE', '/api/v1/dags/doomed?cancelRuns=true')).body).toEqual({
        dagId: 'doomed',
        deleted: true,
        cancelledRuns: [run.runId],
      });
      expect((await baton.ended(run.runId)).body.state).toBe('cancelled');
      for (const call of [
        baton.get('/api/v1/dags/doomed'),
        baton.post('/api/v1/dags/doomed/runs'),
        baton.call('DELETE', '/api/v1/dags/doomed'),
      ]) {
        expect((await call).body).toMatchObject({ status: 410, code: 'dag_deleted' });
      }
      expect((await baton.get('/api/v1/dags/doomed/versions')).body.items).toHaveLength(1);
      expect((await baton.get(`${runPath(run.runId)}/spec`)).body.version).toBe(1);
      const revived = await baton.put(slow('doomed'));
      expect([revived.status, revived.body.version]).toEqual([201, 2]);
    });
  });

  describe('starts runs', () => {
    beforeAll(
      async () =>
        void (await baton.put('id: started\nparams: { n: { type: integer, minimum: 1 } }\ntasks: { a: { type: noop } }\n')),
    );

    it('with a link to them here and in Temporal, and shows all there is of them', async () => {
      await baton.put(SUMS);
      const {
        status,
        headers,
        body: started,
      } = await baton.post('/api/v1/dags/sums/runs', { params: { n: 21 }, note: 'by hand' });
      expect(status).toBe(202);
      expect(headers.get('location')).toBe(started.links.self);
      expect(started).toMatchObject({
        dagId: 'sums',
        state: 'queued',
        dated: false,
        links: { temporal: expect.stringContaining('/namespaces/default/workflows/') },
      });
      const { runId } = started;
      const { body: run } = await baton.ended(runId);
      expect(run).toMatchObject({
        runId,
        state: 'success',
        execution: 1,
        trigger: 'manual',
        note: 'by hand',
        params: { n: 21, words: [] },
        outputs: { doubled: 42 },
        counts: { success: 3 },
        live: true,
      });
      expect((await baton.get(`${runPath(runId)}/tasks`)).body.items.map(({ taskId }: { taskId: string }) => taskId)).toEqual([
        'begin',
        'double',
        'large',
      ]);
      const page = await baton.get(`${runPath(runId)}/tasks?limit=2`);
      expect((await baton.get(`${runPath(runId)}/tasks?limit=2&cursor=${page.body.nextCursor}`)).body.items).toMatchObject([
        { taskId: 'large' },
      ]);
      expect((await baton.get(`${runPath(runId)}/tasks/double`)).body).toMatchObject({
        taskId: 'double',
        state: 'success',
        output: 42,
      });
      expect((await baton.get(`${runPath(runId)}/tasks/double/output`)).text).toBe('42');
      const large = await baton.get(`${runPath(runId)}/tasks/large`);
      expect(large.body.outputRef.size).toBeGreaterThan(20_000);
      const output = await baton.get(large.body.outputRef.href);
      expect(output.body.rows[0].text).toHaveLength(20_000);
      expect(
        (await baton.get(large.body.outputRef.href, { 'if-none-match': output.headers.get('etag') as string })).status,
      ).toBe(304);
      const logs = await baton.get(`${runPath(runId)}/tasks/large/logs`);
      expect([logs.status, logs.headers.get('x-log-attempt'), Number(logs.headers.get('x-next-offset'))]).toEqual([
        200,
        '1',
        Buffer.byteLength(logs.text),
      ]);
      expect((await baton.get(`${runPath(runId)}/tasks/large/logs?offset=${logs.headers.get('x-next-offset')}`)).text).toBe('');
      expect((await baton.get(`${runPath(runId)}/tasks/large/logs?follow=true`)).text).toBe(logs.text);
      expect((await baton.get(`${runPath(runId)}/tasks/large/logs?attempt=7`)).body.code).toBe('log_not_found');
      const none = await baton.get(`${runPath(runId)}/tasks/double/logs`);
      expect([none.status, none.headers.get('x-reason')]).toEqual([204, expect.stringContaining('transform')]);
      expect((await baton.get(`${runPath(runId)}/graph`)).body.nodes).toMatchObject([
        { id: 'begin', state: 'success' },
        { id: 'double' },
        { id: 'large' },
      ]);
      expect((await baton.get(`${runPath(runId)}/spec`)).body.spec.id).toBe('sums');
      expect((await baton.get(`${runPath(runId)}/executions`)).body.items).toMatchObject([{ execution: 1, state: 'success' }]);
      expect((await baton.post(`${runPath(runId)}/cancel`)).body).toMatchObject({ status: 409, code: 'run_closed' });
    });

    it('items of a map page by page and as lines, and the log of each', async () => {
      await baton.put(`id: mapped
tasks:
  each:
    type: sql
    expand: { n: ["1", "zero", "3"] }
    mapKey: "nr \${{ item.n }}"
    toleratedFailureCount: 1
    with: { query: "select cast(\${{ item.n }} as integer) as n" }
  plain: { type: noop }
`);
      const { body } = await baton.run('mapped');
      const tasks = `${runPath(body.runId)}/tasks`;
      expect((await baton.get(`${tasks}/each`)).body).toMatchObject({
        state: 'success',
        map: { total: 3, counts: { success: 2, failed: 1 }, href: `${tasks}/each/items` },
      });
      const page = await baton.get(`${tasks}/each/items?limit=2`);
      expect(page.body).toMatchObject({
        items: [
          { index: 0, key: 'nr 1', state: 'success', output: { rows: [{ n: 1 }] }, failure: null, attempts: 1 },
          { index: 1, key: 'nr zero', state: 'failed', output: null, failure: { kind: 'error' } },
        ],
        live: true,
      });
      const rest = await baton.get(`${tasks}/each/items?limit=2&cursor=${page.body.nextCursor}`);
      expect([rest.body.items.map(({ index }: { index: number }) => index), rest.body.nextCursor]).toEqual([[2], undefined]);
      expect((await baton.get(`${tasks}/each/items?state=failed`)).body.items).toHaveLength(1);
      expect((await baton.get(`${tasks}/each/logs?item=1`)).text).toContain('zero');
      expect((await baton.get(`${tasks}/each/logs`)).body).toMatchObject({
        code: 'log_not_found',
        detail: expect.stringContaining('item='),
      });
      expect((await baton.get(`${tasks}/plain/items`)).body).toEqual({ items: [], live: true });
      const lines = { accept: 'application/x-ndjson' };
      expect((await baton.get(`${tasks}/each/items`, lines)).text.trim().split('\n')).toHaveLength(3);
      expect((await baton.get(`${tasks}/plain/items`, lines)).status).toBe(404);
      expect((await baton.get(`${tasks}/each/items?cursor=bm8`)).body.code).toBe('invalid_cursor');
    });

    it('a reducer over a map that failed, which fails by name, or reads what failed', async () => {
      const after = 'dependsOn: [{ task: each, on: completion }]';
      await baton.put(`id: reduced
tasks:
  each: { type: transform, expand: { n: ["1", "zero"] }, with: { value: "\${{ int(item.n) }}" } }
  total: { type: transform, ${after}, with: { value: "\${{ sum(tasks.each.output) }}" } }
  kinds: { type: transform, ${after}, with: { value: "\${{ tasks.each.items.map(i, get(i.failure, 'kind', 'none')) }}" } }
  waits: { type: noop, dependsOn: [each] }
`);
      const { body } = await baton.run('reduced');
      const { items } = (await baton.get(`${runPath(body.runId)}/tasks`)).body;
      expect(items).toMatchObject([
        { taskId: 'each', failure: { kind: 'items_failed' } },
        { taskId: 'kinds', state: 'success', output: ['none', 'expression'] },
        {
          taskId: 'total',
          failure: {
            kind: 'expression',
            message:
              'value of task total: ${{ sum(tasks.each.output) }}: sum() needs a list, not null; task each has no output: it is failed',
          },
        },
        { taskId: 'waits', state: 'upstream_failed' },
      ]);
    });

    it('an approval by those who may, and by nobody else', async () => {
      await baton.put(`id: asked
tasks:
  review: { type: approval, with: { message: "Go?", approvers: [ann] } }
  other: { type: noop }
`);
      const { body: started } = await baton.post('/api/v1/dags/asked/runs');
      const tasks = `${runPath(started.runId)}/tasks`;
      await expect
        .poll(async () => (await baton.get(`${tasks}/review`)).body.notice, { timeout: 20_000 })
        .toBe('waiting for approval by ann: Go?');
      const decide = async (task: string, body: object) => {
        const { status, body: answer } = await baton.post(`${tasks}/${task}/approve`, body);
        return [status, answer.code];
      };
      expect(await decide('review', { decision: 'approve', by: 'bob' })).toEqual([403, 'not_an_approver']);
      expect(await decide('review', { decision: 'approve' })).toEqual([403, 'not_an_approver']);
      expect(await decide('other', { decision: 'approve', by: 'ann' })).toEqual([409, 'not_waiting']);
      expect(await decide('nobody', { decision: 'approve', by: 'ann' })).toEqual([404, 'task_not_found']);
      expect(await decide('review', { decision: 'approve', by: 'ann' })).toEqual([202, undefined]);
      expect((await baton.ended(started.runId)).body.state).toBe('success');
    });

    it('hooks of the DAG and of a task, each with its log', async () => {
      await baton.put(`id: hooked
tasks:
  first:
    type: sql
    with: { query: select 1 }
    hooks: { success: { type: sql, with: { query: select 2 } } }
hooks:
  success: { type: sql, with: { query: select 3 } }
  exit: [{ type: sql, with: { query: select nothing from nowhere } }, { type: sql, when: false, with: { query: select 4 } }]
`);
      const { body } = await baton.run('hooked');
      const run = runPath(body.runId);
      const task = await baton.get(`${run}/tasks/first`);
      expect(body.hooks).toMatchObject([
        { hook: 'success', state: 'success', logs: `${run}/hooks/success/logs` },
        { hook: 'exit', index: 0, state: 'failed', logs: `${run}/hooks/exit/logs?index=0` },
        { hook: 'exit', index: 1, state: 'skipped', logs: `${run}/hooks/exit/logs?index=1` },
      ]);
      expect(task.body.hooks).toMatchObject([{ hook: 'success', logs: `${run}/tasks/first/hooks/success/logs` }]);
      const [ofSuccess, ofExit, ofSkipped] = await Promise.all(body.hooks.map(({ logs }: { logs: string }) => baton.get(logs)));
      expect(ofSuccess!.text).toContain('statement done');
      expect(ofExit!.text).toContain('attempt 1 failed: SqlError');
      expect([ofSkipped!.status, ofSkipped!.text]).toEqual([200, '']);
      const log = await baton.get(task.body.hooks[0].logs);
      expect([log.headers.get('x-log-attempt'), log.text]).toEqual(['1', expect.stringContaining('statement done')]);
      expect((await baton.get(`${task.body.hooks[0].logs}?follow=true`)).text).toBe(log.text);
      for (const [path, detail] of [
        ['/hooks/exit/logs', 'has 2 hooks exit'],
        ['/hooks/exit/logs?index=2', 'no hook exit 2'],
        ['/hooks/failure/logs', 'no hook failure'],
        ['/tasks/first/hooks/failure/logs', 'no hook failure'],
        ['/hooks/success/logs?attempt=2', 'no log of attempt 2'],
      ] as const)
        expect((await baton.get(`${run}${path}`)).body).toMatchObject({
          code: 'log_not_found',
          detail: expect.stringContaining(detail),
        });
      expect((await baton.get(`${run}/tasks/none/hooks/success/logs`)).body.code).toBe('task_not_found');
    });

    it('and names what is missing of them', async () => {
      const { body } = await baton.run('started', { params: { n: 1 } });
      const missing: [path: string, code: string, says: string][] = [
        ['/api/v1/dags/nobody', 'dag_not_found', 'nobody'],
        ['/api/v1/dags/nobody/versions', 'dag_not_found', 'nobody'],
        ['/api/v1/runs/started@nobody', 'run_not_found', 'started@nobody'],
        ['/api/v1/runs/started@nobody/events', 'run_not_found', 'started@nobody'],
        ['/api/v1/runs/started@nobody/tasks', 'run_not_found', 'started@nobody'],
        [`${runPath(body.runId)}/tasks/nobody`, 'task_not_found', 'nobody'],
        [`${runPath(body.runId)}/tasks/nobody/output`, 'task_not_found', 'nobody'],
        [`${runPath(body.runId)}/tasks/nobody/logs`, 'task_not_found', 'nobody'],
      ];
      for (const [path, code, says] of missing) {
        const answer = await baton.get(path);
        expect([answer.status, answer.body.code]).toEqual([404, code]);
        expect(answer.body.detail).toContain(says);
      }
      expect((await baton.post('/api/v1/runs/started@nobody/cancel')).body.code).toBe('run_not_found');
      expect((await baton.post('/api/v1/dags/nobody/runs')).body.code).toBe('dag_not_found');
    });

    it('only with params that fit', async () => {
      const cases: [params: object, pointer: string][] = [
        [{}, '/params/n'],
        [{ n: 0 }, '/params/n'],
        [{ n: 'one' }, '/params/n'],
        [{ n: 1, m: 2 }, '/params/m'],
      ];
      for (const [params, pointer] of cases) {
        const { status, body } = await baton.post('/api/v1/dags/started/runs', { params });
        expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'invalid_params', pointer]);
      }
    });

    it('once per Idempotency-Key and body', async () => {
      const key = { 'idempotency-key': 'order-17' };
      const first = await baton.post('/api/v1/dags/started/runs', { params: { n: 1 } }, key);
      const same = await baton.post('/api/v1/dags/started/runs', { params: { n: 1 } }, key);
      expect([first.status, same.status, same.body.runId]).toEqual([202, 200, first.body.runId]);
      const other = await baton.post('/api/v1/dags/started/runs', { params: { n: 2 } }, key);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    });

    it('once per date and once per key, and says where the first one is and what retry is for', async () => {
      const date = { params: { n: 1 }, logicalDate: '2026-01-31T01:00:00+01:00' };
      const first = await baton.post('/api/v1/dags/started/runs', date);
      expect([first.status, first.body.runId, first.body.dated, first.body.logicalDate]).toEqual([
        202,
        'started-2026-01-31T00:00:00Z',
        true,
        '2026-01-31T00:00:00Z',
      ]);
      const again = await baton.post('/api/v1/dags/started/runs', date);
      expect([again.status, again.body.code, again.body.links.run]).toEqual([409, 'run_exists', first.body.links.self]);
      expect(again.body.detail).toContain('retry');
      const named = await baton.post('/api/v1/dags/started/runs', { params: { n: 1 }, key: 'mine' });
      expect(named.body.runId).toBe('started@mine');
      expect((await baton.post('/api/v1/dags/started/runs', { params: { n: 1 }, key: 'mine' })).status).toBe(409);
    });

    it('of a scheduled DAG only at its times, naming the nearest ones', async () => {
      await baton.put("id: nightly\nschedule: '0 2 * * *'\ntasks: { a: { type: noop } }\n");
      const { status, body } = await baton.post('/api/v1/dags/nightly/runs', { logicalDate: '2026-01-31T12:00:00Z' });
      expect([status, body.code]).toEqual([422, 'date_not_scheduled']);
      expect(body.detail).toMatch(/2026-01-31T02:00:00Z.*2026-02-01T02:00:00Z/);
      const run = await baton.run('nightly', { logicalDate: '2026-01-31T02:00:00Z' });
      expect(run.body.dataInterval).toEqual({ start: '2026-01-30T02:00:00Z', end: '2026-01-31T02:00:00Z' });
    });

    it('as one for 100 identical submissions at once', async () => {
      const send = () => baton.post('/api/v1/dags/started/runs', { params: { n: 5 } }, { 'idempotency-key': 'all-at-once' });
      const answers = await Promise.all(Array.from({ length: 100 }, send));
      expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(99);
    });

    it('and stores one version for 100 identical specs at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => baton.put('id: crowd\ntasks: { a: { type: noop } }\n')),
      );
      for (const { status } of answers) expect([200, 201]).toContain(status);
      expect(new Set(answers.map(({ body }) => body.version))).toEqual(new Set([1]));
    });
  });

  describe('follows runs', () => {
    it('by events, in order, to the end, and again from where a reader was cut off', async () => {
      await baton.put(SUMS);
      const { body: started } = await baton.post('/api/v1/dags/sums/runs');
      const events = await baton.events(started.runId);
      const ids = events.map(({ id }) => Number(id));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(events.at(-1)).toMatchObject({ event: 'run', data: { state: 'success' } });
      const last = new Map(events.filter(({ event }) => event === 'task').map(({ data }) => [data.taskId, data.state]));
      expect(Object.fromEntries(last)).toEqual({ begin: 'success', double: 'success', large: 'success' });
      const known = events.at(-2)?.id as string;
      const rest = await baton.events(started.runId, { lastEventId: known });
      expect(rest.every(({ event, id }) => event === 'run' || Number(id) > Number(known))).toBe(true);
      expect(rest.at(-1)?.data.state).toBe('success');
    });

    it('by waiting, and lets a cancel through', async () => {
      await baton.put(slow('slow'));
      const { body: started } = await baton.post('/api/v1/dags/slow/runs');
      const following = baton.events(started.runId);
      const began = Date.now();
      const open = await baton.get(`${runPath(started.runId)}?wait=1s`);
      expect([open.status, open.body.state, open.body.endedAt]).toEqual([200, 'running', undefined]);
      expect(Date.now() - began).toBeGreaterThanOrEqual(900);
      const waiting = baton.get(`${runPath(started.runId)}?wait=30s`);
      const cancel = await baton.post(`${runPath(started.runId)}/cancel`);
      expect([cancel.status, cancel.headers.get('location')]).toEqual([202, started.links.self]);
      expect((await waiting).body.state).toBe('cancelled');
      expect((await following).at(-1)?.data.state).toBe('cancelled');
      expect((await baton.get(`${runPath(started.runId)}/tasks/after/output`)).body).toMatchObject({
        status: 404,
        code: 'output_not_found',
      });
    });

    it('by lists, newest first, with filters', async () => {
      await baton.put('id: listed\ntags: [runs]\ntasks: { a: { type: noop } }\n');
      for (const key of ['one', 'two', 'three']) await baton.run('listed', { key });
      const ids = (answer: { body: { items: { runId: string }[] } }) => answer.body.items.map(({ runId }) => runId);
      await until(async () => (await baton.get('/api/v1/runs?dagId=listed&state=success')).body.items.length === 3);
      expect(ids(await baton.get('/api/v1/runs?dagId=listed'))).toEqual(['listed@three', 'listed@two', 'listed@one']);
      const first = await baton.get('/api/v1/runs?tag=runs&limit=2');
      expect(ids(await baton.get(`/api/v1/runs?tag=runs&limit=2&cursor=${first.body.nextCursor}`))).toEqual(['listed@one']);
      expect(ids(await baton.get('/api/v1/runs?dagId=listed&state=failed'))).toEqual([]);
      expect(ids(await baton.get('/api/v1/runs?dagId=listed&trigger=manual&since=2020-01-01T00:00:00Z'))).toHaveLength(3);
      expect(ids(await baton.get('/api/v1/runs?dagId=listed&startedTo=2020-01-01T00:00:00Z'))).toEqual([]);
    });
  });
});
