import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPath, until } from '../support/api-caller.js';
import { TestService } from '../support/test-service.js';

const DAYS = ['2024-03-01', '2024-03-02', '2024-03-03', '2024-03-04'] as const;
const at = (day: string): string => `${day}T00:00:00Z`;

describe('DAGs and runs that wait for others', () => {
  let baton: TestService;
  beforeAll(async () => {
    baton = await TestService.start({
      BATON_LOG_LEVEL: 'warn',
      BATON_ACTIVITIES: fileURLToPath(new URL('backfill-activities.mjs', import.meta.url)),
    });
  });
  afterAll(() => baton?.stop());

  const store = async (spec: string): Promise<void> => {
    const { status, text } = await baton.put(spec);
    expect([201, 200], text).toContain(status);
  };
  const start = (dagId: string, body: object = {}) => baton.post(`/api/v1/dags/${dagId}/runs`, body);
  const task = async (runId: string, taskId: string) => (await baton.get(`${runPath(runId)}/tasks/${taskId}`)).body;
  const notice = async (runId: string, taskId: string, text: string): Promise<void> => {
    await expect.poll(async () => (await task(runId, taskId)).notice).toContain(text);
  };
  /** A DAG whose task `load` waits for somebody to say that it may go on. */
  const gated = (id: string, schedule = 'schedule: "@daily"'): string => `id: ${id}
${schedule}
tasks:
  load: { type: approval, with: { message: "load?" } }
  after: { type: noop, dependsOn: [load] }
`;
  const decide = async (runId: string, decision: 'approve' | 'reject', taskId = 'load'): Promise<void> => {
    await until(async () => (await task(runId, taskId)).state === 'running');
    const { status, text } = await baton.post(`${runPath(runId)}/tasks/${taskId}/approve`, { decision });
    expect([200, 202], text).toContain(status);
  };

  it('a wait is met by a run that has ended, that is open, and that is yet to begin', async () => {
    await store(gated('orders'));
    await store(`id: revenue
schedule: "@daily"
tasks:
  orders: { type: wait, with: { run: { dag: orders } } }
  load: { type: wait, with: { run: { dag: orders, task: load } } }
outputs: { orders: "\${{ tasks.orders.output }}", load: "\${{ tasks.load.output }}" }
`);
    const [first, second] = DAYS;
    // Not begun: the DAG tells.
    await start('revenue', { logicalDate: at(first) });
    const waiting = `revenue-${at(first)}`;
    await notice(waiting, 'orders', `run orders-${at(first)}, which has not begun`);
    expect((await task(waiting, 'orders')).waitsUntil).toBeDefined();
    await start('orders', { logicalDate: at(first) });
    await notice(waiting, 'orders', `waits for run orders-${at(first)}`);
    await decide(`orders-${at(first)}`, 'approve');
    const { body } = await baton.ended(waiting);
    expect(body).toMatchObject({
      state: 'success',
      outputs: {
        orders: { timedOut: false, runId: `orders-${at(first)}`, state: 'success' },
        load: { timedOut: false, runId: `orders-${at(first)}`, state: 'success' },
      },
    });
    // Open.
    await start('orders', { logicalDate: at(second) });
    await until(async () => (await task(`orders-${at(second)}`, 'load')).state === 'running');
    await start('revenue', { logicalDate: at(second) });
    await notice(`revenue-${at(second)}`, 'load', `waits for task load of run orders-${at(second)}`);
    await decide(`orders-${at(second)}`, 'approve');
    expect((await baton.ended(`revenue-${at(second)}`)).body.state).toBe('success');
    // Ended.
    const late = await baton.put(`id: late
tasks:
  orders: { type: wait, with: { run: { dag: orders, date: "\${{ params.day }}" } } }
params: { day: { type: string } }
`);
    expect(late.status).toBe(201);
    expect((await baton.run('late', { params: { day: at(second) } })).body.state).toBe('success');
  });

  it('what failed fails the wait, skips it, or is told by its hooks while it waits on for a repair', async () => {
    await store(gated('source'));
    await store(`id: consumer
schedule: "@daily"
tasks:
  fails: { type: wait, allowFailure: true, with: { run: { dag: source } } }
  skips: { type: wait, with: { run: { dag: source, onFailure: skip } } }
  alerts:
    type: wait
    with: { run: { dag: source, task: load, onFailure: alert } }
    hooks: { failure: { type: sql, with: { query: "select \${{ task.failure.message }}" } } }
`);
    const [day] = DAYS;
    await start('source', { logicalDate: at(day) });
    await start('consumer', { logicalDate: at(day) });
    await decide(`source-${at(day)}`, 'reject');
    const run = `consumer-${at(day)}`;
    await until(async () => (await task(run, 'skips')).state === 'skipped');
    await until(async () => (await task(run, 'fails')).state === 'failed');
    expect(await task(run, 'fails')).toMatchObject({
      state: 'failed',
      failure: { kind: 'upstream_run', message: `run source-${at(day)} is failed` },
    });
    await notice(run, 'alerts', `task load of run source-${at(day)} is failed; waits until it has been done again`);
    await expect.poll(async () => (await task(run, 'alerts')).hooks).toMatchObject([{ hook: 'failure', state: 'success' }]);
    // Done again, it succeeds.
    const again = await baton.post('/api/v1/backfills', { dagId: 'source', dates: ['2024-02-29'], reprocess: 'failed' });
    expect(again.status).toBe(202);
    await until(async () => (await baton.get(runPath(`source-${at(day)}`))).body.execution === 2);
    await decide(`source-${at(day)}`, 'approve');
    expect((await baton.ended(run)).body.state).toBe('success');
    expect(await task(run, 'alerts')).toMatchObject({ state: 'success', output: { state: 'success' } });
    expect((await task(run, 'alerts')).hooks).toHaveLength(1);
  });

  it('an offset, a window and the latest name other runs, and a date that can have none fails at once', async () => {
    await store(`id: hourly
schedule: "@hourly"
tasks: { load: { type: noop } }
`);
    await store(`id: reader
schedule: "@daily"
tasks:
  before: { type: wait, with: { run: { dag: hourly, offset: "-1h" } } }
  window: { type: wait, with: { run: { dag: hourly, window: 6h } } }
  latest: { type: wait, with: { run: { dag: hourly, latest: true } } }
  never: { type: wait, allowFailure: true, with: { run: { dag: hourly, offset: 30m } } }
  nobody: { type: wait, allowFailure: true, with: { run: { dag: nobody } } }
  late: { type: wait, timeout: 200ms, onTimeout: continue, with: { run: { dag: hourly, offset: 5h } } }
outputs:
  runs: "\${{ [tasks.before.output.runId, tasks.window.output.runId, tasks.late.output.timedOut] }}"
`);
    for (const hour of ['21', '23']) await start('hourly', { logicalDate: `2024-02-29T${hour}:00:00Z` });
    await start('reader', { logicalDate: '2024-03-01T00:00:00Z' });
    const { body } = await baton.ended('reader-2024-03-01T00:00:00Z');
    expect(body).toMatchObject({
      state: 'success',
      outputs: { runs: ['hourly-2024-02-29T23:00:00Z', 'hourly-2024-02-29T23:00:00Z', true] },
    });
    expect((await task(body.runId, 'latest')).output.runId).toContain('hourly-');
    expect((await task(body.runId, 'never')).failure.message).toContain(
      'never runs for 2024-03-01T00:30:00Z: the times of its schedule next to it are 2024-03-01T00:00:00Z and 2024-03-01T01:00:00Z',
    );
    expect((await task(body.runId, 'nobody')).failure).toMatchObject({
      kind: 'upstream_run',
      message: 'there is no DAG nobody',
    });
  });

  let tries = 0;
  it('a trigger starts a run of its own, waits for it or not, and passes on what it is told', async () => {
    // A date has one run: a second try needs one of its own.
    const nth = ++tries;
    const [dayBefore, day] = [DAYS[nth - 1]!, DAYS[nth]!];
    await store(`id: child
schedule: "@daily"
params: { n: { type: integer, default: 1 } }
tasks:
  load: { type: approval, with: { message: "load?" } }
  double: { type: transform, dependsOn: [load], with: { value: "\${{ params.n * 2 }}" } }
outputs: { n: "\${{ tasks.double.output }}", ds: "\${{ run.ds }}", by: "\${{ run.trigger }}" }
`);
    await store(`id: parent
params: { day: { type: string, default: "${at(day)}" } }
tasks:
  waits: { type: trigger, with: { dag: child, params: { n: 21 } } }
  dated: { type: trigger, with: { dag: child, logicalDate: "\${{ params.day }}" } }
  leaves: { type: trigger, with: { dag: child, wait: false } }
  tolerates: { type: trigger, with: { dag: child, propagate: false } }
  unknown: { type: trigger, allowFailure: true, with: { dag: nobody } }
  wrong: { type: trigger, allowFailure: true, with: { dag: child, params: { m: 1 } } }
  never: { type: trigger, allowFailure: true, with: { dag: child, logicalDate: "2024-03-01T01:00:00Z" } }
outputs: { waits: "\${{ tasks.waits.output }}", dated: "\${{ tasks.dated.output.outputs.ds }}", tolerates: "\${{ tasks.tolerates.output.state }}" }
`);
    const { runId } = (await start('parent')).body;
    const childOf = async (parent: string, id: string): Promise<string> => {
      let found: string | undefined;
      await until(async () => {
        const { notice = '', output } = await task(parent, id);
        found = output?.runId ?? /waits for run (\S+),/.exec(notice)?.[1];
        return found !== undefined;
      });
      return found!;
    };
    const started = ['waits', 'dated', 'leaves', 'tolerates'];
    const [waits, dated, leaves, tolerates] = await Promise.all(started.map((id) => childOf(runId, id)));
    expect(dated).toBe(`child-${at(day)}`);
    expect((await baton.get(runPath(waits!))).body).toMatchObject({
      trigger: 'trigger',
      triggeredBy: { runId, taskId: 'waits', href: runPath(runId) },
    });
    for (const child of [waits, dated, leaves]) await decide(child!, 'approve');
    await decide(tolerates!, 'reject');
    const { body } = await baton.ended(runId);
    expect(body.failure).toBeUndefined();
    expect(body).toMatchObject({
      state: 'success',
      outputs: {
        waits: { runId: waits, state: 'success', outputs: { n: 42, by: 'trigger' } },
        dated: dayBefore,
        tolerates: 'failed',
      },
    });
    expect((await task(runId, 'leaves')).output).toEqual({ runId: leaves, state: null, outputs: null });
    const failures = await Promise.all(['unknown', 'wrong', 'never'].map(async (id) => (await task(runId, id)).failure));
    expect(failures).toMatchObject([
      { kind: 'dag_missing', message: 'there is no DAG nobody' },
      { kind: 'invalid_params', message: expect.stringContaining('the DAG has no param m; it has n') },
      { kind: 'upstream_run', message: expect.stringContaining('2024-03-01T01:00:00Z') },
    ]);
    // The date has its run: it is not done again.
    const again = (await start('parent')).body.runId;
    await until(async () => (await task(again, 'dated')).state === 'success');
    expect((await task(again, 'dated')).output.runId).toBe(dated);
    // A cancel reaches what it has started.
    const child = await childOf(again, 'waits');
    await baton.post(`${runPath(again)}/cancel`);
    expect((await baton.ended(again)).body.state).toBe('cancelled');
    expect((await baton.ended(child)).body.state).toBe('cancelled');
  });

  it('a failure of a run that was triggered fails the task, a circle of triggers is refused, an endless row is cut', async () => {
    await store(gated('broken', ''));
    await store(`id: caller
tasks: { call: { type: trigger, with: { dag: broken } } }
`);
    const { runId } = (await start('caller')).body;
    await notice(runId, 'call', 'which it has started');
    const child = /waits for run (\S+),/.exec((await task(runId, 'call')).notice)![1]!;
    await decide(child, 'reject');
    expect((await baton.ended(runId)).body.state).toBe('failed');
    expect((await task(runId, 'call')).failure).toMatchObject({
      kind: 'upstream_run',
      message: expect.stringContaining(`run ${child} is failed: `),
    });
    const refused = await baton.put(`id: broken
tasks: { call: { type: trigger, with: { dag: caller } } }
`);
    expect([refused.status, refused.body.issues[0].code]).toEqual([422, 'dag_cycle']);
    await store(`id: again
tasks: { call: { type: trigger, with: { dag: again, wait: false } } }
`);
    await start('again');
    await expect
      .poll(async () => (await baton.get('/api/v1/runs?dagId=again&state=failed')).body.items.length, { timeout: 60_000 })
      .toBe(1);
    const [last] = (await baton.get('/api/v1/runs?dagId=again&state=failed')).body.items;
    expect((await task(last.runId, 'call')).failure.message).toContain('50 triggers in a row');
  });

  it('DAGs that wait for each other without end are refused, and runs that do so are found', async () => {
    await store(`id: left
schedule: "@daily"
tasks: { w: { type: wait, with: { run: { dag: right } } } }
`);
    const refused = await baton.put(`id: right
schedule: "@daily"
tasks: { w: { type: wait, with: { run: { dag: left } } } }
`);
    expect([refused.status, refused.body.issues]).toMatchObject([
      422,
      [
        {
          code: 'dag_cycle',
          path: '/tasks/w/with/run',
          line: 3,
          message: expect.stringContaining('right -> right/w -> left -> left/w -> right'),
        },
      ],
    ]);
    // Dates that only the run knows.
    const stored = await baton.put(`id: right
schedule: "@daily"
tasks:
  load: { type: noop }
  w: { type: wait, dependsOn: [load], with: { run: { dag: left, date: "\${{ run.logicalDate }}" } } }
`);
    expect(stored.status).toBe(201);
    const [day] = DAYS;
    await start('left', { logicalDate: at(day) });
    await notice(`left-${at(day)}`, 'w', 'which has not begun');
    await start('right', { logicalDate: at(day) });
    const { body } = await baton.ended(`right-${at(day)}`);
    expect(body.state).toBe('failed');
    expect((await task(body.runId, 'w')).failure).toMatchObject({
      kind: 'upstream_run',
      message: `runs wait for each other without end: right-${at(day)} -> left-${at(day)} -> right-${at(day)}`,
    });
    expect((await baton.ended(`left-${at(day)}`)).body.state).toBe('failed');
  });

  it('a task that depends on the past waits for its like in the run before, whatever is done again there', async () => {
    await store(`id: ledger
schedule: "@daily"
startDate: 2024-03-01
endDate: 2024-03-02
catchup: true
maxActiveRuns: 4
tasks:
  load: { type: approval, with: { message: "load?" } }
  close: { type: transform, dependsOn: [load], dependsOnPast: true, with: { value: "\${{ run.ds }}" } }
  audit: { type: noop, dependsOnPast: [load, close] }
`);
    const [first, second, third] = DAYS;
    const [one, two] = [`ledger-${at(second)}`, `ledger-${at(third)}`];
    // Both dates are caught up with, side by side.
    await decide(two, 'approve');
    await notice(two, 'close', `depends on the past: waits for task close of run ${one}`);
    await notice(two, 'audit', `waits for tasks close, load of run ${one}`);
    expect((await task(two, 'close')).state).toBe('queued');
    // Nothing was before.
    await until(async () => (await task(one, 'audit')).state === 'success');
    await decide(one, 'reject');
    await baton.ended(one);
    await notice(two, 'close', `task close of run ${one} is upstream_failed; do that run again`);
    expect((await baton.post('/api/v1/backfills', { dagId: 'ledger', dates: [first], reprocess: 'failed' })).status).toBe(202);
    await until(async () => (await baton.get(runPath(one))).body.execution === 2);
    await decide(one, 'approve');
    const { body } = await baton.ended(two);
    expect(body.state).toBe('success');
    // Runs without a date have no past, and a backfill goes the way of time.
    const manual = await start('ledger');
    await decide(manual.body.runId, 'approve');
    expect((await baton.ended(manual.body.runId)).body.state).toBe('success');
    const newest = await baton.post('/api/v1/backfills', { dagId: 'ledger', dates: [first], order: 'newest' });
    expect([newest.status, newest.body.errors[0].pointer]).toEqual([400, '/order']);
  });

  it('a backfill waits behind a date that failed, with no more runs than it may have, and goes on when that is done again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'baton-nights-'));
    const nights = [1, 2, 3, 4, 5, 6].map((day) => `2024-03-0${day}`);
    const missing = nights[1]!;
    for (const night of nights) if (night !== missing) writeFileSync(join(folder, night), '');
    await store(`id: nights
schedule: "@daily"
catchup: true
maxActiveRuns: 3
tasks:
  load: { type: activity, with: { name: needsFile, args: ["${folder}/\${{ run.ds }}"] } }
  close: { type: noop, dependsOn: [load], dependsOnPast: true }
`);
    const backfill = async (body: object): Promise<string> => {
      const { status, body: made, text } = await baton.post('/api/v1/backfills', { dagId: 'nights', ...body });
      expect(status, text).toBe(202);
      return made.id;
    };
    const stateOf = async (id: string) => (await baton.get(`/api/v1/backfills/${id}`)).body;
    const first = await backfill({ from: nights[0], to: nights.at(-1), maxActiveRuns: 2 });
    await expect
      .poll(async () => (await baton.get('/api/v1/dags/nights/places')).body)
      .toMatchObject({ active: 0, parked: 2, away: [{ runId: `nights-${at('2024-03-04')}` }, {}] });
    expect(await stateOf(first)).toMatchObject({ state: 'running', progress: { success: 1, failed: 1 } });
    writeFileSync(join(folder, missing), '');
    const again = await backfill({ dates: [missing], reprocess: 'failed' });
    await expect.poll(() => stateOf(again)).toMatchObject({ state: 'success', progress: { success: 1 } });
    await expect.poll(() => stateOf(first)).toMatchObject({ progress: { success: 5, failed: 1, running: 0 } });
    for (const night of nights) {
      const date = new Date(Date.parse(at(night)) + 86_400_000).toISOString().replace('.000', '');
      const { state, execution } = (await baton.get(runPath(`nights-${date}`))).body;
      expect([night, state, execution]).toEqual([night, 'success', night === missing ? 2 : 1]);
    }
    await expect
      .poll(async () => (await baton.get('/api/v1/dags/nights/places')).body)
      .toMatchObject({ active: 0, parked: 0, queued: 0 });
    rmSync(folder, { recursive: true });
  });
});
