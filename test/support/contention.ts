import { Client, Connection } from '@temporalio/client';
import { expect } from 'vitest';
import { eachOf } from '../../src/temporal/each-of.js';
import { type ApiCaller, until } from './api-caller.js';
import type { Cluster } from './cluster.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2020-01-01T00:00:00Z');
const PLACES = 3;
/** Clients that start runs at the same time. */
const CLIENTS = 8;
/** A place that nobody says is free is found within that, in ms: what the issue asks for. */
const FOUND_WITHIN_MS = 30_000;

/** A run may begin so much later than it was given its place, in ms. */
const BUSY_MS = 2_000;

interface Listed {
  readonly runId: string;
  readonly state: string;
  readonly trigger: string;
  readonly acceptedAt: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

/**
 * Runs of one DAG that contend for three places: so many over REST, as many by a backfill, and those of a schedule, all at once. Never
 * are more than three at work, none is lost or done twice, those over REST come in the order in which they were taken in, and holders that
 * are terminated from outside give their places back.
 */
export async function contend(cluster: Cluster, dagId: string, runs: number): Promise<void> {
  const service = await cluster.service();
  const half = Math.floor(runs / 2);
  const spec = (schedule: string) => `id: ${dagId}
schedule: ${schedule}
startDate: 2020-01-01
maxActiveRuns: ${PLACES}
params: { gate: { type: string, default: "" } }
tasks:
  wait: { type: activity, when: "\${{ params.gate != '' }}", with: { name: gate, args: ["\${{ params.gate }}"] } }
  work: { type: activity, dependsOn: [wait], triggerRule: none_failed, with: { name: work } }
`;
  expect((await service.put(spec('{ cron: "0 0 * * *" }'))).status).toBe(201);
  // All places are taken, so that everybody stands in line before the first one goes.
  const holders = await Promise.all(
    Array.from({ length: PLACES }, async () => {
      const { body } = await service.post(`/api/v1/dags/${dagId}/runs`, { params: { gate: 'never' } });
      return body.runId as string;
    }),
  );
  const places = async () => (await service.get(`/api/v1/dags/${dagId}/places`)).body;
  await until(async () => (await places()).holders?.length === PLACES);
  const { body: backfill } = await service.post('/api/v1/backfills', {
    dagId,
    from: new Date(FIRST).toISOString().slice(0, 10),
    to: new Date(FIRST + (half - 1) * DAY).toISOString().slice(0, 10),
    maxActiveRuns: PLACES,
  });
  const started: string[] = [];
  let left = runs - half;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (left-- > 0) {
        const { status, body, text } = await service.post(`/api/v1/dags/${dagId}/runs`, { key: `r${left}` });
        expect(status, text).toBe(202);
        started.push(body.runId);
      }
    }),
  );
  // From now on each second brings one more.
  const changed = await service.put(spec('{ every: 1s }'));
  expect(changed.status).toBe(200);

  const client = new Client({ connection: await Connection.connect({ address: cluster.temporal.address }) });
  const freed = Date.now();
  for (const runId of holders) await client.workflow.getHandle(runId).terminate('by somebody at the server');
  await until(async () => (await listed(service, dagId)).some(({ state }) => state === 'success'), 2 * FOUND_WITHIN_MS);
  expect(Date.now() - freed, 'until a place was found that nobody said was free').toBeLessThan(FOUND_WITHIN_MS);

  const isOver = (run: Listed): boolean => ['success', 'failed', 'cancelled'].includes(run.state);
  const wanted = new Set(started);
  await until(
    async () => (await listed(service, dagId)).filter((run) => wanted.has(run.runId) && isOver(run)).length === wanted.size,
    3_600_000,
  );
  // Live runs go first: without those of the schedule the backfill comes to its turn.
  expect((await service.call('PATCH', `/api/v1/dags/${dagId}`, { paused: true })).status).toBe(200);
  await until(async () => (await service.get(`/api/v1/backfills/${backfill.id}`)).body?.state === 'success', 3_600_000);
  await until(async () => (await listed(service, dagId)).every(isOver), 600_000);

  const all = await listed(service, dagId);
  const others = all.filter(({ runId }) => !holders.includes(runId));
  for (const { runId, state } of others) expect([runId, state]).toEqual([runId, 'success']);
  const of = (trigger: string) => others.filter((run) => run.trigger === trigger);
  expect(
    of('manual')
      .map(({ runId }) => runId)
      .sort(),
  ).toEqual([...wanted].sort());
  expect(of('backfill')).toHaveLength(half);
  expect(of('schedule').length).toBeGreaterThan(0);
  const lines = cluster.ledger.lines();
  const done = new Map<string, number>();
  for (const { run, task, phase } of lines) if (task === 'work' && phase === 'end') done.set(run, (done.get(run) ?? 0) + 1);
  for (const { runId } of others) expect([runId, done.get(runId)]).toEqual([runId, 1]);

  // Lists have when a run was taken in; the run itself says when it had its place.
  const spans = await eachOf(others, async ({ runId, acceptedAt, trigger }) => {
    const { startedAt, endedAt } = (await service.get(`/api/v1/runs/${encodeURIComponent(runId)}`)).body;
    const told = { from: Date.parse(startedAt), to: Date.parse(endedAt) };
    return { runId, acceptedAt, trigger, startedAt: startedAt as string, told, seen: await atWork(client, runId) };
  });
  // Those that are at work when one begins, itself included, where they are more than there are places for.
  const beyond = (by: 'told' | 'seen') =>
    spans
      .map((one) => spans.filter((each) => each[by].from <= one[by].from && each[by].to > one[by].from))
      .filter((together) => together.length > PLACES);
  expect(beyond('told'), 'at work together, as they say themselves').toEqual([]);
  expect(beyond('seen'), 'at work together, by the clock of the Temporal server').toEqual([]);
  // Places are given in exact order (places.property.spec.ts); when a run then begins, a busy worker decides.
  const manual = spans
    .filter(({ trigger }) => trigger === 'manual')
    .sort((one, other) => Date.parse(one.acceptedAt) - Date.parse(other.acceptedAt));
  let latest = 0;
  for (const { runId, startedAt } of manual) {
    expect(Date.parse(startedAt), `${runId} begins before others that came first`).toBeGreaterThanOrEqual(latest - BUSY_MS);
    latest = Math.max(latest, Date.parse(startedAt));
  }
  await client.connection.close();
  await service.kill();
}

/** From its first task until its workflow was closed, which is after the end that a run tells itself. By the clock of the server, epoch ms. */
async function atWork(client: Client, runId: string): Promise<{ from: number; to: number }> {
  const { events } = await client.workflow.getHandle(runId).fetchHistory();
  const first = events!.find(({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes)!;
  const ms = ({ eventTime }: typeof first): number => Number(eventTime!.seconds) * 1_000 + eventTime!.nanos! / 1e6;
  return { from: ms(first), to: ms(events!.at(-1)!) };
}

/** All runs of a DAG. */
async function listed(service: ApiCaller, dagId: string): Promise<Listed[]> {
  const found: Listed[] = [];
  let cursor = '';
  do {
    const { body, status } = await service.get(`/api/v1/runs?dagId=${dagId}&limit=200${cursor}`);
    if (status !== 200) return [];
    found.push(...body.items);
    cursor = body.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(body.nextCursor)}`;
  } while (cursor !== '');
  return found;
}
