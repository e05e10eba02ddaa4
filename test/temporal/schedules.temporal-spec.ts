import { type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TemporalPort } from '../../activities/system-calls.js';
import { runKeyOf } from '../../src/dag/child-id.js';
import { readJson, writeJson } from '../../src/objects/json-blob.js';
import { reportKey, runPrefix } from '../../src/objects/keys.js';
import type { WorkerHost } from '../../src/temporal/worker-host.js';
import { dagEntityId, dagScheduleId, type RunReport, SYSTEM_QUEUE } from '../../workflows/contract.js';
import { recordHistory } from '../support/recorded-history.js';
import { storeDag } from '../support/store-dag.js';
import { TemporalHarness } from '../support/temporal-harness.js';

const NEW_YEAR = { nominal: Date.parse('2024-01-01T00:00:00Z'), firedAt: Date.now() + 3_600_000 };
const DAG = (id: string, fields: string) => `id: ${id}\n${fields}\ntasks: { a: { type: noop } }\n`;

/** DAGs whose Schedule nobody may touch now, and such whose Schedule is touched and the answer lost. */
const denied = new Set<string>();
const unanswered = new Set<string>();
const troubled = (real: TemporalPort): TemporalPort => ({
  ...real,
  applySchedule: async (order) => {
    if (denied.has(order.dagId)) throw new Error('Temporal refuses');
    await real.applySchedule(order);
    if (unanswered.has(order.dagId)) throw new Error('the answer was lost');
  },
});

let temporal: TemporalHarness;
let entities: WorkerHost;
beforeAll(async () => {
  temporal = await TemporalHarness.start();
  entities = await temporal.work([SYSTEM_QUEUE], { cache: 0, port: troubled });
});
afterAll(() => temporal?.stop());

const scheduleOf = (dagId: string) => temporal.connection.client.schedule.getHandle(dagScheduleId(dagId));
const described = async (dagId: string): Promise<ScheduleDescription | undefined> => {
  try {
    return await scheduleOf(dagId).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
};
const stateOf = async (dagId: string) => (await temporal.dags.head(dagId))?.schedule?.state;
const next = async (dagId: string): Promise<string | undefined> =>
  (await described(dagId))?.info.nextActionTimes[0]?.toISOString();

describe('the Temporal Schedule of a DAG', () => {
  test('is there when the DAG is stored, and follows what is stored', async () => {
    const first = await storeDag(temporal, DAG('follows', 'schedule: "30 2 1 1 *"\ntimezone: Europe/Berlin'));
    expect(first.head.schedule?.state).toBe('active');
    expect(await next('follows')).toMatch(/-01-01T01:30:00.000Z$/);
    const [before] = [await described('follows')];
    expect(before).toMatchObject({
      policies: { overlap: 'ALLOW_ALL', catchupWindow: 86_400_000 },
      action: { workflowId: 'follows', workflowType: 'dagRun', args: [{ scheduled: { dagId: 'follows' } }] },
      state: { paused: false },
    });

    // Another version that runs at the same times does not touch it: an update would lose times that are being caught up.
    const same = DAG('follows', 'description: other\nschedule: "30 2 1 1 *"\ntimezone: Europe/Berlin');
    expect((await storeDag(temporal, same)).head).toMatchObject({ latest: { version: 2 }, schedule: { state: 'active' } });
    expect((await described('follows'))?.info.lastUpdatedAt).toEqual(before?.info.lastUpdatedAt);

    await storeDag(temporal, DAG('follows', 'schedule: { every: 3d }\ncatchupWindow: 2h\noverlapPolicy: buffer_one'));
    expect(await described('follows')).toMatchObject({
      spec: { intervals: [{ every: 3 * 86_400_000 }], calendars: [] },
      policies: { overlap: 'BUFFER_ONE', catchupWindow: 7_200_000 },
    });

    expect((await storeDag(temporal, DAG('follows', ''))).head.schedule).toBeUndefined();
    expect(await described('follows')).toBeUndefined();
  });

  test('is paused with the DAG and says so, and goes away and comes back with it', async () => {
    await storeDag(temporal, DAG('naps', 'schedule: "@daily"'));
    expect((await temporal.dags.pause('naps', true, 'ada')).schedule?.state).toBe('paused');
    expect((await described('naps'))?.state).toMatchObject({
      paused: true,
      note: expect.stringMatching(/is paused since .* by ada/),
    });
    // A new version of a paused DAG is paused.
    expect((await storeDag(temporal, DAG('naps', 'schedule: "@hourly"'))).head.schedule?.state).toBe('paused');
    expect((await described('naps'))?.state.paused).toBe(true);
    expect((await temporal.dags.pause('naps', false)).schedule?.state).toBe('active');
    expect((await described('naps'))?.state.paused).toBe(false);
    await temporal.dags.remove('naps');
    expect(await described('naps')).toBeUndefined();
    await storeDag(temporal, DAG('naps', 'schedule: "@hourly"'));
    expect((await described('naps'))?.state.paused).toBe(false);
  });

  test('is brought about in the end, whatever fails in between', async () => {
    denied.add('denied');
    const stored = await storeDag(temporal, DAG('denied', 'schedule: "@daily"'));
    expect([stored.outcome, stored.head.schedule?.state]).toEqual(['created', 'pending']);
    expect(await described('denied')).toBeUndefined();
    denied.clear();
    await expect.poll(() => stateOf('denied')).toBe('active');
    expect(await described('denied')).toBeDefined();

    unanswered.add('denied');
    expect((await temporal.dags.pause('denied', true)).schedule?.state).toBe('pending');
    expect((await described('denied'))?.state.paused).toBe(true);
    unanswered.clear();
    await expect.poll(() => stateOf('denied')).toBe('paused');

    // What is asked for while the call before still fails wins.
    denied.add('denied');
    await temporal.dags.pause('denied', false);
    await storeDag(temporal, DAG('denied', 'schedule: "@weekly"'));
    await temporal.dags.pause('denied', true);
    expect(await stateOf('denied')).toBe('pending');
    denied.clear();
    await expect.poll(() => stateOf('denied')).toBe('paused');
    expect(await described('denied')).toMatchObject({
      state: { paused: true },
      spec: { calendars: [{ dayOfWeek: [{ start: 'SUNDAY' }] }] },
    });

    denied.add('denied');
    await temporal.dags.remove('denied');
    expect(await described('denied')).toBeDefined();
    denied.clear();
    await expect.poll(() => described('denied')).toBeUndefined();
  });

  test('that others delete, change or switch is put right', async () => {
    await storeDag(temporal, DAG('touched', 'schedule: "@daily"'));
    await scheduleOf('touched').delete();
    await expect.poll(() => described('touched')).toBeDefined();
    await scheduleOf('touched').pause('by hand');
    await expect.poll(async () => (await described('touched'))?.state.paused).toBe(false);
    await scheduleOf('touched').update((is) => ({ ...is, spec: { intervals: [{ every: '1 day' }] } }));
    await expect.poll(async () => (await described('touched'))?.spec.intervals).toEqual([]);
    expect(await next('touched')).toMatch(/T00:00:00.000Z$/);
  });

  test('of an entity that was ended from outside is taken up again by the next one', async () => {
    await storeDag(temporal, DAG('revived', 'schedule: "@daily"'));
    const entity = temporal.connection.client.workflow.getHandle(dagEntityId('revived'));
    await recordHistory(entity, 'a-dag-keeps-its-schedule');
    await entity.terminate('a test');
    await scheduleOf('revived').delete();
    expect((await temporal.dags.pause('revived', true)).schedule?.state).toBe('paused');
    expect((await described('revived'))?.state.paused).toBe(true);
  });
});

describe('what a Temporal Schedule starts', () => {
  beforeAll(async () => {
    await entities.stop();
    entities = await temporal.work([SYSTEM_QUEUE], { port: troubled });
  });

  const at = (text: string): Date => new Date(text);
  /** Lets the Schedule start the runs of times that are over: those from `from` to `to`, both included. */
  const fire = (dagId: string, from: string, to = from): Promise<void> =>
    scheduleOf(dagId).backfill({ start: new Date(at(from).getTime() - 500), end: at(to), overlap: 'ALLOW_ALL' });
  const resultOf = (runId: string): Promise<unknown> =>
    temporal.connection.client.workflow
      .getHandle(runId)
      .result()
      .catch(() => undefined);

  test('is a run before any worker has looked at it: listed, readable, and failed when it is ended from outside', async () => {
    await storeDag(temporal, `${DAG('unseen', 'schedule: "@daily"\ntags: [x]')}params: { p: { type: integer, default: 7 } }\n`);
    await fire('unseen', '2024-02-28T00:00:00Z', '2024-03-01T00:00:00Z');
    const list = async (more = {}) => (await temporal.runs.list({ dagId: 'unseen', limit: 10, ...more })).items;
    await expect.poll(async () => (await list()).length).toBe(3);
    expect(
      (await list({ state: 'queued', trigger: 'schedule' })).map(({ run }) => run.scope.dataInterval.start).sort(),
    ).toEqual(['2024-02-27T00:00:00Z', '2024-02-28T00:00:00Z', '2024-02-29T00:00:00Z']);
    expect(
      await list({ logicalDateFrom: at('2024-02-29T00:00:00Z'), logicalDateTo: at('2024-03-01T00:00:00Z') }),
    ).toMatchObject([{ run: { runId: 'unseen-2024-02-29T00:00:00Z', dated: true, version: 1 }, state: 'queued' }]);
    const runId = 'unseen-2024-02-28T00:00:00Z';
    expect(await temporal.runs.get(runId)).toMatchObject({
      live: false,
      head: { state: 'queued', run: { runId, params: { p: 7 }, scope: { trigger: 'schedule', ds: '2024-02-27' } } },
    });
    expect(await temporal.runs.exists(runId, 'unseen', 'unseen-2024-02-28T000000Z')).toMatchObject({
      exists: true,
      open: true,
    });
    await temporal.connection.client.workflow.getHandle(runId).terminate('a test');
    await expect
      .poll(() => temporal.runs.get(runId))
      .toMatchObject({ head: { state: 'failed', failure: { kind: 'terminated' }, run: { params: { p: 7 } } } });
  });

  test.each([100, 0])(
    'goes by the version that was the newest when it was started, with a workflow cache of %i',
    async (cache) => {
      const dagId = `versions-${cache}`;
      const outputs = (word: string) => `${DAG(dagId, 'schedule: "0 0 * * *"')}outputs: { word: ${word} }\n`;
      await storeDag(temporal, outputs('one'));
      await fire(dagId, '2024-01-01T00:00:00Z');
      await expect.poll(() => temporal.runs.get(`${dagId}-2024-01-01T00:00:00Z`)).toBeDefined();
      await storeDag(temporal, outputs('two'));
      await fire(dagId, '2024-01-02T00:00:00Z');
      const worker = await temporal.work(['baton'], { cache });
      for (const [day, word] of [
        ['01', 'one'],
        ['02', 'two'],
      ] as const) {
        const runId = `${dagId}-2024-01-${day}T00:00:00Z`;
        await expect.poll(async () => (await temporal.runs.get(runId))?.head.outputs).toEqual({ word });
        if (cache > 0) await recordHistory(temporal.connection.client.workflow.getHandle(runId), 'a-schedule-starts-a-run');
      }
      await worker.stop();
    },
  );

  test('is known by what it is in each of its executions', async () => {
    const waits = ['a', 'b', 'c'].map(
      (id, i) => `  ${id}: { type: wait, ${i === 0 ? '' : `dependsOn: [${'abc'[i - 1]}], `}with: { duration: 50ms } }`,
    );
    await storeDag(temporal, `id: hops\nschedule: "@daily"\ntags: [x]\ntasks:\n${waits.join('\n')}\n`);
    const shortLived = (real: TemporalPort): TemporalPort => ({
      ...real,
      resolveScheduled: async (start) => {
        const answer = await real.resolveScheduled(start);
        return 'skipped' in answer ? answer : { ...answer, input: { ...answer.input, budgets: { continueFromEvents: 8 } } };
      },
    });
    const worker = await temporal.work(['baton'], { port: shortLived });
    await fire('hops', '2024-01-01T00:00:00Z');
    const runId = 'hops-2024-01-01T00:00:00Z';
    await expect.poll(async () => (await temporal.runs.get(runId))?.head.state).toBe('success');
    const { firstRunId, execution } = (await temporal.connection.client.workflow.getHandle(runId).describe()).raw
      .workflowExecutionInfo!;
    expect(execution!.runId).not.toBe(firstRunId);
    const listed = async () => (await temporal.runs.list({ dagId: 'hops', state: 'success', tag: 'x', limit: 10 })).items;
    await expect.poll(listed).toMatchObject([{ run: { runId, dated: true, version: 1, scope: { trigger: 'schedule' } } }]);
    await worker.stop();
  });

  test('is taken up when a worker comes', async () => {
    await temporal.work(['baton']);
    await expect.poll(async () => (await temporal.runs.get('unseen-2024-03-01T00:00:00Z'))?.head.state).toBe('success');
  });

  test('is counted where it fails and its DAG counts that, until it is paused', async () => {
    const wrong = 'tasks: { a: { type: transform, with: { value: "${{ 1 }}" }, outputSchema: { type: string } } }';
    await storeDag(temporal, `id: counts\nschedule: "@daily"\nmaxConsecutiveFailedRuns: 2\n${wrong}\n`);
    await fire('counts', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z');
    await expect.poll(async () => (await temporal.dags.head('counts'))?.paused).toBe(true);
    const why = expect.stringMatching(/^2 runs failed one after another, the last one counts-2024-01-0[12]T00:00:00Z$/);
    expect((await temporal.dags.head('counts'))?.schedule?.pause).toMatchObject({ from: expect.any(Number), why });
    await expect
      .poll(async () => (await described('counts'))?.state)
      .toMatchObject({ paused: true, note: expect.stringMatching(/: 2 runs failed one after another/) });
    const runId = 'counts-2024-01-01T00:00:00Z';
    await expect.poll(async () => (await temporal.runs.get(runId))?.head.state).toBe('failed');
    await recordHistory(temporal.connection.client.workflow.getHandle(runId), 'a-run-that-its-dag-counts');
  });

  test('comes to nothing when the DAG has no such time, or was paused or deleted by then; the date stays free', async () => {
    await storeDag(temporal, DAG('nothing', 'schedule: "@daily"'));
    await fire('nothing', '2024-01-01T00:00:00Z');
    await expect.poll(() => resultOf('nothing-2024-01-01T00:00:00Z')).toMatchObject({ state: 'success' });

    // By hand, at a time that is none of the schedule's.
    const known = new Set(await workflowsOf('nothing'));
    await scheduleOf('nothing').trigger();
    let odd: string | undefined;
    await expect
      .poll(async () => {
        odd = (await workflowsOf('nothing')).find((id) => !known.has(id));
        return odd;
      })
      .toBeDefined();
    expect(await resultOf(odd!)).toEqual({
      skipped: 'unscheduled',
      message: expect.stringContaining('is not one of the schedule'),
    });
    expect(await temporal.runs.get(odd!)).toBeUndefined();
    await expect.poll(async () => (await temporal.runs.list({ limit: 10, dagId: 'nothing' })).items.length).toBe(1);

    // The Schedule is not paused yet when it fires.
    await storeDag(temporal, DAG('late', 'schedule: { every: 1s }'));
    denied.add('late');
    const { schedule } = await temporal.dags.pause('late', true);
    await expect
      .poll(async () => {
        const last = (await workflowsOf('late')).sort().at(-1);
        return last !== undefined && last > `late-${new Date(schedule!.pause!.from).toISOString()}`
          ? resultOf(last)
          : undefined;
      })
      .toMatchObject({ skipped: 'paused' });
    denied.clear();
    // Started by hand for the same date: what was skipped is no run, and is in nobody's way.
    const skipped = (await workflowsOf('late')).sort().at(-1)!;
    const made = await temporal.runs.scheduled.resolve({ ...NEW_YEAR, dagId: 'nothing', runId: skipped });
    if ('skipped' in made) throw new Error(made.message);
    expect(await temporal.runs.start(made.input)).toMatchObject({ started: true });
  });

  const workflowsOf = async (dagId: string): Promise<string[]> => {
    const ids: string[] = [];
    const query = `TemporalScheduledById = '${dagScheduleId(dagId)}'`;
    for await (const { workflowId } of temporal.connection.client.workflow.list({ query })) ids.push(workflowId);
    return ids;
  };

  test('is not run again when Temporal has forgotten it and its report is there', async () => {
    await storeDag(temporal, DAG('forgotten', 'schedule: "@daily"'));
    const known = 'forgotten-2024-01-02T00:00:00Z';
    await fire('forgotten', '2024-01-02T00:00:00Z');
    await expect.poll(() => resultOf(known)).toMatchObject({ state: 'success' });
    // The report of a run that Temporal knows nothing of: what is left when its retention is over.
    const runId = 'forgotten-2024-01-01T00:00:00Z';
    const keyOf = (id: string) => reportKey(runPrefix('forgotten', runKeyOf(id), 1));
    const report = (await readJson<RunReport>(temporal.store, keyOf(known)))!;
    const head = { ...report.head, run: { ...report.head.run, runId } };
    await writeJson(temporal.store, keyOf(runId), { ...report, head });

    await fire('forgotten', '2024-01-01T00:00:00Z');
    await expect.poll(() => resultOf(runId)).toMatchObject({ skipped: 'exists' });
    expect(await temporal.runs.get(runId)).toMatchObject({ head: { state: 'success', run: { runId, execution: 1 } } });
  });

  test('fails by name when its DAG has lost what it needs', async () => {
    await storeDag(temporal, DAG('part', ''));
    await storeDag(temporal, 'id: whole\nschedule: "@daily"\ntasks: { a: { type: dag, with: { dag: part } } }\n');
    await temporal.dags.remove('part');
    await fire('whole', '2024-01-01T00:00:00Z');
    await expect
      .poll(() => temporal.runs.get('whole-2024-01-01T00:00:00Z'))
      .toMatchObject({ head: { state: 'failed', failure: { kind: 'dag_missing' }, run: { version: 1 } } });
  });
});
