import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/api-caller.js';
import { Cluster } from '../support/cluster.js';

const DAY_MS = 86_400_000;
const PAST = 12;
const MOST = 3;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const date = (daysAgo: number): string => `${new Date(today - daysAgo * DAY_MS).toISOString().slice(0, 19)}Z`;
const DATES = Array.from({ length: PAST }, (_, index) => date(PAST - 1 - index));
const DAG = `id: ledger
schedule: "@daily"
startDate: ${date(PAST).slice(0, 10)}
catchup: true
maxActiveRuns: ${MOST}
defaults: { heartbeatTimeout: 3s }
tasks:
  a: { type: activity, with: { name: work } }
`;

interface Listed {
  readonly runId: string;
  readonly state: string;
  readonly trigger: string;
  readonly execution: number;
  readonly logicalDate: string;
  readonly startedAt: string;
  readonly endedAt?: string;
}

describe('a past that is made up for', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(async () => cluster?.stop());

  it('has one run for each date, oldest first and no more than maxActiveRuns at once, when the service is killed in the middle', async () => {
    const first = await cluster.service();
    expect((await first.put(DAG)).status).toBe(201);
    const listed = async (service: typeof first): Promise<Listed[]> =>
      (await service.get('/api/v1/runs?dagId=ledger&limit=200')).body.items;
    await until(async () => (await listed(first)).filter(({ state }) => state === 'success').length >= 4);
    await first.kill();

    const second = await cluster.service();
    // Undefined where Temporal has not answered in time (503).
    const catchUp = async () => (await second.get('/api/v1/dags/ledger/schedule')).body.catchUp;
    await until(async () => (await catchUp())?.state === 'done', 90_000);
    await until(async () => (await listed(second)).filter(({ state }) => state === 'success').length === PAST, 60_000);
    const runs = (await listed(second)).sort((a, b) => (a.logicalDate < b.logicalDate ? -1 : 1));
    expect(runs.map(({ logicalDate }) => logicalDate)).toEqual(DATES);
    for (const { runId, trigger, execution } of runs) expect([runId, trigger, execution]).toEqual([runId, 'schedule', 1]);
    const spans = runs.map(({ startedAt, endedAt }) => ({ from: Date.parse(startedAt), to: Date.parse(endedAt!) }));
    for (const { from } of spans)
      expect(spans.filter((other) => other.from <= from && from < other.to).length).toBeLessThanOrEqual(MOST);
    // Those of one moment may begin in any order, later ones not before.
    for (let i = MOST; i < spans.length; i++) expect(spans[i]!.from).toBeGreaterThanOrEqual(spans[i - MOST]!.from);

    // Stored again it finds all of its dates run.
    expect((await second.put(`${DAG}  b: { type: noop }\n`)).status).toBe(200);
    expect((await listed(second)).length).toBe(PAST);
    await second.kill();
  });
});
