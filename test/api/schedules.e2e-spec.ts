import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporalConnection } from '../../src/temporal/temporal-connection.js';
import { dagScheduleId } from '../../workflows/contract.js';
import { runPath, until } from '../support/api-caller.js';
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

describe('a DAG with a schedule', () => {
  it('is run by it at the times that were foretold, each run as if it had been started over REST with that date', async () => {
    const stored = await baton.put(DAG('beat', 'schedule: { every: 1s }'));
    expect([stored.status, stored.body.scheduleState]).toEqual([201, 'active']);
    const { body: foretold } = await baton.get(`${stored.body.links.schedule}?count=3`);
    expect(foretold).toMatchObject({ state: 'active', description: 'every 1s', timezone: 'UTC', overlapPolicy: 'allow_all' });
    expect(foretold.note).toBeUndefined();
    const dates: string[] = foretold.next.map(({ logicalDate }: { logicalDate: string }) => logicalDate);
    expect(dates).toHaveLength(3);
    for (const logicalDate of dates) {
      await expect.poll(async () => (await baton.get(runPath(`beat-${logicalDate}`))).status).toBe(200);
      const { body } = await baton.ended(`beat-${logicalDate}`);
      const begin = new Date(Date.parse(logicalDate) - 1_000).toISOString().replace('.000', '');
      expect(body).toMatchObject({
        state: 'success',
        trigger: 'schedule',
        dated: true,
        version: 1,
        execution: 1,
        logicalDate,
        dataInterval: { start: begin, end: logicalDate },
        params: { region: 'eu' },
        outputs: { day: `${begin.slice(0, 10)} schedule eu` },
      });
    }
    const [first] = dates;
    const again = await baton.post('/api/v1/dags/beat/runs', { logicalDate: first });
    expect([again.status, again.body.code]).toEqual([409, 'run_exists']);
    expect((await baton.get(`${runPath(`beat-${first}`)}/tasks`)).body.items).toHaveLength(1);
    const listed = await baton.get(`/api/v1/runs?dagId=beat&trigger=schedule&state=success&logicalDateFrom=${first}`);
    expect(listed.body.items.map(({ logicalDate }: { logicalDate: string }) => logicalDate)).toContain(first);
  });

  it('says why it does not run while it is paused, and what passed in that time', async () => {
    // One of its own for each try: an earlier pause would be seen in the past of the DAG.
    const id = `pause-${Date.now()}`;
    await baton.put(DAG(id, 'schedule: { every: 1s }'));
    const paused = await baton.call('PATCH', `/api/v1/dags/${id}`, { paused: true });
    expect([paused.status, paused.body.scheduleState]).toEqual([200, 'paused']);
    const shown = (await baton.get(`/api/v1/dags/${id}/schedule`)).body;
    expect(shown).toMatchObject({
      state: 'paused',
      note: expect.stringMatching(/^The DAG is paused since 20.*Z; times that pass are not run/),
    });
    expect(shown.next).toHaveLength(10);
    const gapOf = async () => (await baton.get(`/api/v1/dags/${id}/schedule?count=1000`)).body.gaps[0];
    await expect.poll(async () => (await gapOf())?.times).toBeGreaterThan(2);
    await baton.call('PATCH', `/api/v1/dags/${id}`, { paused: false });
    await expect
      .poll(async () => (await baton.get(`/api/v1/dags/${id}/schedule`)).body.last[0])
      .toMatchObject({ outcome: 'started', logicalDate: expect.any(String) });
    const { last, gaps, state, counts } = (await baton.get(`/api/v1/dags/${id}/schedule?count=1000`)).body;
    expect(state).toBe('active');
    expect(counts).toMatchObject({ missed: 0, skipped: 0, dropped: 0 });
    const gap = gaps.find(({ outcome }: { outcome: string }) => outcome === 'paused');
    for (const { logicalDate, outcome, runId } of last) {
      const inside = logicalDate >= gap.from && logicalDate <= gap.to;
      expect([logicalDate, outcome === 'paused', runId === undefined && outcome !== 'waiting']).toEqual([
        logicalDate,
        inside,
        inside,
      ]);
    }
  });

  it('is paused by so many runs that fail one after another, says which, and counts anew when it is resumed', async () => {
    const id = `failing-${Date.now()}`;
    const spec = (value: string) => `id: ${id}
schedule: { every: 1s }
maxConsecutiveFailedRuns: 2
tasks:
  check: { type: transform, with: { value: "\${{ ${value} }}" }, outputSchema: { type: string } }
`;
    expect((await baton.put(spec('1'))).status).toBe(201);
    const schedule = async () => (await baton.get(`/api/v1/dags/${id}/schedule`)).body;
    const lastOf = async () =>
      /: 2 runs failed one after another, the last one (\S+); times/.exec((await schedule()).note)?.[1];
    await expect.poll(lastOf).toBeDefined();
    const last = (await lastOf())!;
    expect(last).toContain(`${id}-20`);
    expect((await baton.get(`/api/v1/dags/${id}`)).body.paused).toBe(true);
    await expect.poll(async () => (await baton.get(runPath(last))).body.state).toBe('failed');
    await baton.call('PATCH', `/api/v1/dags/${id}`, { paused: false });
    await expect.poll(lastOf).toSatisfy((again) => again !== undefined && again !== last);
    await baton.put(spec("'one'"));
    await baton.call('PATCH', `/api/v1/dags/${id}`, { paused: false });
    const ended = async () => (await baton.get(`/api/v1/runs?dagId=${id}&state=success`)).body.items.length;
    await expect.poll(ended).toBeGreaterThan(2);
    expect((await schedule()).state).toBe('active');
  });

  it('of which somebody has deleted the Temporal Schedule gets it back as soon as anybody looks', async () => {
    await baton.put(DAG('lost', 'schedule: "@daily"'));
    const { port } = JSON.parse(await readFile(join(baton.home, 'temporal.pid'), 'utf8')) as { readonly port: number };
    const temporal = new TemporalConnection({ address: `127.0.0.1:${port}`, namespace: 'default', identity: 'a test' });
    try {
      await temporal.client.schedule.getHandle(dagScheduleId('lost')).delete();
      const seen = (await baton.get('/api/v1/dags/lost/schedule')).body;
      expect(seen).toMatchObject({ state: 'pending', note: expect.stringContaining('is not there'), last: [] });
      expect(seen.counts).toBeUndefined();
      await expect.poll(async () => (await baton.get('/api/v1/dags/lost/schedule')).body.state).toBe('active');
    } finally {
      await temporal.close();
    }
  });

  it('foretells what startDate and endDate leave of it, and nothing where there is no schedule', async () => {
    const bounds = 'startDate: 2090-01-01\nendDate: 2090-01-02\ntimezone: Europe/Berlin\nschedule: "@daily"';
    await baton.put(DAG('bounded', bounds));
    expect((await baton.get('/api/v1/dags/bounded/schedule')).body.next).toEqual([
      { logicalDate: '2090-01-01T23:00:00Z', dataInterval: { start: '2089-12-31T23:00:00Z', end: '2090-01-01T23:00:00Z' } },
      { logicalDate: '2090-01-02T23:00:00Z', dataInterval: { start: '2090-01-01T23:00:00Z', end: '2090-01-02T23:00:00Z' } },
    ]);
    await baton.put(DAG('bounded', ''));
    const none = await baton.get('/api/v1/dags/bounded/schedule');
    expect([none.status, none.body.code]).toEqual([404, 'no_schedule']);
    for (const count of ['0', '1001', 'x', '1.5'])
      expect((await baton.get(`/api/v1/dags/bounded/schedule?count=${count}`)).status).toBe(400);
    expect((await baton.get('/api/v1/dags/nowhere/schedule')).status).toBe(404);
  });
});

describe('a run that takes longer than the pause between two times', () => {
  interface Run {
    readonly runId: string;
    readonly state: string;
    readonly logicalDate: string;
    readonly startedAt: string;
    readonly endedAt?: string;
  }
  interface Time {
    readonly logicalDate: string;
    readonly outcome: string;
  }
  const dagOf = (policy: string): string => `slow-${policy.replace('_', '-')}`;
  /** Those that have begun, the oldest first. */
  const runs = async (policy: string): Promise<Run[]> =>
    (await baton.get(`/api/v1/runs?dagId=${dagOf(policy)}&limit=100`)).body.items
      .filter(({ state }: Run) => state !== 'queued')
      .reverse();
  /** What became of the times from the first one on that Temporal knew of. */
  const outcomes = async (policy: string, since: string): Promise<ReadonlySet<string>> => {
    let last: Time[] = [];
    // On a busy machine a call may have no answer in time: it is repeated, as a careful client does.
    await until(async () => {
      const { status, body } = await baton.get(`/api/v1/dags/${dagOf(policy)}/schedule?count=1000`);
      last = body?.last;
      return status !== 503;
    });
    return new Set(last.filter(({ logicalDate }) => logicalDate >= since).map(({ outcome }) => outcome));
  };
  /** Two after each other, for all of them. */
  const pairs = (all: readonly Run[]): (readonly [Run, Run])[] => all.slice(1).map((run, i) => [all[i]!, run]);

  it.concurrent.for(['allow_all', 'skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other'])(
    'is met as Temporal does by %s',
    async (policy, { expect }) => {
      const spec = `id: ${dagOf(policy)}
schedule: { every: 1s }
overlapPolicy: ${policy}
tasks:
  made: { type: noop, setup: true }
  slow: { type: wait, dependsOn: [made], with: { duration: 2500ms } }
  tidy: { type: noop, dependsOn: [slow], teardown: [made] }
`;
      expect((await baton.put(spec)).status).toBe(201);
      await expect.poll(async () => (await runs(policy)).filter(({ endedAt }) => endedAt !== undefined).length).toBe(3);
      const seen = await runs(policy);
      const told = await outcomes(policy, seen[0]!.logicalDate);
      await baton.call('DELETE', `/api/v1/dags/${dagOf(policy)}`);
      const ended = seen.filter(({ endedAt }) => endedAt !== undefined);
      const together = pairs(seen).filter(([before, { startedAt }]) => (before.endedAt ?? '9') > startedAt);
      expect(together.length > 0).toBe(policy === 'allow_all');
      const ends = { cancel_other: 'cancelled', terminate_other: 'failed' }[policy] ?? 'success';
      expect(ended.map(({ state }) => state)).toEqual(ended.map(() => ends));
      const dates = seen.map(({ logicalDate }) => Date.parse(logicalDate));
      expect(dates).toEqual([...dates].sort());
      if (policy === 'skip' || policy === 'buffer_one') {
        expect(told).toContain('skipped');
        // What was due while another ran waits for its end, or is none. A time is dealt with within the second that follows.
        for (const [before, { logicalDate }] of pairs(seen))
          expect(Date.parse(before.endedAt!) - Date.parse(logicalDate) > 1_000).toBe(policy === 'buffer_one');
      } else {
        // Two times that come while another run makes room: the first one of them has none.
        const others = policy.endsWith('_other') ? ['started', 'waiting', 'skipped'] : ['started', 'waiting'];
        expect([...told].filter((outcome) => !others.includes(outcome))).toEqual([]);
      }
      if (policy === 'buffer_all') {
        expect(told).toContain('waiting');
        for (const [before, after] of pairs(seen))
          expect(Date.parse(after.logicalDate) - Date.parse(before.logicalDate)).toBe(1_000);
      }
      if (policy === 'cancel_other')
        for (const { runId } of ended) expect((await baton.get(`${runPath(runId)}/tasks/tidy`)).body.state).toBe('success');
    },
  );
});
